import * as z from 'zod';
import { defineSignal } from '../define-signal.ts';
import { ADDON_OF_PODS, CNI_ADDON, changeOf, SETTLING, textAt } from '../eks.ts';
import { malformed } from '../types.ts';

/** API calls that change nodes, with the reason of the check that follows. */
const OF_NODES: Readonly<Record<string, string>> = {
  CreateNodegroup: 'NodegroupCreated',
  UpdateNodegroupConfig: 'NodegroupUpdated',
  UpdateNodegroupVersion: 'NodegroupUpdated',
  UpdateClusterVersion: 'ClusterUpdated',
};

/** API calls that change nodes only where the add-on is the CNI. */
const OF_ADDONS: Readonly<Record<string, string>> = { CreateAddon: 'AddonCreated', UpdateAddon: 'AddonUpdated' };

const REASONS: Readonly<Record<string, string>> = { ...OF_NODES, ...OF_ADDONS };

/** EKS API calls as a CloudTrail trail records them. */
export const eksCalls = defineSignal({
  name: 'eks-calls',
  title: 'An EKS API call changes a node group, a cluster version or the CNI add-on.',
  documentation: 'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html',
  bus: 'default',
  detailTypes: ['AWS API Call via CloudTrail'],
  sources: ['aws.eks'],
  repairSources: [],
  configKey: 'eks',
  detailPattern: () => ({
    // A prefix, because some services add the domain of China there.
    eventSource: [{ prefix: 'eks.amazonaws.com' }],
    errorCode: [{ exists: false }],
    $or: [
      { eventName: Object.keys(OF_NODES) },
      { eventName: Object.keys(OF_ADDONS), requestParameters: { addonName: [CNI_ADDON] } },
    ],
  }),
  checkReasons: [],
  ignored: {
    NotAnEksCall: 'The call is not a call of the EKS API.',
    EksCallFailed: 'The call failed and changed nothing.',
    EksCallOfNoNode: 'The call changes no node.',
    EksAddonOfPods: ADDON_OF_PODS,
  },
  ways: [
    {
      when: 'A call changes a node group, the version of a cluster, or vpc-cni.',
      event: [...Object.keys(OF_NODES), ...Object.keys(OF_ADDONS).map((call) => `${call} of vpc-cni`)].join(', '),
      leadsTo: 'a check of the cluster',
      delay: SETTLING,
      cost: 'none, but the Region needs a CloudTrail trail with management events',
    },
  ],
  detail: z.object({
    eventSource: z.string().max(256),
    eventName: z.string().max(256),
    errorCode: z.string().optional(),
    requestParameters: z.record(z.string(), z.unknown()).nullish(),
  }),
  read: ({ eventSource, eventName, errorCode, requestParameters }, _envelope, settings) => {
    if (!/^eks\.amazonaws\.com(?:\.cn)?$/.test(eventSource)) return { kind: 'ignored', reason: 'NotAnEksCall' };
    if (errorCode !== undefined) return { kind: 'ignored', reason: 'EksCallFailed' };
    const reason = Object.hasOwn(REASONS, eventName) ? REASONS[eventName] : undefined;
    if (reason === undefined) return { kind: 'ignored', reason: 'EksCallOfNoNode' };
    const parameters = requestParameters ?? {};
    if (Object.hasOwn(OF_ADDONS, eventName) && textAt(parameters, 'addonName') !== CNI_ADDON) {
      return { kind: 'ignored', reason: 'EksAddonOfPods' };
    }
    // A record has the parameters as the API's URI names them: `name` is the cluster. Source: EKS API reference.
    const cluster = textAt(parameters, 'name', 'clusterName');
    if (cluster === undefined) {
      return malformed('detail.requestParameters.name', 'missing: the call names no cluster');
    }
    return changeOf(cluster, reason, settings);
  },
});
