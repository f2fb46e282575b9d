import * as z from 'zod';
import { defineSignal } from '../define-signal.ts';
import { ADDON_OF_PODS, CNI_ADDON, changeOf, SETTLING, textAt } from '../eks.ts';
import type { Envelope } from '../types.ts';
import { malformed } from '../types.ts';

/** Add-on events that may leave nodes broken, with the reason of the check that follows. */
const REASONS: Readonly<Record<string, string>> = {
  'EKS Addon Health Degraded': 'AddonDegraded',
  'EKS Addon Creation Failed': 'AddonCreationFailed',
  'EKS Addon Update Failed': 'AddonUpdateFailed',
  'EKS Addon Update Succeeded': 'AddonUpdated',
};

/** `arn:…:eks:region:account:addon/<cluster>/<add-on>/<id>`. Source: service authorization reference of EKS. */
const ADDON_ARN = /^arn:[a-z-]+:eks:[a-z0-9-]*:\d*:addon\/([^/]+)\/([^/]+)(?:\/|$)/;
const CLUSTER_ARN = /^arn:[a-z-]+:eks:[a-z0-9-]*:\d*:cluster\/([^/]+)$/;

type Subject = { readonly cluster: string | undefined; readonly addon: string | undefined };

/**
 * The cluster and the add-on that an event is about. AWS publishes no example of the detail, so both are read from the
 * ARNs, or from the field names of the EKS API.
 */
const subjectOf = (detail: Readonly<Record<string, unknown>>, { resources }: Envelope): Subject => {
  const arns = [...resources, ...Object.values(detail).filter((value) => typeof value === 'string')];
  const [, byArn, addonByArn] = arns.map((arn) => ADDON_ARN.exec(arn)).find((match) => match !== null) ?? [];
  const byClusterArn = arns.map((arn) => CLUSTER_ARN.exec(arn)?.[1]).find((name) => name !== undefined);
  return {
    cluster: byArn ?? byClusterArn ?? textAt(detail, 'clusterName', 'cluster-name', 'cluster'),
    addon: addonByArn ?? textAt(detail, 'addonName', 'addon-name', 'addon'),
  };
};

/** Events about EKS add-ons. */
export const addons = defineSignal({
  name: 'addons',
  title: 'An EKS add-on is degraded, failed to be created or updated, or was updated.',
  documentation: 'https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-eks.html',
  bus: 'default',
  detailTypes: Object.keys(REASONS),
  otherDetailTypes: 'EKS Addon ',
  sources: ['aws.eks'],
  repairSources: [],
  configKey: 'eks',
  checkReasons: [],
  ignored: {
    EksAddonHealthy: 'The event about the add-on reports no fault and no change of a node.',
    EksAddonOfPods: ADDON_OF_PODS,
  },
  ways: [
    {
      when: 'An add-on is degraded or failed, or vpc-cni was updated.',
      leadsTo: 'a check of the cluster',
      delay: SETTLING,
      cost: 'none: events of AWS services are free',
    },
  ],
  detail: z.record(z.string(), z.unknown()),
  read: (detail, envelope, settings) => {
    const detailType = envelope['detail-type'];
    const reason = Object.hasOwn(REASONS, detailType) ? REASONS[detailType] : undefined;
    if (reason === undefined) return { kind: 'ignored', reason: 'EksAddonHealthy' };
    const { cluster, addon } = subjectOf(detail, envelope);
    if (cluster === undefined) {
      return malformed('resources', 'no ARN of an add-on or a cluster, and no detail.clusterName');
    }
    // A success changes nodes only where the add-on writes their CNI files; a failure of any add-on may come from the nodes.
    if (reason === 'AddonUpdated' && addon !== undefined && addon !== CNI_ADDON) {
      return { kind: 'ignored', reason: 'EksAddonOfPods' };
    }
    return changeOf(cluster, reason, settings);
  },
});
