import * as z from 'zod';
import { ClusterName } from '../model/ids.ts';
import { type Envelope, refusal, refused, type SignalOptions, type SignalReading } from './types.ts';

/** How the detail-types of EKS's add-on events begin. Source: EventBridge events reference, Amazon EKS. */
export const ADDON_EVENT_PREFIX = 'EKS Addon ';
/** Detail-type of API calls that a CloudTrail trail records. */
export const API_CALL = 'AWS API Call via CloudTrail';

/** The add-on whose pods write the node's CNI files. */
export const CNI_ADDON = 'vpc-cni';

/** Add-on news that may leave nodes broken, with the `why` of the check that follows. */
export const ADDON_EVENTS: Readonly<Record<string, string>> = {
  'EKS Addon Health Degraded': 'AddonDegraded',
  'EKS Addon Creation Failed': 'AddonCreationFailed',
  'EKS Addon Update Failed': 'AddonUpdateFailed',
  'EKS Addon Update Succeeded': 'AddonUpdated',
};

/** API calls that change nodes or their add-ons, with the `why` of the check that follows. */
export const API_CALLS: Readonly<Record<string, string>> = {
  CreateNodegroup: 'NodegroupCreated',
  UpdateNodegroupConfig: 'NodegroupUpdated',
  UpdateNodegroupVersion: 'NodegroupUpdated',
  UpdateClusterVersion: 'ClusterUpdated',
  CreateAddon: 'AddonCreated',
  UpdateAddon: 'AddonUpdated',
};
/** Of the API calls, those that concern nodes only where the add-on is the CNI. */
export const OF_ADDONS: ReadonlySet<string> = new Set(['CreateAddon', 'UpdateAddon']);

/** `arn:…:eks:region:account:addon/<cluster>/<add-on>/<id>`. Source: service authorization reference of EKS. */
const ADDON_ARN = /^arn:[a-z-]+:eks:[a-z0-9-]*:\d*:addon\/([^/]+)\/([^/]+)(?:\/|$)/;
const CLUSTER_ARN = /^arn:[a-z-]+:eks:[a-z0-9-]*:\d*:cluster\/([^/]+)$/;

const textAt = (record: Readonly<Record<string, unknown>>, ...keys: readonly string[]): string | undefined =>
  keys.map((key) => record[key]).find((value): value is string => typeof value === 'string');

const settled = (
  { id, source, time }: Envelope,
  cluster: string,
  why: string,
  { settleSeconds }: SignalOptions,
): SignalReading => {
  if (!ClusterName.safeParse(cluster).success)
    return refused('detail', 'the cluster that it names is not a cluster name');
  return { ok: true, signal: { kind: 'cluster', cluster, why, settleSeconds, source, id, time } };
};

const ignored = ({ id, source, time }: Envelope, why: string): SignalReading => ({
  ok: true,
  signal: { kind: 'ignored', why, source, id, time },
});

/**
 * Reads EKS's add-on events. AWS publishes no example of their detail, so cluster and add-on are looked for in the ARN
 * under `resources` and in the names that EKS's API uses.
 */
export const readAddonEvent = (envelope: Envelope, options: SignalOptions): SignalReading => {
  const { detail, resources } = envelope;
  const detailType = envelope['detail-type'];
  const why = Object.hasOwn(ADDON_EVENTS, detailType) ? ADDON_EVENTS[detailType] : undefined;
  if (why === undefined) return ignored(envelope, 'EksAddonHealthy');
  const arns = [...resources, ...Object.values(detail).filter((value) => typeof value === 'string')];
  const [, byArn, addonByArn] = arns.map((arn) => ADDON_ARN.exec(arn)).find((match) => match !== null) ?? [];
  const byClusterArn = arns.map((arn) => CLUSTER_ARN.exec(arn)?.[1]).find((name) => name !== undefined);
  const cluster = byArn ?? byClusterArn ?? textAt(detail, 'clusterName', 'cluster-name', 'cluster');
  const addon = addonByArn ?? textAt(detail, 'addonName', 'addon-name', 'addon');
  if (cluster === undefined) return refused('resources', 'no ARN of an add-on or a cluster, and no detail.clusterName');
  // A success changes nodes only where the add-on writes their CNI files; a failure of any add-on may be the nodes' fault.
  if (why === 'AddonUpdated' && addon !== undefined && addon !== CNI_ADDON) return ignored(envelope, 'EksAddonOfPods');
  return settled(envelope, cluster, why, options);
};

const ApiCall = z.object({
  eventSource: z.string().max(256),
  eventName: z.string().max(256),
  errorCode: z.string().optional(),
  requestParameters: z.record(z.string(), z.unknown()).nullish(),
});

/** Reads EKS API calls as CloudTrail records them; those that failed, or that change no node, are not news. */
export const readApiCall = (envelope: Envelope, options: SignalOptions): SignalReading => {
  const parsed = ApiCall.safeParse(envelope.detail);
  if (!parsed.success) return refusal(parsed.error, ['detail']);
  const { eventSource, eventName, errorCode, requestParameters } = parsed.data;
  if (!/^eks\.amazonaws\.com(?:\.cn)?$/.test(eventSource)) return ignored(envelope, 'NotAnEksCall');
  if (errorCode !== undefined) return ignored(envelope, 'EksCallFailed');
  const why = Object.hasOwn(API_CALLS, eventName) ? API_CALLS[eventName] : undefined;
  if (why === undefined) return ignored(envelope, 'EksCallOfNoNode');
  const asked = requestParameters ?? {};
  if (OF_ADDONS.has(eventName) && textAt(asked, 'addonName') !== CNI_ADDON) return ignored(envelope, 'EksAddonOfPods');
  // A record has the parameters as the API's URI names them: `name` is the cluster. Source: EKS API reference.
  const cluster = textAt(asked, 'name', 'clusterName');
  if (cluster === undefined) return refused('detail.requestParameters.name', 'missing: the call names no cluster');
  return settled(envelope, cluster, why, options);
};
