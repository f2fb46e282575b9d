import * as z from 'zod';
import { MAX_REPLAY, Reason, RequestedBy } from '../../../core/api/request.ts';
import { defineAction } from '../define-action.ts';
import { replayDeadLetters } from '../replay.ts';

export const replay = defineAction({
  name: 'replay',
  title: 'Returns at most `max` messages of the dead-letter queues (100 by default); signals become checks.',
  payload: z.strictObject({
    max: z.number().int().min(1).max(MAX_REPLAY).default(100),
    requestedBy: RequestedBy,
    reason: Reason.optional(),
  }),
  perform: (deps, _caller, { max }) => replayDeadLetters(deps, max),
});
