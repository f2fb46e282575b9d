import { ADDRESSES, PREFIX_BITS } from './addresses.ts';
import { mustRun } from './process.ts';

/** The bridge of all nodes. */
export const BRIDGE = 'fmlab0';
/**
 * Its hardware address. A bridge without one of its own takes the lowest of its ports. When the node of that port went, the
 * others had an address in their tables that was no more, and did not reach the services for 20 s and longer.
 */
const BRIDGE_ADDRESS = '02:77:00:00:00:01';

/**
 * Builds the lab's network in the warden's own network namespace: a bridge with the services' addresses and the
 * metadata address on it. The namespace ends with the warden, and the bridge and the nodes' interfaces with it.
 */
export async function openNetwork(): Promise<void> {
  await mustRun('ip', ['link', 'set', 'lo', 'up']);
  await mustRun('ip', ['link', 'add', BRIDGE, 'address', BRIDGE_ADDRESS, 'type', 'bridge']);
  for (const address of [ADDRESSES.bridge, ADDRESSES.registry, ADDRESSES.s3, ADDRESSES.ecr]) {
    await mustRun('ip', ['address', 'add', `${address}/${PREFIX_BITS}`, 'dev', BRIDGE]);
  }
  await mustRun('ip', ['address', 'add', `${ADDRESSES.metadata}/32`, 'dev', BRIDGE]);
  await mustRun('ip', ['link', 'set', BRIDGE, 'up']);
}

/**
 * Lets the answers of the lab's services pass so many hops, as the option HttpPutResponseHopLimit of EC2 does for instance
 * metadata; undefined for as many as they like.
 */
export async function limitHops(hops: number | undefined): Promise<void> {
  const network = `${ADDRESSES.bridge.replace(/\d+\.\d+$/, '0.0')}/${PREFIX_BITS}`;
  const limit = hops === undefined ? [] : ['hoplimit', String(hops)];
  const route = [network, 'dev', BRIDGE, 'scope', 'link', 'src', ADDRESSES.bridge, ...limit];
  await mustRun('ip', ['route', 'change', ...route]);
}
