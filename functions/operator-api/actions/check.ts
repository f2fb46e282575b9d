import * as z from 'zod';
import { DryRun, InstanceIds, Reason, RemediationName, RequestedBy, RequestId } from '../../../core/api/request.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { defineAction } from '../define-action.ts';
import { previewOfRequest, start } from '../start.ts';

/** Without `remediation`, the check of every remediation runs. */
export const check = defineAction({
  name: 'check',
  title: 'Starts a check of a cluster or of some of its nodes. A check changes nothing on a node.',
  way: 'stop',
  payload: z.strictObject({
    cluster: ClusterName,
    remediation: RemediationName.optional(),
    instanceIds: InstanceIds.optional(),
    requestedBy: RequestedBy,
    reason: Reason.optional(),
    requestId: RequestId.optional(),
    ...DryRun,
  }),
  perform: (deps, caller, request) => start(deps, caller, { action: 'check', ...request }),
  preview: (deps, _caller, request) => previewOfRequest(deps, { action: 'check', ...request }),
});
