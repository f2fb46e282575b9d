import * as z from 'zod';
import { DryRun, InstanceIds, Reason, RemediationName, RequestedBy, RequestId } from '../../../core/api/request.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { defineAction } from '../define-action.ts';
import { previewOfRequest, start } from '../start.ts';

export const repair = defineAction({
  name: 'repair',
  title: 'Starts a repair of a cluster or of some of its nodes by one remediation, where the policy allows it.',
  way: 'act',
  payload: z.strictObject({
    cluster: ClusterName,
    remediation: RemediationName,
    instanceIds: InstanceIds.optional(),
    requestedBy: RequestedBy,
    reason: Reason,
    requestId: RequestId.optional(),
    ...DryRun,
  }),
  perform: (deps, caller, request) => start(deps, caller, { action: 'repair', ...request }),
  preview: (deps, _caller, request) => previewOfRequest(deps, { action: 'repair', ...request }),
});
