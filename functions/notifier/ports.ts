import type { Send } from '../../core/api/notice.ts';
import type { AskSummary } from '../adapters/lambda/ask-summary.ts';
import type { Topic } from '../adapters/messaging/topic.ts';
import type { Sleep } from '../adapters/sleep.ts';
import type { ThreadStore } from '../adapters/table/thread-store.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';

/** The ports of notifier. */
export type NotifierPorts = {
  /** For mails and machines. */
  readonly topic: Topic;
  /** For a chat; undefined where the configuration wants none. */
  readonly chat: Topic | undefined;
  readonly threads: ThreadStore;
  readonly askSummary: AskSummary;
  readonly send: Send;
  readonly stackName: string;
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
  readonly wait: Sleep;
};
