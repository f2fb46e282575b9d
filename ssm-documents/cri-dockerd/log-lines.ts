import { phrase, phrases, says } from '../../core/logs/classify/text.ts';
import { statusFailed, unitFailed } from '../../core/logs/classify/units.ts';
import { defineLogLines, defineLogRule, type Fault, type LineKind, type Segment } from '../../core/model/log-lines.ts';

const CRI_DOCKERD_SOCKET = phrase('cri-dockerd.sock');
const DEFAULT_ENDPOINTS = phrase('using default endpoints');
const NO_ANSWER = phrases(
  'connection refused',
  'no such file or directory',
  'connection reset',
  'broken pipe',
  'deadline exceeded',
  'code = Unavailable',
  'Unimplemented',
  'is not implemented for endpoint',
  'validate CRI v1',
  'no such host',
  'permission denied',
);
const CRI_DOCKERD_UNIT_FAILED = phrases(
  'Failed to start CRI Interface for Docker Application Container Engine',
  'Dependency failed for CRI Interface for Docker Application Container Engine',
  'Failed to listen on CRI Docker Socket',
  'Dependency failed for CRI Docker Socket',
);
const CRI_DOCKERD_STATES = [
  unitFailed('cri-dockerd?\\.(?:service|socket)'),
  statusFailed('cri-dockerd?\\.service'),
  /(?:socketservicecri-dockerd?\.servicenotloaded|unitcri-dockerd?\.(?:service|socket)(?:notfound|couldnotbefound|notloaded))/,
];
const DOCKER_STATES = [unitFailed('docker\\.(?:service|socket)'), statusFailed('docker\\.service')];
const DOCKER_UNIT_FAILED = phrases(
  'Failed to start Docker Application Container Engine',
  'Failed to listen on Docker Socket for the API',
);
const DAEMON_FAILED = phrases('failed to start daemon:', 'Error starting daemon:', 'failed to start containerd: ');
const DAEMON_FATAL = /level=fatalmsg="(?:failedtostartdaemon|errorstartingdaemon):/;
const DIALLING_DOCKER =
  /dialunix\/(?:var\/)?run\/docker\.sock:(?:connect:)?(?:connectionrefused|nosuchfileordirectory)/;
const VERSION_FAILED = phrases(
  'failed to get docker version',
  'failed to get docker info',
  'docker: failed to get',
  'DockerDaemonNotReady',
);
const TOO_OLD = phrases('Minimum supported API version');
const DAEMON_UNREACHABLE = phrases('Cannot connect to the Docker daemon', 'error during connect:');
const DOCKER_SOCKET = phrases('/run/docker.sock');
// The cAdvisor inside kubelet looks for Docker on every node, and logs a failure where there is none.
const LOOKING_FOR_DOCKER = phrases('Registration of the docker container factory', 'docker container factory failed');
// Text of the components of a node, in contrast to a build in some pod.
const NODE_COMPONENTS = phrases(
  'kubelet',
  'cri-dockerd',
  'dockershim',
  'Sandbox',
  'runtime service',
  'container runtime',
  'from image service',
  'rpc error',
  'docker_service.go',
  'remote_runtime.go',
  'generic.go',
  'Docker cri',
);
const KLOG = /(?:^|\s)[IWEF]\d{4} \d\d:\d\d:\d\d|(?:cri-dockerd|kubelet|dockerd)\[\d{1,8}\]:/;

const NO_OP = phrases(
  'managed by network plugin kubernetes.io/no-op',
  'network plugin kubernetes.io/no-op',
  'Loaded network plugin noop',
);
const PLUGIN_NOT_FOUND = /networkplugin"[a-z0-9./_-]{1,60}"notfound/;
const CONFLICT = phrases('Found multiple CRI endpoints on the host', 'Found multiple CRI sockets');

type Reason = 'DockerDown' | 'CRIDockerdDown' | 'RuntimeEndpointConflict' | 'CRIDockerdNoCNI';
type Finding = Fault<Reason> | null;

const isAny = ({ lower }: Segment, states: readonly RegExp[]): boolean => states.some((state) => state.test(lower));

const setup = (segment: Segment): Finding => {
  // Only a person can decide which of the runtimes kubelet is to use.
  if (says(segment, CONFLICT)) return { reason: 'RuntimeEndpointConflict', hint: true };
  return says(segment, NO_OP) || PLUGIN_NOT_FOUND.test(segment.lower) ? { reason: 'CRIDockerdNoCNI' } : null;
};

const units = (segment: Segment): Finding => {
  if (says(segment, CRI_DOCKERD_UNIT_FAILED) || isAny(segment, CRI_DOCKERD_STATES)) return { reason: 'CRIDockerdDown' };
  return says(segment, DOCKER_UNIT_FAILED) || isAny(segment, DOCKER_STATES) ? { reason: 'DockerDown' } : null;
};

const isFromNode = (segment: Segment, kind: LineKind | undefined): boolean =>
  says(segment, NODE_COMPONENTS) ||
  KLOG.test(segment.text) ||
  (kind !== undefined && kind !== 'other' && kind !== 'event');

const daemon = (segment: Segment, kind: LineKind | undefined): Finding => {
  const { lower } = segment;
  // Docker answers, and no start makes cri-dockerd newer.
  if (says(segment, TOO_OLD) && (says(segment, VERSION_FAILED) || kind === 'cri-dockerd'))
    return { reason: 'CRIDockerdDown', hint: true };
  if (DAEMON_FATAL.test(lower) || says(segment, VERSION_FAILED)) return { reason: 'DockerDown' };
  const isDown =
    says(segment, DAEMON_FAILED) ||
    DIALLING_DOCKER.test(lower) ||
    (says(segment, DAEMON_UNREACHABLE) && says(segment, DOCKER_SOCKET));
  return isDown && isFromNode(segment, kind) ? { reason: 'DockerDown' } : null;
};

const socket = (segment: Segment): Finding => {
  const { lower } = segment;
  return lower.includes(CRI_DOCKERD_SOCKET) && says(segment, NO_ANSWER) && !lower.includes(DEFAULT_ENDPOINTS)
    ? { reason: 'CRIDockerdDown' }
    : null;
};

/** Nodes with Docker: the daemon, cri-dockerd, and which of several runtimes kubelet is to use. */
const docker = defineLogRule<Reason>({
  name: 'docker',
  order: 10,
  notFrom: ['ipamd'],
  provenByHint: ['RuntimeEndpointConflict'],
  reasons: { DockerDown: 20, CRIDockerdDown: 21, RuntimeEndpointConflict: 22, CRIDockerdNoCNI: 45 },
  read: (segment, kind) => {
    const configured = setup(segment);
    if (configured !== null) return configured;
    return says(segment, LOOKING_FOR_DOCKER) ? null : (units(segment) ?? daemon(segment, kind) ?? socket(segment));
  },
});

/** The log lines of a node whose Docker or cri-dockerd does not run. */
export const logLines = defineLogLines({
  phrases: {
    // `docker.s`: docker.service, docker.socket, docker.sock.
    kubelet: ['failed pulling image', 'get docker version', 'docker.s', 'dockerd.sock', 'to run Kubelet'],
    docker: ['docker.s'],
    'cri-dockerd': ['kubernetes.io/no-op', 'get docker version', 'Minimum supported', 'docker.s', 'dockerd.sock'],
    system: ['docker.s', 'dockerd.sock', 'multiple CRI', 'Failed to start', 'failed for CRI', 'Failed to listen'],
    event: ['failed pulling image', 'dockerd.sock'],
  },
  rules: [docker],
});
