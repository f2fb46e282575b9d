import type { Segment } from '../../model/log-lines.ts';
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

// Lines in which a component repeats the text of another program, and lines about other faults.
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
 * Whether a segment repeats the text of another program: a line of an application, a request that a server logs, a
 * command line, an alert, the output of a probe. Such a text can quote a fault that does not exist.
 */
export const isQuoting = (segment: Segment): boolean => {
  const text = segment.text.replace(CRI_TAG, '');
  if (says(segment, QUOTING)) return true;
  if (OLD_VPC_CNI.test(text)) return false;
  return APPLICATION_STARTS.some((start) => start.test(text)) || HTTP_REQUEST.test(text.slice(0, 4000));
};
