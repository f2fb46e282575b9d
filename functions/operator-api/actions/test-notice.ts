import * as z from 'zod';
import { DryRun, Reason, RequestedBy } from '../../../core/api/request.ts';
import { defined } from '../../../core/model/defined.ts';
import { NOTICE_SOURCE, TEST_NOTICE } from '../../../events/rules.ts';
import { defineAction } from '../define-action.ts';

export const testNotice = defineAction({
  name: 'test-notice',
  title: 'Sends a notice that asks for nothing to everybody who subscribes to the notices, and answers with its id.',
  way: 'act',
  payload: z.strictObject({ requestedBy: RequestedBy, reason: Reason.optional(), ...DryRun }),
  preview: async (_deps, _caller, { requestedBy: by, reason }) => ({ notice: { by, ...defined({ reason }) } }),
  perform: async (deps, _caller, { requestedBy: by, reason }) => {
    const noticeId = deps.newId();
    const notice = { by, ...defined({ reason }) };
    const message = 'This is a test of the notices of fleetmend. Nothing is wrong, and there is nothing to do.';
    await deps.bus.put([{ source: NOTICE_SOURCE, detailType: TEST_NOTICE, detail: { noticeId, message, ...notice } }]);
    return { noticeId, notice };
  },
});
