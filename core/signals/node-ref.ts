import { ClusterName, HybridId, InstanceId, NodeId } from '../model/ids.ts';
import type { UnsupportedKind } from '../model/unsupported.ts';

/** A node as a signal names it; a private DNS name is resolved by EC2's filter `private-dns-name`. */
export type NodeRef =
  | { readonly kind: 'instance-id'; readonly id: string }
  | { readonly kind: 'private-dns'; readonly name: string };

/** A signal's text for a node, read. `unsupported` is a node that fleetmend records but cannot repair. */
export type NodeRefReading =
  | { readonly kind: 'node'; readonly node: NodeRef }
  | {
      readonly kind: 'unsupported';
      readonly nodeKind: UnsupportedKind;
      /** As audit rows name it ({@link NodeId}). */
      readonly nodeId: string;
      /** A hybrid node's provider id contains its cluster. */
      readonly cluster?: string;
    }
  | { readonly kind: 'unreadable'; readonly message: string };

/** Source: Kubernetes, names of nodes are DNS subdomains; EC2 gives instances host names of at most 253 characters. */
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
/** `spec.providerID` of an EC2 node. Source: kubernetes/cloud-provider-aws, `aws:///<zone>/<instance id>`. */
const PROVIDER_ID = /^aws:\/\/\/?[a-z0-9-]*\/([^/]+)$/;
/** `spec.providerID` of a hybrid node: region, cluster, node name. Source: aws/eks-hybrid, its kubelet configuration. */
const HYBRID_PROVIDER_ID = /^eks-hybrid:\/\/\/?[a-z0-9-]*\/([^/]+)\/([^/]+)$/;
/** `spec.providerID` of a Fargate node: zone, an id, node name. */
const FARGATE_PROVIDER_ID = /^aws:\/\/\/?[a-z0-9-]*\/[^/]*\/(fargate-[^/]+)$/;
/** A resource-based host name: the instance id comes first. Source: EC2 user guide, instance hostname types. */
const RESOURCE_NAME = /^(i-[0-9a-f]{17}|i-[0-9a-f]{8})\./;

const instance = (id: string): NodeRefReading => ({ kind: 'node', node: { kind: 'instance-id', id } });

/** A node that has no EC2 instance, or undefined for any other text. */
const beyondEc2 = (wanted: string): NodeRefReading | undefined => {
  if (HybridId.safeParse(wanted).success) return { kind: 'unsupported', nodeKind: 'HybridNode', nodeId: wanted };
  const [, cluster = '', name = ''] = HYBRID_PROVIDER_ID.exec(wanted) ?? [];
  const hybrid = HybridId.safeParse(name).success ? name : `hybrid-nodes/${name}`;
  if (ClusterName.safeParse(cluster).success && NodeId.safeParse(hybrid).success) {
    return { kind: 'unsupported', nodeKind: 'HybridNode', nodeId: hybrid, cluster };
  }
  const fargate = FARGATE_PROVIDER_ID.exec(wanted)?.[1] ?? wanted;
  return fargate.startsWith('fargate-') && NodeId.safeParse(fargate).success
    ? { kind: 'unsupported', nodeKind: 'FargateNode', nodeId: fargate }
    : undefined;
};

/**
 * Reads an EC2 instance id, a provider id, a private DNS name or a node's name. Fargate and hybrid nodes have no EC2
 * instance in this account, so EC2 cannot resolve them.
 */
export const readNodeRef = (text: string): NodeRefReading => {
  const wanted = text.trim();
  if (InstanceId.safeParse(wanted).success) return instance(wanted);
  const beyond = beyondEc2(wanted);
  if (beyond !== undefined) return beyond;
  const provided = InstanceId.safeParse(PROVIDER_ID.exec(wanted)?.[1]);
  if (provided.success) return instance(provided.data);
  const name = wanted.toLowerCase();
  const named = RESOURCE_NAME.exec(name)?.[1];
  if (named !== undefined) return instance(named);
  if (DNS_NAME.test(name) && !name.startsWith('i-')) {
    return { kind: 'node', node: { kind: 'private-dns', name } };
  }
  return {
    kind: 'unreadable',
    message:
      'not a node: expected an instance id (i-…), a provider id (aws:///zone/i-…), a private DNS name or a node name',
  };
};
