import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { FunctionName } from '../bundle.ts';

/** The principals that may use a queue; all others are denied, whatever their own policies allow. */
type QueueUsers = {
  /** The roles that send to it: functions, also where Lambda sends the events on which a function has failed. */
  readonly senders: readonly iam.IRole[];
  /** The rules that send to it. */
  readonly rules?: readonly events.IRule[];
  /** The queue whose dead letters it gets. */
  readonly deadLettersOf?: sqs.IQueue;
  /** The roles that delete its messages. */
  readonly takers: readonly iam.IRole[];
  /** Whether people may look at its messages: at those of a dead-letter queue, to find the cause. */
  readonly readable: boolean;
};

const TAKING = ['sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:PurgeQueue'];

/**
 * Denies a queue to everybody else. Within an account an identity policy is enough to allow a call, and a message that a stranger
 * sends has the trust of those who may. A key that a request lacks differs from every value.
 */
const denyStrangers = (
  queue: sqs.IQueue,
  { senders, rules = [], deadLettersOf, takers, readable }: QueueUsers,
): void => {
  const deny = (sid: string, actions: readonly string[], roles: readonly iam.IRole[], sources: readonly string[]) =>
    queue.addToResourcePolicy(
      new iam.PolicyStatement({
        sid,
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: [...actions],
        resources: [queue.queueArn],
        // Each of the keys must differ.
        conditions: {
          ArnNotEquals: {
            ...(roles.length === 0 ? {} : { 'aws:PrincipalArn': roles.map(({ roleArn }) => roleArn) }),
            ...(sources.length === 0 ? {} : { 'aws:SourceArn': [...sources] }),
          },
        },
      }),
    );
  const sources = rules.map(({ ruleArn }) => ruleArn);
  deny('OnlyItsSenders', ['sqs:SendMessage'], senders, [
    ...sources,
    ...(deadLettersOf === undefined ? [] : [deadLettersOf.queueArn]),
  ]);
  deny('OnlyItsFunction', readable ? TAKING : ['sqs:ReceiveMessage', ...TAKING], takers, []);
};

type InboxName = 'signals' | 'progress' | 'lanes';
/** A dead-letter queue: of an inbox, of a function, or of the rules. */
export type DeadName =
  | InboxName
  | 'rules'
  | 'log-classifier'
  | 'operator-api'
  | 'scheduler'
  | 'run-controller'
  | 'notifier';

/** The queues of the stack, and all that may use them. */
export type ClosedQueues = {
  readonly inboxes: Readonly<Record<InboxName, sqs.IQueue>>;
  readonly dead: Readonly<Record<DeadName, sqs.IQueue>>;
  readonly rules: {
    readonly signals: readonly events.IRule[];
    readonly progress: readonly events.IRule[];
    /** Every rule: what EventBridge cannot deliver goes to their dead-letter queue. */
    readonly all: readonly events.IRule[];
  };
  readonly functions: ReadonlyMap<FunctionName, { readonly role: iam.IRole }>;
};

/**
 * Closes every queue to strangers. People act through operator-api, which marks what it sends
 * (functions/adapters/messaging/replay-mark.ts); they may look at dead letters.
 */
export const closeQueues = ({ inboxes, dead, rules, functions }: ClosedQueues): void => {
  const roleOf = (name: FunctionName): iam.IRole => {
    const made = functions.get(name);
    if (made === undefined) throw new Error(`closing the queues: the stack has no function ${name}`);
    return made.role;
  };
  const inbox = (
    name: InboxName,
    worker: FunctionName,
    senders: readonly FunctionName[],
    own: readonly events.IRule[],
  ) =>
    denyStrangers(inboxes[name], {
      senders: senders.map(roleOf),
      rules: own,
      takers: [roleOf(worker)],
      readable: false,
    });
  inbox('signals', 'signal-intake', ['operator-api'], rules.signals);
  inbox('progress', 'command-tracker', ['run-controller', 'operator-api'], rules.progress);
  const wakers = ['signal-intake', 'operator-api', 'scheduler', 'command-tracker', 'run-controller'] as const;
  inbox('lanes', 'run-controller', wakers, []);

  const letters = (name: DeadName, rest: Pick<QueueUsers, 'senders' | 'rules' | 'deadLettersOf'>) =>
    denyStrangers(dead[name], { ...rest, takers: [roleOf('operator-api')], readable: true });
  letters('rules', { senders: [], rules: rules.all });
  for (const name of ['log-classifier', 'operator-api', 'scheduler', 'run-controller', 'notifier'] as const)
    letters(name, { senders: [roleOf(name)] });
  letters('signals', { senders: [roleOf('signal-intake')], deadLettersOf: inboxes.signals });
  letters('progress', { senders: [roleOf('command-tracker')], deadLettersOf: inboxes.progress });
  letters('lanes', { senders: [], deadLettersOf: inboxes.lanes });
};
