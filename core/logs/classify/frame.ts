import { phrases, type Segment, says } from './text.ts';

// How applications' loggers begin a line, and node components never do: Java, Python, .NET, go-kit, zap's console.
const APPLICATION_STARTS: readonly RegExp[] = [
  /^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?[ |\t-]{1,4}\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b(?!\[)/,
  /^(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL):[\w.]{1,100}:/,
  /^\[(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL)\] /,
  /^(?:TRACE|DEBUG|INFO|WARN|ERROR) {1,4}(?:\[|[a-z]+(?:\.[A-Za-z]\w*){2})/,
  /^(?:info|warn|fail|dbug|crit): [A-Z]\w*\./,
  /^(?:ts|level|caller)=\S{1,80} (?:ts|level|caller|component)=/,
  // kubelet's own are `CreatePodSandboxError` and the like.
  /^(?!\w{0,60}(?:Sandbox|Network))[A-Za-z_][\w.$]{0,100}(?:Error|Exception)\b/,
  /^(?:Traceback|Exception in thread)/,
];

// The old form of the VPC CNI's own logs is like an application's: `2019-07-24T11:00:00Z [ERROR] …`.
const OLD_VPC_CNI = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z \[[A-Z]{4,8}\]\s/;

// A container's log file, and what shippers put before its lines.
const CRI_TAG = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] /;

const HTTP_REQUEST = /"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S{1,2000} HTTP\/\d/;

// Lines in which a component hands on somebody else's words, and news of other trouble.
const QUOTING = phrases(
  'COMMAND=',
  'type=EXECVE',
  'proctitle=',
  '[FIRING:',
  '[RESOLVED]',
  'Probe failed',
  'Probe errored',
  'probe error',
  'startup probe failed',
  'PostStartHook',
  'PreStopHook',
  'lifecycle hook',
  'admission webhook',
  'failed calling webhook',
  'MountVolume.',
  'Unable to attach or mount volumes',
  'AttachVolume.',
  'FailedScheduling',
);

/**
 * Whether a segment is somebody else's speech: an application's line, a request that a server logs, a command line, an
 * alert, the output of a probe. Such text can quote any fault without there being one.
 */
export const isQuoting = (segment: Segment): boolean => {
  const text = segment.text.replace(CRI_TAG, '');
  if (says(segment, QUOTING)) return true;
  if (OLD_VPC_CNI.test(text)) return false;
  return APPLICATION_STARTS.some((start) => start.test(text)) || HTTP_REQUEST.test(text.slice(0, 4000));
};
