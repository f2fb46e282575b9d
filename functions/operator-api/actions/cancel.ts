import * as z from 'zod';
import { Reason, RequestedBy, RunId } from '../../../core/api/request.ts';
import { wakeOf } from '../../../core/model/wake.ts';
import { PermanentError } from '../../runtime/errors.ts';
import { defineAction } from '../define-action.ts';

export const cancel = defineAction({
  name: 'cancel',
  title: 'Cancels a run that has not ended: run-controller sends no more of its commands.',
  payload: z.strictObject({ runId: RunId, requestedBy: RequestedBy, reason: Reason }),
  perform: async (deps, caller, { runId, requestedBy, reason }) => {
    const run = await deps.runs.get(runId);
    if (run === undefined) {
      throw new PermanentError(`field runId: there is no run ${runId}; list them with audit-query, query runs`);
    }
    const { status } = run;
    if (status === 'ended') return { runId, status, cancelled: false };
    await deps.requests.requestCancel({ runId, at: deps.now().toISOString(), by: requestedBy, reason, ...caller });
    await deps.wakes.wake([wakeOf(run)]);
    return { runId, status, cancelled: true };
  },
});
