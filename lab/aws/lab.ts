import type { LabNode } from '../node.ts';
import type { Alarms } from './alarms.ts';
import type { CfnTemplate } from './cfn-template.ts';
import type { LabClock, SettleLimits } from './clock.ts';
import type { EcrImages } from './ecr.ts';
import type { EksState } from './eks.ts';
import type { NewEvent } from './event-bus.ts';
import type { Faults } from './faults.ts';
import type { Credentials, DecisionListener, Iam, PolicyDocument, Principal } from './iam.ts';
import type { CallRecord, LabEventListener } from './lab-event.ts';
import type { LogLine } from './logs.ts';
import type { NodeRegistry } from './nodes.ts';
import type { PartitionLoad } from './partition-load.ts';
import type { Queue, QueueMessage } from './queue-types.ts';
import type { Random } from './random.ts';
import type { Settled } from './settle.ts';
import type { Notification } from './sns.ts';
import type { CommandEngine } from './ssm-commands.ts';

/** Options of `bootLab`. */
export type LabOptions = {
  /** The folder that `cdk synth` wrote. */
  readonly assembly: string;
  readonly stackName: string;
  readonly nodes?: readonly LabNode[];
  /** Lab seconds per wall second (1), whether to skip idle time (false), the start. Ignored where `clock` is given. */
  readonly speed?: number;
  readonly skipIdle?: boolean;
  /** An existing clock, where simulated nodes need it first. */
  readonly clock?: LabClock;
  /** Changes to the default faults. */
  readonly faults?: Partial<Faults>;
  readonly seed?: number;
  readonly account?: string;
  readonly region?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Changes the template before it is deployed, for example to remove a permission or to shorten a schedule. */
  readonly edit?: (template: CfnTemplate) => CfnTemplate;
  /** Called for every decision of IAM, with the principal, the request and the answer. */
  readonly onDecision?: DecisionListener;
  /** Processes of one function at once: this machine's limit (4). */
  readonly maxEnvironments?: number;
};

/** A running lab. */
export type Lab = {
  readonly endpointUrl: string;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly clock: LabClock;
  readonly now: () => number;
  readonly random: Random;
  /** Runs a function and returns its parsed answer; rejects with the function's error. */
  readonly invoke: (functionName: string, payload: unknown) => Promise<unknown>;
  readonly invokeAsync: (functionName: string, payload: unknown) => void;
  readonly putLogEvents: (group: string, stream: string, lines: readonly (string | LogLine)[]) => Promise<void>;
  /** Puts an event on a bus by name (`default` if omitted), as AWS itself: no access is checked. */
  readonly putEvent: (event: NewEvent, bus?: string) => string;
  /** CloudWatch's alarms of the stack, and the metrics that Container Insights would put. */
  readonly alarms: Pick<Alarms, 'putMetric' | 'setState' | 'stateOf' | 'states'>;
  readonly calls: readonly CallRecord[];
  readonly faults: Faults;
  readonly queues: {
    readonly all: () => readonly Queue[];
    readonly depth: (name: string) => { readonly visible: number; readonly inFlight: number; readonly delayed: number };
    readonly messages: (name: string) => readonly QueueMessage[];
    /** All messages in dead-letter queues: by redrive policies, rules and functions, by queue name. */
    readonly deadLetters: () => Readonly<Record<string, readonly QueueMessage[]>>;
  };
  /** The load of each partition key value of tables and indexes; the busiest first, by writes in a second. */
  readonly tableLoad: () => readonly PartitionLoad[];
  readonly nodes: NodeRegistry;
  readonly commands: CommandEngine;
  readonly eks: EksState;
  readonly ecrImages: EcrImages;
  readonly notifications: readonly Notification[];
  readonly functionLogs: (functionName: string) => readonly string[];
  readonly functionNames: () => readonly string[];
  /** The session of a function's role that its code calls as; `iam.issue` makes credentials of it. */
  readonly roleOf: (functionName: string) => Principal;
  readonly outputs: Readonly<Record<string, string>>;
  /**
   * Deploys another assembly, or an edited template, to the stack while work is in flight, in CloudFormation's order; a
   * rollback is a deployment of the old one. `edit` of the options is not applied again.
   */
  readonly deploy: (next?: Partial<Pick<LabOptions, 'assembly' | 'edit'>>) => Promise<void>;
  /** Calls the listener for every event of the lab; returns a function that removes it. */
  readonly onEvent: (listener: LabEventListener) => () => void;
  /** Resolves when no message, invocation, command or timer but the schedules' is outstanding. */
  readonly idle: () => Promise<void>;
  /**
   * Like idle, but skips idle time (visibility timeouts, running documents, retries), for at most 48 hours of lab time or 10
   * minutes of the wall's: a message that comes back for ever would never settle. Says what is still due then.
   */
  readonly settle: (limits?: SettleLimits) => Promise<Settled>;
  /** Skips this much lab time, including schedules, as fast as the work in it allows. */
  readonly advance: (ms: number) => Promise<void>;
  /** Credentials of a user with these policies; without policies, of an administrator. */
  readonly credentialsFor: (user: string, policies?: readonly PolicyDocument[]) => Credentials;
  /** The process environment with which the SDK or the AWS CLI acts as that user. */
  readonly environmentFor: (user: string, policies?: readonly PolicyDocument[]) => Readonly<Record<string, string>>;
  /** A managed policy of the stack, by its ARN. */
  readonly managedPolicy: (arn: string) => PolicyDocument;
  readonly iam: Iam;
  readonly stop: () => Promise<void>;
};
