import { readSymptoms, type SymptomReading, symptomKey } from '../../core/logs/symptoms.ts';
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
/** The characters of one stream that are read in {@link QUIET_MS}. A node that logs faults as fast as it can writes a few MB. */
export const MAX_STREAM_CHARACTERS = 16 * 1024 * 1024;

/** Counts the lines that were not believed or not read. */
const countUnread = (
  deps: LogClassifierPorts,
  { foreign, disputed, withoutInstance, cut }: SymptomReading,
  where: { readonly logGroup: string; readonly logStream: string },
): void => {
  if (foreign > 0) deps.count('LinesNotOfComponents', foreign);
  if (disputed > 0) {
    deps.count('LinesOfTwoNodes', disputed);
    deps.log.warn('ignoring lines that name another node than their stream, or two nodes', {
      ...where,
      lines: disputed,
    });
  }
  if (withoutInstance > 0) {
    deps.count('LinesWithoutInstance', withoutInstance);
    deps.log.warn('ignoring lines that name no node', { ...where, lines: withoutInstance });
  }
  if (cut > 0) {
    deps.count('LinesCut', cut);
    deps.log.warn('leaving out text of a stream with too long or too many lines', { ...where, lines: cut });
  }
};

const publish = async (deps: LogClassifierPorts, event: unknown): Promise<void> => {
  const { payload: logs, isReplayed } = withoutMark(event);
  const decoded = decodeLogs(logs);
  if (!decoded.ok) throw new PermanentError(decoded.error);
  const payload = decoded.value;
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
  const reading = readSymptoms(cluster, logStream, logEvents, nowMs, {
    classify: deps.classify,
    mayShow: deps.mayShow,
    knows,
    mayRead: (characters) => deps.budget.take(`${logGroup} ${logStream}`, characters, nowMs),
  });
  const { symptoms: seen } = reading;
  countUnread(deps, reading, { logGroup, logStream });
  // A hint leads to a check at most.
  const symptoms = isReplayed ? seen.map((symptom) => ({ ...symptom, hint: true as const })) : seen;
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
