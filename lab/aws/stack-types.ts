import type { FunctionContext, LabFunction } from '../lambda/function.ts';
import type { Alarms } from './alarms.ts';
import type { TableStore } from './dynamodb-tables.ts';
import type { EventBuses } from './event-bus.ts';
import type { Faults } from './faults.ts';
import type { PolicyDocument, Principal } from './iam.ts';
import type { LogGroups } from './logs.ts';
import type { QueueStore } from './queue-store.ts';
import type { Topics } from './sns.ts';
import type { DocumentStore } from './ssm-documents.ts';

/** The stores to which a stack adds its resources. */
export type StackWorld = FunctionContext & {
  readonly queues: QueueStore;
  readonly tables: TableStore;
  readonly buses: EventBuses;
  readonly topics: Topics;
  readonly logGroups: LogGroups;
  readonly alarms: Alarms;
  readonly documents: DocumentStore;
  readonly faults: Faults;
};

/** A deployed function with its synchronous and asynchronous invocation. */
export type DeployedFunction = {
  readonly fn: LabFunction;
  readonly invokeAsync: (payload: string, qualifier?: string) => string;
  readonly role: Principal;
};

/** A deployed stack. */
export type DeployedStack = {
  /** By name. */
  readonly functions: ReadonlyMap<string, DeployedFunction>;
  /** The ARNs of the functions' aliases, all of which follow `$LATEST`. */
  readonly aliases: ReadonlySet<string>;
  /** The stack's managed policies, by ARN. */
  readonly managedPolicies: ReadonlyMap<string, PolicyDocument>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Its resources with an effect in the lab, by type and name. */
  readonly resources: ReadonlyMap<string, StackResource>;
  /** Stops polling queues. */
  readonly stopSources: () => void;
};

/** A resource as it was deployed. */
export type StackResource = {
  readonly type: string;
  readonly ref: string;
  readonly arn: string;
  /** Its resolved properties as JSON. */
  readonly text: string;
};

/** An update of a deployed stack: the stack, and the pause between two steps. */
export type StackUpdate = { readonly previous: DeployedStack; readonly pause: () => Promise<void> };
