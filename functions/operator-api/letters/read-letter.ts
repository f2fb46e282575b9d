import * as z from 'zod';
import { defined } from '../../../core/model/defined.ts';
import { ClusterName, InstanceId, IsoTime } from '../../../core/model/ids.ts';
import { describeIssue } from '../../../core/model/issue.ts';
import { Look } from '../../../core/model/look.ts';
import { clusterPolicy } from '../../../core/model/policy.ts';
import { Wake } from '../../../core/model/wake.ts';
import { readSignal, signalSettings } from '../../../core/signals/read-signal.ts';
import { decodeLogs } from '../../../events/logs-subscription.ts';
import { NODE_SYMPTOM } from '../../../events/node-symptom.ts';
import { withoutMark } from '../../../events/replayed-logs.ts';
import { NOTICE_SOURCE } from '../../../events/rules.ts';
import { COMMAND_STATUS_CHANGE, CommandStatusEvent } from '../../../events/ssm-command.ts';
import { TickRequest } from '../../../events/ticks.ts';
import { REPLAY_SOURCE } from '../../adapters/messaging/replay-mark.ts';
import { payloadOf } from '../author.ts';
import type { OperatorApiPorts } from '../ports.ts';

/** The kinds of dead letters, by their origin. */
export type LetterKind = 'signal' | 'progress' | 'wake' | 'logs' | 'request' | 'tick' | 'notice' | 'unreadable';

/** Where a letter goes. */
export type LetterReading =
  | { readonly kind: 'signal'; readonly event: string }
  /** A payload for log-classifier. */
  | { readonly kind: 'logs'; readonly payload: unknown }
  | { readonly kind: 'progress'; readonly event: string }
  | { readonly kind: 'wake'; readonly wake: Wake }
  /** A request to operator-api, which Lambda invoked asynchronously. */
  | { readonly kind: 'request'; readonly payload: Readonly<Record<string, unknown>> }
  /** Of no value once the next one has come. */
  | { readonly kind: 'tick' }
  /** It cannot go back; `why` says what a person can do. */
  | { readonly kind: LetterKind; readonly stays: string };

type ReadPorts = Pick<OperatorApiPorts, 'settings' | 'now'>;

/** Lambda's on-failure destination wraps the event that the function was called with. */
const Wrapped = z.object({ requestPayload: z.unknown() });
const Logs = z.looseObject({ awslogs: z.unknown() });
const Request = z.looseObject({ action: z.string() });
const Event = z.looseObject({ source: z.string(), 'detail-type': z.string() });
/** The fields that a check of one node needs, in a signal that signal-intake cannot read. */
const NamesNode = z.object({
  detail: z.object({
    cluster: ClusterName,
    instanceId: InstanceId,
    reason: z
      .string()
      .regex(/^[A-Z][A-Za-z0-9]{1,63}$/)
      .optional()
      .catch(undefined),
    lastSeenAt: IsoTime.optional().catch(undefined),
  }),
});

const unlisted = (cluster: string): string =>
  `the policy does not list cluster ${cluster}: add it and deploy, or discard the letter`;

const readLogs = (ports: ReadPorts, body: unknown): LetterReading => {
  const reading = decodeLogs(body);
  if (!reading.ok) return { kind: 'logs', stays: reading.error };
  const { value } = reading;
  if (value.messageType !== 'CONTROL_MESSAGE' && !Object.hasOwn(ports.settings.logGroups, value.logGroup)) {
    return { kind: 'logs', stays: `the configuration lists no log group ${value.logGroup}` };
  }
  return { kind: 'logs', payload: body };
};

const readProgress = (body: unknown): LetterReading => {
  const event = CommandStatusEvent.safeParse(body);
  return event.success
    ? { kind: 'progress', event: JSON.stringify(body) }
    : { kind: 'progress', stays: `reading the event: ${describeIssue(event.error, '(event)')}` };
};

/** A check of the one node that an unreadable signal names; undefined where it names none. */
const salvaged = (ports: ReadPorts, body: unknown): LetterReading | undefined => {
  const node = NamesNode.safeParse(body);
  if (!node.success) return undefined;
  const { cluster, instanceId, reason, lastSeenAt } = node.data.detail;
  if (clusterPolicy(ports.settings.policy, cluster) === undefined) return { kind: 'signal', stays: unlisted(cluster) };
  const detail = { cluster, instanceId, ...defined({ reason, lastSeenAt }) };
  const time = ports.now().toISOString();
  const event = { id: 'replay', source: REPLAY_SOURCE, 'detail-type': NODE_SYMPTOM, time, detail };
  return { kind: 'signal', event: JSON.stringify(event) };
};

const readEvent = (ports: ReadPorts, body: unknown): LetterReading => {
  const reading = readSignal(body, signalSettings(ports.settings.policy));
  if (!reading.ok)
    return salvaged(ports, body) ?? { kind: 'signal', stays: `field ${reading.field}: ${reading.message}` };
  const { signal } = reading;
  const cluster = 'cluster' in signal ? signal.cluster : undefined;
  if (cluster !== undefined && clusterPolicy(ports.settings.policy, cluster) === undefined) {
    return { kind: 'signal', stays: unlisted(cluster) };
  }
  return { kind: 'signal', event: JSON.stringify(body) };
};

const parsed = (text: string): unknown => {
  const body: unknown = JSON.parse(text);
  const wrapped = Wrapped.safeParse(body);
  // A letter that was sent back once still has its mark.
  return withoutMark(wrapped.success ? wrapped.data.requestPayload : body).payload;
};

/** Reads a dead letter of any origin: redriven by SQS, put away by a function, or left by EventBridge or Lambda. */
export const readLetter = (ports: ReadPorts, text: string): LetterReading => {
  let body: unknown;
  try {
    body = parsed(text);
  } catch {
    return { kind: 'unreadable', stays: 'its body is not JSON, or was cut' };
  }
  if (TickRequest.safeParse(body).success) return { kind: 'tick' };
  if (Look.safeParse(body).success) return { kind: 'progress', event: JSON.stringify(body) };
  const wake = Wake.safeParse(body);
  if (wake.success) return { kind: 'wake', wake: wake.data };
  if (Logs.safeParse(body).success) return readLogs(ports, body);
  const event = Event.safeParse(body);
  if (event.success) {
    if (event.data['detail-type'] === COMMAND_STATUS_CHANGE) return readProgress(body);
    if (event.data.source === NOTICE_SOURCE) {
      return { kind: 'notice', stays: 'a notice that reached no person: read it here, then discard the letter' };
    }
    return readEvent(ports, body);
  }
  const request = Request.safeParse(body);
  // It is repeated for the author of the replay, whatever its own caller had signed.
  if (request.success) return { kind: 'request', payload: payloadOf(request.data).payload };
  return salvaged(ports, body) ?? { kind: 'unreadable', stays: 'it is no event, wake, log payload, request or tick' };
};
