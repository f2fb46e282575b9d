import { fnv1a } from './hash.ts';
import type { ReasonBase } from './reasons.ts';

/**
 * Nodes that fleetmend names and cannot repair. They are outcomes (`Unsupported`) and no faults: no remediation answers for
 * them, and no signal may claim one.
 */
export const UNSUPPORTED = {
  AutoModeNode: {
    severity: 'Info',
    scope: 'node-local',
    // Source: EKS user guide, automode: "prevents direct access to the nodes by disallowing SSH or SSM access".
    cause: 'EKS Auto Mode forbids SSM on its nodes: no document can run there',
    advice: 'replace the node: delete its NodeClaim or terminate the instance, and EKS makes another',
  },
  BottlerocketNode: {
    severity: 'Info',
    scope: 'node-local',
    cause: "Run Command does not reach the host of a Bottlerocket node: SSM's agent runs in its control container",
    // Source: bottlerocket-os, since v1.21.0 every start of kubelet loads and pins the pause image.
    advice:
      'restart kubelet from the admin container, which loads the pause image again (Bottlerocket 1.21 and later), or replace the node',
  },
  WindowsNode: {
    severity: 'Info',
    scope: 'node-local',
    cause: 'Run Command does not reach a Windows node with shell scripts, and its pause image cannot be pulled again',
    advice: 'replace the node',
  },
  PlatformUnsupported: {
    severity: 'Info',
    scope: 'node-local',
    cause: "SSM does not say that the node's system is Linux: no document was run",
    advice: 'see DescribeInstanceInformation for the node, update its SSM agent, or replace the node',
  },
  FargateNode: {
    severity: 'Info',
    scope: 'node-local',
    cause: 'Fargate pods have no EC2 instance and no SSM agent: there is nothing that could be repaired',
    advice: 'delete the pod: the next one gets a new node; if that fails too, ask AWS support',
  },
  HybridNode: {
    severity: 'Info',
    scope: 'node-local',
    cause:
      'a hybrid node is no EC2 instance: no EC2 tag proves that it belongs to the cluster, so no document is sent to it',
    advice: 'repair it where it stands, as the documents do it (docs/remediations.md), or join it again with nodeadm',
  },
} as const satisfies Readonly<Record<string, ReasonBase>>;

/** Why a node is not supported: a name of {@link UNSUPPORTED}. */
export type UnsupportedReason = keyof typeof UNSUPPORTED;
/** The kinds of nodes that no EC2 instance stands behind. */
export type UnsupportedKind = Extract<UnsupportedReason, 'FargateNode' | 'HybridNode'>;

/** The kind of an unsupported node, by its id; undefined for an EC2 instance. */
export const unsupportedKindOf = (nodeId: string): UnsupportedKind | undefined => {
  if (nodeId.startsWith('fargate-')) return 'FargateNode';
  return nodeId.startsWith('mi-') || nodeId.startsWith('hybrid-nodes/') ? 'HybridNode' : undefined;
};

/** A node that no EC2 instance stands behind is told of once in so long a time, however often signals name it. */
export const BEYOND_EC2_TOLD_SECONDS = 86_400;

/** A sweep writes a row for an unsupported node in about one hour of 24, because the rows are the cost of a sweep. */
const HOURS_PER_ROW = 24;

/** Whether a sweep writes this unsupported node down in this hour; it always counts it. */
export const isSweepRecording = (nodeId: string, now: string): boolean =>
  fnv1a(`${nodeId} ${now.slice(0, 13)}`) % HOURS_PER_ROW === 0;
