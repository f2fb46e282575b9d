import type { AskAws } from '../aws/ask-aws.ts';
import type { Stack } from '../aws/connection.ts';
import type { Clock } from '../output/times.ts';

/** One thing that was looked at in the account. */
export type AwsFinding = {
  readonly check: 'documents' | 'log groups' | 'agent' | 'node roles' | 'heartbeat' | 'CloudTrail' | 'not seen';
  readonly level: 'ok' | 'warning' | 'error';
  readonly text: string;
};

/** By what an account is looked at. */
export type Look = {
  readonly ask: AskAws;
  readonly stack: Stack;
  readonly clock: Clock;
  readonly now: Date;
};
