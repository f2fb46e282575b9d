import type { Because } from '../model/because.ts';
import { defined } from '../model/defined.ts';
import { fnv1a } from '../model/hash.ts';
import { epochMs } from '../model/ids.ts';
import { sweepRunId } from '../model/run-id.ts';
import type { EndedRun, Raised, RunningRun, RunState } from '../state/run-state.ts';

/** A sweep that has ended: when it began to look, the nodes that it found healthy, and those that ail as far as is known. */
export type Sweep = {
  readonly startedAt: string;
  readonly healthy: ReadonlySet<string>;
  readonly ailing: ReadonlySet<string>;
  /** The nodes whose faults have brought a sweep forward. */
  readonly raised?: readonly Raised[];
};

/** A sweep by its run, and by what its check knows. A node without an answer is as it was before it. */
export const sweepOf = (
  { startedAt, ailing = [], raised }: Pick<EndedRun, 'ailing' | 'raised'> & { readonly startedAt: string },
  found: Pick<Sweep, 'healthy' | 'ailing'>,
): Sweep => ({
  startedAt,
  ...defined({ raised }),
  healthy: found.healthy,
  ailing: new Set([...found.ailing, ...ailing.filter((id) => !found.healthy.has(id))]),
});

/**
 * The ids of the sweeps before a sweep, the last one first: those of the same part of the cluster's list of nodes. None for
 * another run, or where the time between two sweeps is not known.
 */
export const sweepIdsBefore = (
  { runId, cluster, createdAt, because }: Pick<RunState, 'runId' | 'cluster' | 'createdAt' | 'because'>,
  count: number,
): readonly string[] => {
  const seconds = because.detectedWithinSeconds;
  if (because.kind !== 'sweep' || seconds === undefined) return [];
  const idAt = (ms: number) => sweepRunId(ms, fnv1a(cluster));
  const own = idAt(epochMs(createdAt));
  if (!runId.startsWith(own)) return [];
  const part = runId.slice(own.length);
  return Array.from({ length: count }, (_, i) => `${idAt(epochMs(createdAt) - (i + 1) * seconds * 1000)}${part}`);
};

/** The nodes of a sweep that none of the earlier sweeps found healthy. */
export const unseenIn = (nodes: readonly string[], sweeps: readonly Sweep[]): readonly string[] =>
  nodes.filter((id) => !sweeps.some(({ healthy }) => healthy.has(id)));

/**
 * A planned sweep that knows how long ago each of its nodes was seen healthy. `sweeps` are those before it, the last one
 * first. A node that none of them found healthy has the time between two sweeps.
 */
export const withLastLooks = (run: RunningRun, sweeps: readonly Sweep[], now: string): RunningRun => {
  const interval = run.because.detectedWithinSeconds;
  const [last] = sweeps;
  if (last === undefined || interval === undefined) return run;
  const since = ({ startedAt }: Sweep): number => Math.max(0, Math.ceil((epochMs(now) - epochMs(startedAt)) / 1000));
  const looks = run.pending.flatMap(([id]): [string, number][] => {
    if (last.healthy.has(id)) return [];
    const earlier = sweeps.find(({ healthy }) => healthy.has(id));
    return [[id, earlier === undefined ? interval : since(earlier)]];
  });
  const ailing = run.pending.flatMap(([id]) => (last.ailing.has(id) ? [id] : []));
  return {
    ...run,
    because: { ...run.because, detectedWithinSeconds: since(last) },
    ...(looks.length === 0 ? {} : { looks }),
    ...(ailing.length === 0 ? {} : { ailing }),
    ...(last.raised === undefined ? {} : { raised: [...last.raised] }),
  };
};

/** Why each of these nodes of a sweep is in it, where the time since its last look is not that of the others. */
export const becausesOfLooks = (run: RunState, nodes: readonly string[]): Readonly<Record<string, Because>> => {
  const looks = new Map(run.status === 'queued' ? [] : run.looks);
  return Object.fromEntries(
    nodes.flatMap((id) => {
      const detectedWithinSeconds = looks.get(id);
      return detectedWithinSeconds === undefined ? [] : [[id, { ...run.because, detectedWithinSeconds }]];
    }),
  );
};
