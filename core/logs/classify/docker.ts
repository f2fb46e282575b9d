import type { Fault } from './fault.ts';
import { phrase, phrases, type Segment, says } from './text.ts';

const CRI_DOCKERD_SOCKET = phrase('cri-dockerd.sock');
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
const CRI_DOCKERD_UNIT_FAILED = [
  ...phrases(
    'Failed to start CRI Interface for Docker Application Container Engine',
    'Dependency failed for CRI Interface for Docker Application Container Engine',
    'Failed to listen on CRI Docker Socket',
    'Dependency failed for CRI Docker Socket',
  ),
];
const UNIT_STATE =
  '(?:failedwithresult|mainprocessexited|(?:unit)?enteredfailedstate|startrequestrepeatedtooquickly|failed\\.)';
/** What systemd of any age says of a unit that failed (219 on AL2: `Unit X entered failed state.`). */
const unitFailed = (unit: string): RegExp =>
  new RegExp(
    `(?<![a-z0-9-])${unit}:?${UNIT_STATE}|unit${unit}enteredfailedstate|startrequestrepeatedtooquicklyfor${unit}`,
  );
const CRI_DOCKERD_SERVICE = unitFailed('cri-dockerd?\\.(?:service|socket)');
const DOCKER_SERVICE = unitFailed('docker\\.(?:service|socket)');
/** `systemctl status` of a unit that failed, or that systemd starts again and again. */
const statusFailed = (unit: string): RegExp =>
  new RegExp(
    `(?<![a-z0-9-])${unit}-[^●]{0,600}?active:(?:failed\\(|activating\\(auto-restart\\)|inactive\\(dead\\)\\(result)`,
  );
const CRI_DOCKERD_STATUS = statusFailed('cri-dockerd?\\.service');
const DOCKER_STATUS = statusFailed('docker\\.service');
const CRI_DOCKERD_UNIT_GONE =
  /(?:socketservicecri-dockerd?\.servicenotloaded|unitcri-dockerd?\.(?:service|socket)(?:notfound|couldnotbefound|notloaded))/;
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
const DAEMON_GONE = phrases('Cannot connect to the Docker daemon', 'error during connect:');
const DOCKER_SOCKET = phrases('/run/docker.sock');
// kubelet's cAdvisor looks for Docker on every node, and says so on each that has none.
const LOOKING_FOR_DOCKER = phrases('Registration of the docker container factory', 'docker container factory failed');
// Who says so: the node's own components, not a build in some pod.
const NODE_SPEAKS = [
  ...phrases(
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
  ),
];
const KLOG = /(?:^|\s)[IWEF]\d{4} \d\d:\d\d:\d\d|(?:cri-dockerd|kubelet|dockerd)\[\d{1,8}\]:/;

const NO_OP = phrases(
  'managed by network plugin kubernetes.io/no-op',
  'network plugin kubernetes.io/no-op',
  'Loaded network plugin noop',
);
const PLUGIN_NOT_FOUND = /networkplugin"[a-z0-9./_-]{1,60}"notfound/;
const CONFLICT = phrases('Found multiple CRI endpoints on the host', 'Found multiple CRI sockets');

/** What a segment says of Docker nodes: the daemon, cri-dockerd, and which of several runtimes kubelet is to use. `kind` tells who wrote it. */
export const docker = (segment: Segment, kind: string | undefined): Fault | null => {
  const { lower } = segment;
  if (says(segment, CONFLICT)) return { reason: 'RuntimeEndpointConflict' };
  if (says(segment, NO_OP) || PLUGIN_NOT_FOUND.test(lower)) return { reason: 'CRIDockerdNoCNI' };
  if (says(segment, LOOKING_FOR_DOCKER)) return null;
  if (says(segment, CRI_DOCKERD_UNIT_FAILED)) return { reason: 'CRIDockerdDown' };
  if ([CRI_DOCKERD_SERVICE, CRI_DOCKERD_STATUS, CRI_DOCKERD_UNIT_GONE].some((it) => it.test(lower))) {
    return { reason: 'CRIDockerdDown' };
  }
  if (says(segment, DOCKER_UNIT_FAILED) || DOCKER_SERVICE.test(lower) || DOCKER_STATUS.test(lower)) {
    return { reason: 'DockerDown' };
  }
  const isOfTheNode =
    says(segment, NODE_SPEAKS) ||
    KLOG.test(segment.text) ||
    (kind !== undefined && kind !== 'other' && kind !== 'event');
  if (DAEMON_FATAL.test(lower) || (says(segment, DAEMON_FAILED) && isOfTheNode)) return { reason: 'DockerDown' };
  if (says(segment, VERSION_FAILED)) return { reason: 'DockerDown' };
  if (says(segment, DAEMON_GONE) && says(segment, DOCKER_SOCKET) && isOfTheNode) return { reason: 'DockerDown' };
  if (DIALLING_DOCKER.test(lower) && isOfTheNode) return { reason: 'DockerDown' };
  if (
    lower.includes(CRI_DOCKERD_SOCKET) &&
    says(segment, NO_ANSWER) &&
    !lower.includes(phrase('using default endpoints'))
  ) {
    return { reason: 'CRIDockerdDown' };
  }
  return null;
};
