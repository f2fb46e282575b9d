import { becauseOnce } from '../model/because.ts';
import { fnv1a } from '../model/hash.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { NODE_CHECK } from '../model/lane-name.ts';
import { meaningOf } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import type { NodeNote, RunDigest } from '../state/run-digest.ts';
import type { EndedRun, QueuedRun, Raised } from '../state/run-state.ts';
import { parentOf } from './outbox.ts';
import { queuedRun } from './queued-run.ts';

/** The most early sweeps of a node group between two sweeps of its cluster. */
export const MAX_EARLY_SWEEPS = 5;
const PART_OF_INTERVAL = 6;
const MIN_DELAY_SECONDS = 120;
const MAX_DELAY_SECONDS = 600;
/** A node brings a sweep forward once in this time: one that breaks again and again does no more. */
const RAISES_ONCE_IN_MS = 86_400_000;
/** Scheduler wakes what is due each minute. */
const TICK_SECONDS = 60;

/** How long after the start of a sweep the early sweep follows that it asks for, in seconds. */
export const earlyDelaySeconds = (everyMinutes: number): number =>
  Math.min(MAX_DELAY_SECONDS, Math.max(MIN_DELAY_SECONDS, (everyMinutes * 60) / PART_OF_INTERVAL));

/** The id of an early sweep of a node group: the same for all runs of the sweep that it follows, and with the time of that. */
export const earlySweepId = (sweep: string, turn: number, nodegroup: string): string =>
  `${sweep.replace(/-sweep.*/, '')}-e${turn}-${fnv1a(`${sweep}/${nodegroup}`).toString(36)}`;

/** The nodes that have brought a sweep forward lately. */
const lately = (raised: readonly Raised[], now: string): readonly Raised[] =>
  raised.filter(([, at]) => epochMs(at) > epochMs(now) - RAISES_ONCE_IN_MS);

/**
 * The node group of a node in a run: empty where EC2 showed the node without one, undefined where its instance was not known
 * when its command was sent.
 */
const groupOf = ({ nodegroup, ami }: NodeNote): string | undefined => nodegroup ?? (ami === undefined ? undefined : '');

/** What a sweep knows of its nodes from those before it. */
const knownOf = ({ early, ...run }: EndedRun, now: string) => ({
  ailing: (early ?? run).ailing ?? [],
  raised: lately((early ?? run).raised ?? [], now),
});

/**
 * The early sweeps that a sweep asks for at its end: one of each node group in which it found a fault that is new there. A
 * fault that stays, or a node that has brought a sweep forward in the last 24 hours, asks for none.
 */
export const earlySweepsAfter = (
  run: EndedRun,
  { notes }: Pick<RunDigest, 'notes'>,
  { everyMinutes, limits }: { readonly everyMinutes: number; readonly limits: Limits },
  now: string,
): { readonly sweeps: readonly QueuedRun[]; readonly raised: Raised[] } => {
  const { ailing, raised } = knownOf(run, now);
  const old = new Set([...ailing, ...raised.map(([id]) => id)]);
  const startedAt = run.startedAt ?? run.createdAt;
  const { early: { of, from, turn } = { of: run.requestId, from: startedAt, turn: 0 } } = run;
  const dueMs = Math.max(epochMs(now), epochMs(startedAt) + earlyDelaySeconds(everyMinutes) * 1000);
  // Shortly before the next sweep, an early one would find nothing sooner.
  const lastMs = epochMs(from) + (everyMinutes * 60 - earlyDelaySeconds(everyMinutes) / 2) * 1000;
  const mayAsk = run.end === 'Done' && turn < MAX_EARLY_SWEEPS && dueMs <= lastMs;
  const broken = notes.filter(({ outcome }) => meaningOf(outcome).isFinding);
  const fresh = (mayAsk ? broken : []).flatMap((note) => {
    const nodegroup = groupOf(note);
    return nodegroup === undefined || old.has(note.instanceId) ? [] : [{ instanceId: note.instanceId, nodegroup }];
  });
  const raising = [...new Set(fresh.map(({ instanceId }) => instanceId))];
  const after = [...raised, ...raising.map((id): Raised => [id, now])];
  const known = { ailing: [...new Set([...ailing, ...broken.map((note) => note.instanceId)])], raised: after };
  const because = becauseOnce(
    {
      kind: 'finding',
      parent: parentOf(run),
      detectedWithinSeconds: Math.ceil((dueMs - epochMs(startedAt)) / 1000) + TICK_SECONDS,
    },
    'fleetmend.run',
    now,
  );
  const sweeps = [...new Set(fresh.map(({ nodegroup }) => nodegroup))].map((nodegroup): QueuedRun => {
    const runId = earlySweepId(of, turn + 1, nodegroup);
    const { cluster } = run;
    return {
      ...queuedRun({
        ...{ runId, cluster, remediation: NODE_CHECK, action: 'check', group: runId, because, now, limits },
        document: { key: NODE_CHECK },
        slice: { from: 0 },
      }),
      early: { nodegroup, of, from, turn: turn + 1, ...known },
      dueAt: isoTime(dueMs),
    };
  });
  return { sweeps, raised: after };
};
