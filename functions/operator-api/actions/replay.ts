import * as z from 'zod';
import { DryRun, MAX_REPLAY, Reason, RequestedBy } from '../../../core/api/request.ts';
import { defineAction } from '../define-action.ts';
import { recorded } from '../letters/record.ts';
import { replayDeadLetters } from '../letters/replay.ts';

export const replay = defineAction({
  name: 'replay',
  title: 'Sends at most `max` messages of the dead-letter queues back to their origin; they lead to checks at most.',
  way: 'act',
  payload: z.strictObject({
    max: z.number().int().min(1).max(MAX_REPLAY).default(100),
    requestedBy: RequestedBy,
    reason: Reason.optional(),
    ...DryRun,
  }),
  preview: (deps, caller, { max, requestedBy: by }) => replayDeadLetters(deps, { ...caller, by }, { max, isDry: true }),
  perform: (deps, caller, { max, requestedBy: by, reason }) =>
    recorded(deps, { action: 'replay', by, reason, ...caller }, () =>
      replayDeadLetters(deps, { ...caller, by }, { max, isDry: false }),
    ),
});
