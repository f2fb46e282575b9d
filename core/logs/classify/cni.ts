import type { Fault } from './fault.ts';
import { phrase, phrases, type Segment, says } from './text.ts';

// The subnet or the instance has no more addresses: capacity, not the node's files (facts, CNI_NO_IP).
const NO_ADDRESS = phrases(
  'failed to assign an IP address',
  'InsufficientFreeAddressesInSubnet',
  'InsufficientCidrBlocks',
  'no available IP',
  'no IP addresses available in range',
  'no addresses available',
  'PrivateIpAddressLimitExceeded',
);

// The network of pods: builds (podman, buildah) and people (nerdctl) look for plugins as well.
const OF_PODS = phrases(
  'sandbox',
  'NetworkPlugin',
  'network plugin',
  'SetupNetworkError',
  'network for pod',
  'adding network',
  'deleting network',
  'container to network',
  'CNI network',
  'CNI config',
  'adding pod',
  'kubelet',
  'pod=',
);
const PLUGIN_MISSING = phrase('failed to find plugin');
const IN_PATH = phrase('in path');
const BIN_FOLDER = phrase('cni/bin');
const MISSING_IN_CHINESE = ['找不到插件', '未找到插件', '中找到插件'];
const EXECUTING = phrases('fork/exec', 'exec:', 'stat /');
const NO_FILE = phrases('no such file or directory', 'executable file not found');
const NOT_EXECUTABLE = phrases('permission denied', 'exec format error');

const BAD_CONFIG = phrases(
  'error parsing configuration list',
  'error parsing configuration:',
  'invalid cni config',
  'failed to load CNI config list file',
  'failed to load CNI config file',
  'Error loading CNI config',
  'no valid networks found in',
  'no plugin name provided',
  'incompatible CNI versions',
  'unsupported CNI result version',
  'does not support config version',
  'Error validating CNI config',
  'invalid plugin capabilities',
);
const NO_CONFIG = phrases('no network config found in', 'no networks found in', 'cni config uninitialized');
const NOT_READY = phrases(
  'NetworkPluginNotReady',
  'cni plugin not initialized',
  'network plugin is not ready',
  'Container runtime network not ready',
  'runtime network not ready',
  'NetworkReady=false',
  'network is not ready:',
);
const READY = phrases('cni plugin is initialized', 'NetworkReady=true');

// aws-node's daemon does not answer: the plugin's words, kubelet's probe of it, and its own.
const IPAMD_GONE = phrases(
  'failed to connect to backend server',
  'failed to connect service ":50051"',
  'failed to connect service "127.0.0.1:50051"',
  'Timed out waiting for IPAM daemon to start',
  'Unable to reach API Server',
  'Failed to communicate with K8S Server',
  'Failed to create kubernetes client',
  'error communicating with apiserver',
  'ipamd init: failed',
  'IPAM daemon failed',
  'Failed to initialize ipam',
  'initialization failure:',
);
const GRPC_CALL = /(?:add|del)networkgrpccall/;
const OTHER_GRPC_WORDS = phrases('AddNetwork grpc call', 'DelNetwork grpc call', 'Failed CNI request');
const UNAVAILABLE = phrases(
  'code = Unavailable',
  'connection refused',
  'code = DeadlineExceeded',
  'no such file or directory',
  'context deadline exceeded',
);
const PROBE_OF_IPAMD = /:50051/;

const hint = (reason: Fault['reason']): Fault => ({ reason, hint: true });

/** Whether kubelet's probe of aws-node itself failed: the one probe that is about the node. */
export const isProbeOfIpamd = ({ lower }: Segment): boolean =>
  lower.includes('failedtoconnectservice') && PROBE_OF_IPAMD.test(lower);

/**
 * What a segment says of the node's CNI files and of aws-node. That the network is not ready yet is what every node
 * says while it boots, so those are hints.
 */
export const cni = (segment: Segment): Fault | null => {
  const { lower } = segment;
  if (says(segment, NO_ADDRESS) || says(segment, READY)) return null;
  if (lower.includes(PLUGIN_MISSING) && lower.includes(IN_PATH) && says(segment, OF_PODS)) {
    return { reason: 'CNIBinaryMissing' };
  }
  if (lower.includes(BIN_FOLDER) && says(segment, MISSING_IN_CHINESE)) return { reason: 'CNIBinaryMissing' };
  if (lower.includes(BIN_FOLDER) && says(segment, EXECUTING)) {
    if (says(segment, NOT_EXECUTABLE)) return { reason: 'CNIBinaryInvalid' };
    if (says(segment, NO_FILE)) return { reason: 'CNIBinaryMissing' };
  }
  if (says(segment, NO_CONFIG)) {
    // Beside it, containerd says `cni plugin not initialized`; the files are the cause.
    return hint(lower.includes(phrase('network plugin is not ready')) ? 'CNINotReady' : 'CNIConfigMissing');
  }
  if (says(segment, BAD_CONFIG)) {
    return says(segment, NO_FILE) ? hint('CNIConfigMissing') : { reason: 'CNIConfigInvalid' };
  }
  if (says(segment, IPAMD_GONE)) return hint('CNINotReady');
  if ((GRPC_CALL.test(lower) || says(segment, OTHER_GRPC_WORDS)) && says(segment, UNAVAILABLE))
    return hint('CNINotReady');
  return says(segment, NOT_READY) ? hint('CNINotReady') : null;
};
