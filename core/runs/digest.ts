import { defined } from '../model/defined.ts';
import { epochMs } from '../model/ids.ts';
import { NODE_CHECK } from '../model/lane-name.ts';
import { meaningOf } from '../model/outcome.ts';
import type { ObservationRow } from '../state/command-state.ts';
import type { Reading } from '../state/results.ts';
import type { NodeNote, RunDigest } from '../state/run-digest.ts';
import { type EndedRun, type RunState, stopOf } from '../state/run-state.ts';
import { batchOf } from './batch.ts';
import { batchReadings } from './batch-results.ts';
import { nodeGrade } from './observation.ts';
import { countsOf } from './reports.ts';

/** The most notes of a digest. A note has at most about 330 bytes, and an item 400 KB. */
export const MAX_NOTES = 1000;
const MAX_VERSION = 40;

/** Whether a run has ended. */
export const hasEnded = (run: RunState): run is EndedRun => run.status === 'ended';

const containerdOf = ({ evidence }: Pick<Reading, 'evidence'>): string | undefined => {
  const version = evidence?.containerd;
  return typeof version === 'string' ? version.slice(0, MAX_VERSION) : undefined;
};

type Shown = Pick<Reading, 'outcome' | 'reason' | 'evidence'> & { readonly remediation: string };

/** The findings of a check, or its outcome where it has none. */
const shownOf = (run: RunState, reading: Reading): readonly Shown[] => {
  const found = (reading.findings ?? []).filter(({ outcome }) => meaningOf(outcome).isFinding);
  return found.length === 0 ? [{ ...reading, remediation: run.remediation }] : found;
};

/** The seconds from the first report of a fault to its repair; undefined where the node was not repaired. */
const repairedAfterOf = ({ outcome, since, endedAt }: Reading): number | undefined =>
  since === undefined || !meaningOf(outcome).isRepaired
    ? undefined
    : Math.max(0, Math.round((epochMs(endedAt) - epochMs(since)) / 1000));

const notesOf = (run: RunState, instanceId: string, reading: Reading): readonly NodeNote[] =>
  shownOf(run, reading).map(({ outcome, reason, remediation, evidence }) => ({
    instanceId,
    at: reading.endedAt,
    outcome,
    remediation,
    ...defined({
      reason,
      nodegroup: reading.nodegroup,
      ami: reading.ami,
      containerd: containerdOf({ evidence }) ?? containerdOf(reading),
      detectedWithin: reading.detectedWithinSeconds,
      repairedAfter: repairedAfterOf(reading),
    }),
  }));

/** The final readings of a run, by node. */
const readingsOf = (observations: readonly ObservationRow[]): readonly (readonly [string, Reading])[] =>
  [...Map.groupBy(observations, ({ key }) => batchOf(key)).values()].flatMap((parts) =>
    parts.length < (parts[0]?.parts ?? 1)
      ? []
      : [...batchReadings(parts, () => undefined)].filter(([id]) => nodeGrade(parts, id) !== undefined),
  );

/** Whether a check looks for every fault. */
export const isFullCheck = ({ remediation }: Pick<RunState, 'remediation'>): boolean => remediation === NODE_CHECK;

/**
 * The digest of a run that has ended, from the observations of its commands. The same observations give the same digest,
 * in any order. Where there are more notes than fit, each node keeps its first one.
 */
export const digestOf = (run: EndedRun, observations: readonly ObservationRow[]): RunDigest => {
  const { runId, requestId, cluster, remediation, action, because, createdAt, startedAt, endedAt, end } = run;
  const isSweep = because.kind === 'sweep';
  const sorted = observations.toSorted((a, b) => a.key.localeCompare(b.key));
  const readings = readingsOf(sorted).toSorted(([a], [b]) => a.localeCompare(b));
  const isFine = ({ outcome }: Reading): boolean => action === 'check' && meaningOf(outcome).isOmittedByChecks;
  const healthy = isSweep ? [] : readings.flatMap(([id, reading]) => (isFine(reading) ? [id] : []));
  const noted = readings
    .filter(([, reading]) => !isFine(reading) && !meaningOf(reading.outcome).hasSkipReason)
    .map(([id, reading]) => notesOf(run, id, reading));
  const all = [...noted.flatMap((own) => own.slice(0, 1)), ...noted.flatMap((own) => own.slice(1))];
  return {
    ...{ runId, requestId, cluster, remediation, action, because: because.kind, createdAt, endedAt, end },
    ...defined({ by: because.by, startedAt, stopped: stopOf(run)?.reason }),
    counts: countsOf(run),
    notes: all.slice(0, MAX_NOTES),
    ...(all.length > MAX_NOTES ? { more: all.length - MAX_NOTES } : {}),
    ...(healthy.length === 0 ? {} : { healthy }),
  };
};
