import { readSymptoms, symptomKey } from '../../core/logs/symptoms.ts';
import { remediationFor } from '../../core/signals/route.ts';
import { decodeLogs } from '../../events/logs-subscription.ts';
import { LOGS_SOURCE, nodeSymptom } from '../../events/node-symptom.ts';
import { withoutMark } from '../../events/replayed-logs.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { LogClassifierPorts } from './ports.ts';

/** One execution environment publishes a symptom of a node at most once in this time. */
export const QUIET_MS = 60_000;
/** How many symptoms an execution environment remembers: a few MB at most. */
export const MAX_REMEMBERED = 20_000;

const publish = async (deps: LogClassifierPorts, event: unknown): Promise<void> => {
  const { payload: logs, isReplayed } = withoutMark(event);
  const reading = decodeLogs(logs);
  if (!reading.ok) throw new PermanentError(reading.error);
  const payload = reading.value;
  if (payload.messageType === 'CONTROL_MESSAGE') return;
  const { logGroup, logStream, logEvents } = payload;
  const cluster = Object.hasOwn(deps.logGroups, logGroup) ? deps.logGroups[logGroup] : undefined;
  if (cluster === undefined) {
    deps.count('LogGroupNotConfigured');
    deps.log.warn('ignoring lines of a log group that no cluster lists', { logGroup, lines: logEvents.length });
    return;
  }
  const nowMs = deps.now().getTime();
  const knows = (reason: string): boolean => remediationFor(deps.catalogue, reason) !== undefined;
  const { symptoms: seen, withoutInstance } = readSymptoms(cluster, logStream, logEvents, nowMs, {
    classify: deps.classify,
    knows,
  });
  // A hint leads to a check at most.
  const symptoms = isReplayed ? seen.map((symptom) => ({ ...symptom, hint: true as const })) : seen;
  if (withoutInstance > 0) {
    deps.count('LinesWithoutInstance', withoutInstance);
    deps.log.warn('ignoring lines that name no instance', {
      logGroup,
      logStream,
      lines: withoutInstance,
    });
  }
  const fresh = symptoms.filter((symptom) => !deps.memory.has(symptomKey(symptom), nowMs));
  await deps.bus.put(fresh.map((symptom) => nodeSymptom(LOGS_SOURCE, symptom)));
  for (const symptom of fresh) deps.memory.note(symptomKey(symptom), nowMs);
  if (symptoms.length === 0) return;
  deps.count('Symptoms', fresh.length);
  deps.count('SymptomsSuppressed', symptoms.length - fresh.length);
  deps.log.info('publishing symptoms', { cluster, lines: logEvents.length, published: fresh.map(symptomKey) });
};

/**
 * Turns one CloudWatch Logs subscription event into `Node Symptom` events. Bad input is sent to the bad-input queue and
 * acknowledged. Throws where the bus or that queue fails, so that Lambda retries.
 */
export const handleLogs = async (deps: LogClassifierPorts, event: unknown): Promise<void> => {
  try {
    await publish(deps, event);
  } catch (thrown) {
    if (!(thrown instanceof PermanentError)) throw thrown;
    await deps.deadLetters.put({ body: JSON.stringify(event) ?? 'null', reason: thrown.message });
    deps.log.warn('moving bad input to the dead-letter queue', { reason: thrown.message });
    deps.count('BadInput');
  }
};
