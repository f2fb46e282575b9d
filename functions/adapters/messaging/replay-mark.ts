/** The source of a pending node that comes from a dead letter. */
export const REPLAY_SOURCE = 'fleetmend.replay';

/**
 * The message attribute by which operator-api marks a letter that it sends back. The target of an EventBridge rule cannot set
 * message attributes, and the policy of the queue of signals lets only rules and operator-api send (infra/constructs/queues.ts).
 * So an event's sender cannot forge the mark, which frees a letter from the budget of its source and caps its trust at a check.
 */
export const REPLAY_MARK = 'fleetmend-replay';

/** A message of an event source mapping, as far as the mark needs it. */
type Marked = { readonly messageAttributes?: Readonly<Record<string, unknown>> | undefined };

/** Whether `replay` sent this message. */
export const isReplayed = ({ messageAttributes }: Marked): boolean =>
  messageAttributes !== undefined && Object.hasOwn(messageAttributes, REPLAY_MARK);
