import type { Segment } from '../../model/log-lines.ts';
import { kindOfSpeaker, speakerInText } from './speaker.ts';
import { phrases, says } from './text.ts';

// How loggers of applications begin a line, and node components never do: Java, Python, .NET, go-kit, the console of zap.
const APPLICATION_STARTS: readonly RegExp[] = [
  /^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?[ |\t-]{1,4}\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b(?!\[)/,
  /^(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL):[\w.]{1,100}:/,
  /^\[(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL)\] /,
  /^(?:TRACE|DEBUG|INFO|WARN|ERROR) {1,4}(?:\[|[a-z]+(?:\.[A-Za-z]\w*){2})/,
  /^(?:info|warn|fail|dbug|crit): [A-Z]\w*\./,
  /^(?:ts|level|caller)=\S{1,80} (?:ts|level|caller|component)=/,
  // The errors of kubelet are `CreatePodSandboxError` and the like.
  /^(?!\w{0,60}(?:Sandbox|Network))[A-Za-z_][\w.$]{0,100}(?:Error|Exception)\b/,
  /^(?:Traceback|Exception in thread)/,
];

// The old log format of the VPC CNI looks like that of an application: `2019-07-24T11:00:00Z [ERROR] …`.
const OLD_VPC_CNI = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z \[[A-Z]{4,8}\]\s/;

// The prefix of each line in the log file of a container (CRI logging format).
const CRI_TAG = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] /;

const HTTP_REQUEST = /"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S{1,2000} HTTP\/\d/;

// Lines in which a component repeats what a pod prints or is told.
const OF_A_POD = phrases(
  'Probe failed',
  'Probe errored',
  'probe error',
  'startup probe failed',
  'Readiness probe for',
  'Liveness probe for',
  'Startup probe for',
  'PostStartHook',
  'PreStopHook',
  'lifecycle hook',
);

// Lines that repeat the text of another program, and lines about other faults.
const QUOTING = phrases(
  'COMMAND=',
  'type=EXECVE',
  'type=USER_',
  'msg=audit(',
  'proctitle=',
  '[FIRING:',
  '[RESOLVED]',
  'admission webhook',
  'failed calling webhook',
  'MountVolume.',
  'Unable to attach or mount volumes',
  'AttachVolume.',
  'FailedScheduling',
);

// What components write of a container of a pod. Its command, image, user, mounts and settings are the choice of its author.
// Names of calls and states keep their case: `failed to start ContainerManager` is none of them.
const CONTAINER_CALLS = [
  'StartContainer',
  'CreateContainer',
  'RunContainerError',
  'PostStartHookError',
  'ExecSync',
  'execCommand=',
  'container&Container{',
  'InvalidImageName',
  'InspectFailed',
  'subPath',
];
const OF_A_CONTAINER = phrases(
  'failed to exec in container',
  'OCI runtime exec failed',
  'OCI runtime create failed',
  'unable to start container process',
  'create containerd task',
  'create containerd container',
  'failed to generate container',
  'Failed to apply default image tag',
  'parse image name',
  'parse image reference',
);
// The same of the sandbox, in which nothing is the choice of the author of a pod.
const OF_A_SANDBOX = phrases(
  'PodSandbox',
  'for "POD" with',
  'sandbox for pod',
  'start sandbox',
  'sandbox image',
  'sandbox container',
  'for sandbox',
  'network sandbox',
  'pause:',
);

const firstOf = (text: string, any: readonly string[]): number =>
  any.reduce((first, it) => {
    const at = text.indexOf(it);
    return at >= 0 && at < first ? at : first;
  }, Number.POSITIVE_INFINITY);

/** Whether the component itself reports about a container. The author of a pod can add words of a sandbox only after that. */
const isOfContainer = ({ compact, lower }: Segment): boolean => {
  const container = Math.min(firstOf(compact, CONTAINER_CALLS), firstOf(lower, OF_A_CONTAINER));
  if (container === Number.POSITIVE_INFINITY) return false;
  // The container of the sandbox in kubelets before CRI.
  const isSandbox = compact.startsWith('StartContainer"for"POD"with', container);
  return container < firstOf(lower, OF_A_SANDBOX) && !isSandbox;
};

/** Whether the prefix of a line names a program that is no component of the node. */
const isOfStranger = (text: string): boolean => {
  const name = speakerInText(text);
  return name !== undefined && kindOfSpeaker(name) === undefined;
};

/** Whether a component reports about a container in the segment, or the segment is of a program that is no component. */
export const isForeign = (segment: Segment): boolean => isOfContainer(segment) || isOfStranger(segment.text);

/**
 * Whether the author of a pod chose a part of the segment: the output of a probe, the settings of a container. What follows
 * without a blank line may be a part of it too.
 */
export const repeatsPod = (segment: Segment): boolean => says(segment, OF_A_POD) || isForeign(segment);

/**
 * Whether a segment repeats the text of another program: a line of an application, a request that a server logs, a
 * command line, an alert, the output of a probe, the settings of a container. Such a text can quote a fault that does not
 * exist.
 */
export const isQuoting = (segment: Segment): boolean => {
  const text = segment.text.replace(CRI_TAG, '');
  if (says(segment, QUOTING) || repeatsPod(segment)) return true;
  if (OLD_VPC_CNI.test(text)) return false;
  return APPLICATION_STARTS.some((start) => start.test(text)) || HTTP_REQUEST.test(text.slice(0, 4000));
};
