import { phrase, phrases, says } from '../../core/logs/classify/text.ts';
import { defineLogLines, defineLogRule, type Fault, type Segment } from '../../core/model/log-lines.ts';

// The subnet or the instance has no free address: a question of capacity, not of the files on the node.
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
const PLUGIN_NOT_READY = phrase('network plugin is not ready');
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

// The ipamd of aws-node does not answer: errors of the CNI plugin, of the kubelet probe, and of ipamd itself.
const IPAMD_FAILED = phrases(
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
const OTHER_GRPC_PHRASES = phrases('AddNetwork grpc call', 'DelNetwork grpc call', 'Failed CNI request');
const UNAVAILABLE = phrases(
  'code = Unavailable',
  'connection refused',
  'code = DeadlineExceeded',
  'no such file or directory',
  'context deadline exceeded',
);
const PORT_OF_IPAMD = /:50051/;

// The plugin of another network asks its agent, which does not run. Source: multus-cni, cilium-cni, calico, antrea.
const NO_AGENT =
  /(?:multus\.sock|cilium\.sock|antrea\/cni\.sock):(?:connect:)?(?:connectionrefused|nosuchfileordirectory)|\/var\/lib\/calico\/nodename:nosuchfileordirectory/;

type Reason =
  | 'CNIAgentMissing'
  | 'CNIBinaryInvalid'
  | 'CNIBinaryMissing'
  | 'CNIConfigInvalid'
  | 'CNIConfigMissing'
  | 'CNINotReady';
type Finding = Fault<Reason> | null;

const hint = (reason: Reason): Fault<Reason> => ({ reason, hint: true });

// Where kubelet names the pod, it must be aws-node's in its namespace: any pod may print the same.
const POD_NAMED = /pod="|probefor"/;
const POD_OF_AWS_NODE = /pod="kube-system\/aws-node-[a-z0-9]{5}"|probefor"aws-node-[a-z0-9]{5}_kube-system\(/;

/** Whether the kubelet probe of aws-node failed. Other probes belong to applications. */
const isProbeOfIpamd = ({ lower }: Segment): boolean =>
  lower.includes('failedtoconnectservice') &&
  PORT_OF_IPAMD.test(lower) &&
  (!POD_NAMED.test(lower) || POD_OF_AWS_NODE.test(lower));

const plugin = (segment: Segment): Finding => {
  const { lower } = segment;
  if (lower.includes(PLUGIN_MISSING) && lower.includes(IN_PATH) && says(segment, OF_PODS)) {
    return { reason: 'CNIBinaryMissing' };
  }
  if (!lower.includes(BIN_FOLDER)) return null;
  if (says(segment, MISSING_IN_CHINESE)) return { reason: 'CNIBinaryMissing' };
  if (!says(segment, EXECUTING)) return null;
  if (says(segment, NOT_EXECUTABLE)) return { reason: 'CNIBinaryInvalid' };
  return says(segment, NO_FILE) ? { reason: 'CNIBinaryMissing' } : null;
};

const config = (segment: Segment): Finding => {
  if (says(segment, NO_CONFIG)) {
    // containerd logs `cni plugin not initialized` in the same line; the files are the cause.
    return hint(segment.lower.includes(PLUGIN_NOT_READY) ? 'CNINotReady' : 'CNIConfigMissing');
  }
  if (!says(segment, BAD_CONFIG)) return null;
  return says(segment, NO_FILE) ? hint('CNIConfigMissing') : { reason: 'CNIConfigInvalid' };
};

const agent = (segment: Segment): Finding =>
  NO_AGENT.test(segment.lower) && says(segment, OF_PODS) ? hint('CNIAgentMissing') : null;

const readiness = (segment: Segment): Finding => {
  const isGrpcFailure =
    (GRPC_CALL.test(segment.lower) || says(segment, OTHER_GRPC_PHRASES)) && says(segment, UNAVAILABLE);
  return isGrpcFailure || says(segment, IPAMD_FAILED) || says(segment, NOT_READY) ? hint('CNINotReady') : null;
};

/** The CNI files of the node, and aws-node. Every node logs while it boots that its network is not ready: that is a hint. */
const network = defineLogRule<Reason>({
  name: 'network',
  order: 40,
  reasons: {
    CNIBinaryInvalid: 60,
    CNIBinaryMissing: 61,
    CNIConfigInvalid: 62,
    CNIConfigMissing: 63,
    CNINotReady: 64,
    CNIAgentMissing: 65,
  },
  owns: isProbeOfIpamd,
  read: (segment) =>
    says(segment, NO_ADDRESS) || says(segment, READY)
      ? null
      : (plugin(segment) ?? config(segment) ?? agent(segment) ?? readiness(segment)),
});

const RUNTIME_PHRASES = [' CNI config', 'found in /etc/cni', 'plugin not initialized', 'to find plugin'];

/** The log lines of pods without a network, and of nodes without one. */
export const logLines = defineLogLines({
  phrases: {
    kubelet: [...RUNTIME_PHRASES, 'etwork for sandbox', 'Plugin cni failed', 'NetworkReady=false', ':50051'],
    containerd: [...RUNTIME_PHRASES, 'etwork for sandbox'],
    'cri-dockerd': RUNTIME_PHRASES,
    ipamd: [':50051', 'backend server', 'nitialization failure', 'reach API Server', 'with K8S', 'with apiserver'],
    event: [
      'etwork for sandbox',
      'Plugin cni failed',
      'NetworkReady=false',
      'SetupNetworkError',
      'to find plugin',
      'not initialized',
      ':50051',
    ],
  },
  rules: [network],
});
