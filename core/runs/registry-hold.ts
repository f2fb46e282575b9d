import { REGISTRY_UNREACHABLE } from '../guards/attempts.ts';
import {
  holdAfterNews,
  isSameNews,
  NO_NEWS,
  type RegistryWord,
  TRIALS,
  unexplained,
  withWords,
} from '../guards/registry.ts';
import { counted } from '../model/counted.ts';
import { defined, without } from '../model/defined.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState, ObservationRow } from '../state/command-state.ts';
import { withCounts } from '../state/counts.ts';
import type { RegistryHold, RegistryNews } from '../state/lane-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { PlannedRun, RunningRun, RunState } from '../state/run-state.ts';
import { batchTallies } from './batch-results.ts';
import { countedBefore, keptUntil, type TakenNode, takenOf } from './outbox.ts';

/** What the results of a run's nodes show of the registry. */
const wordsOf = (run: RunState, observations: readonly ObservationRow[]): readonly RegistryWord[] =>
  run.commands.flatMap((command) => {
    const seen = observations.filter(({ key }) => key === command.key);
    return Object.entries(batchTallies(seen, run)).flatMap(([instanceId, { open, registry, at }]) =>
      open === true || registry === undefined ? [] : [{ instanceId, at, registry }],
    );
  });

/** Whether a node needs no registry: a check found a local method, or the image is in no registry. */
export const isLocal = (row: Pick<PendingNode, 'localMethod' | 'image'> | undefined): boolean =>
  row?.localMethod === true || row?.image?.startsWith('localhost/') === true;

/** The decision about a node that needs the registry during the lane's hold. */
export const heldDecision = (hold: RegistryHold) => ({
  kind: 'skip' as const,
  skipReason: 'RegistryHeld' as const,
  reason: REGISTRY_UNREACHABLE,
  message: `the registry did not answer the nodes of run ${hold.runId}: held until ${hold.until}, then up to ${TRIALS} nodes try it`,
  notBefore: hold.until,
});

/** The notice that the hold has begun, or ended, with its detail. */
const noticeOf = (
  { runId, lane, group, cluster, remediation }: RunState,
  { until }: RegistryHold,
  end: '' | ' Ended',
  at: string,
  detail: object = {},
): OutboxEntry => ({
  kind: 'notice',
  id: `${runId}/registry${end}/${until}`,
  at,
  detailType: `Registry Hold${end}`,
  detail: { lane: lane ?? group, cluster, remediation, runId, ...detail },
});

/** Removes the nodes that need the registry from the unsent nodes of the run. */
const takeOut = (run: RunningRun): { readonly run: RunningRun; readonly taken: readonly TakenNode[] } => {
  const local = new Set(run.local);
  const needs = ([id]: TakenNode): boolean => !local.has(id);
  const taken: TakenNode[] = run.pending.filter(needs);
  const commands = run.commands.map((c): CommandState => {
    if (c.status !== 'planned' || !takenOf(c).some(needs)) return c;
    taken.push(...takenOf(c).filter(needs));
    const kept = takenOf(c).filter((node) => !needs(node));
    const { versions, notBefore, ...base } = c;
    if (kept.length === 0) return { ...base, instanceIds: [], status: 'closed', counts: countedBefore(c) };
    return {
      ...c,
      instanceIds: kept.map(([id]) => id),
      versions: kept.map(([, version]) => version),
      size: c.size - c.instanceIds.length + kept.length,
    };
  });
  return { run: { ...run, commands, pending: run.pending.filter((node) => !needs(node)) }, taken };
};

const messageOf = (run: PlannedRun, hold: RegistryHold, news: RegistryNews): string => {
  const host = run.image?.split('/', 1)[0];
  const named = host === undefined || host === 'localhost' ? 'the registry' : `the registry ${host}`;
  const asked = run.preflight === undefined ? '' : ` (asked by fleetmend before: ${run.preflight})`;
  const silent = unexplained(news).length;
  const nodes = counted(silent, 'node');
  return `${named} did not answer ${nodes}${asked}: held until ${hold.until}, then up to ${TRIALS} nodes try it`;
};

/** Whether every node of the run that needs the registry has tried it. */
const hasTried = (run: PlannedRun): boolean => {
  const local = new Set(run.local);
  return run.commands.every((c) => c.status === 'closed') && run.pending.every(([id]) => local.has(id));
};

/** Adds what the observations show of the registry to a repair, and starts or ends the hold by it. */
export const withRegistryNews = <Run extends PlannedRun>(
  run: Run,
  observations: readonly ObservationRow[],
  now: string,
  limits: Limits,
): Run => {
  const words = run.action === 'check' ? [] : wordsOf(run, observations);
  if (words.length === 0) return run;
  const { registryHold: before } = run;
  const known = run.registry ?? NO_NEWS;
  const news = withWords(known, words, now);
  const hold = holdAfterNews(news, before, { runId: run.runId, hasTried: hasTried(run) }, now, limits);
  if (hold === before && isSameNews(news, known)) return run;
  const after = { ...without(run, 'registryHold'), registry: news, ...defined({ registryHold: hold }) };
  if (hold === undefined)
    return before === undefined
      ? after
      : { ...after, outbox: [...after.outbox, noticeOf(after, before, ' Ended', now)] };
  if (hold.holds === before?.holds) return after;
  const { until, holds } = hold;
  const detail = { until, holds, message: messageOf(after, hold, news) };
  return { ...after, outbox: [...after.outbox, noticeOf(after, hold, '', now, detail)] };
};

/**
 * Takes the nodes that need the registry out of the run that has started a hold: they become pending nodes until it ends.
 * Nodes with a local method stay. A command that is later reported as not sent is looked at again.
 */
export const holdForRegistry = (run: RunningRun, now: string): RunningRun => {
  const { registryHold: hold, registry } = run;
  if (hold?.runId !== run.runId || registry === undefined) return run;
  const { run: left, taken } = takeOut(run);
  if (taken.length === 0) return run;
  const ids = taken.map(([id]) => id);
  const message = messageOf(run, hold, registry);
  const told = { outcome: 'Skipped', skipReason: 'RegistryHeld', reason: REGISTRY_UNREACHABLE, message } as const;
  return {
    ...left,
    settled: withCounts(run.settled, { RegistryHeld: ids.length }),
    outbox: [
      ...run.outbox,
      { kind: 'results', ...told, at: now, instanceIds: ids },
      ...keptUntil(run, taken, hold.until, told.skipReason, now),
    ],
  };
};
