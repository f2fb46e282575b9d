import type { Instance } from '@aws-sdk/client-ec2';
import type { NodeRef } from '../../../core/signals/node-ref.ts';

/** The text of a node reference that no other one has. */
export const keyOfRef = (node: NodeRef): string => (node.kind === 'instance-id' ? node.id : `dns ${node.name}`);

/**
 * The value by which EC2's filter `private-dns-name` finds a host. A host name may come without its domain; EC2's filters take
 * wildcards, whose own signs no host name holds.
 */
export const dnsPattern = (name: string): string => (name.includes('.') ? name : `${name}.*`);

/** Whether a node reference means the instance. */
export const fitsRef = (instance: Pick<Instance, 'InstanceId' | 'PrivateDnsName'>, node: NodeRef): boolean => {
  if (node.kind === 'instance-id') return instance.InstanceId === node.id;
  const name = instance.PrivateDnsName ?? '';
  return name === node.name || (!node.name.includes('.') && name.startsWith(`${node.name}.`));
};
