import * as z from 'zod';
import { DryRun, MAX_REPLAY, Reason, RequestedBy } from '../../../core/api/request.ts';
import { defineAction } from '../define-action.ts';
import { discardDeadLetters } from '../letters/discard.ts';
import { recorded } from '../letters/record.ts';

const MessageId = z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'not the id of a message');

export const discard = defineAction({
  name: 'discard',
  title: 'Deletes messages of one dead-letter queue, or messages by id, for good, and counts them by kind.',
  way: 'act',
  payload: z.strictObject({
    queue: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,80}(?:\.fifo)?$/, 'not the name of a queue')
      .optional(),
    messageIds: z.array(MessageId).min(1).max(MAX_REPLAY).optional(),
    max: z.number().int().min(1).max(MAX_REPLAY).default(MAX_REPLAY),
    requestedBy: RequestedBy,
    reason: Reason,
    ...DryRun,
  }),
  preview: (deps, _caller, { requestedBy, reason, ...which }) => discardDeadLetters(deps, { ...which, isDry: true }),
  perform: (deps, caller, { requestedBy: by, reason, ...which }) =>
    recorded(deps, { action: 'discard', by, reason, ...caller }, () =>
      discardDeadLetters(deps, { ...which, isDry: false }),
    ),
});
