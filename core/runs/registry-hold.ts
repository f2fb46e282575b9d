import { REGISTRY_UNREACHABLE } from '../guards/attempts.ts';
import { breakerSeconds } from '../guards/trust.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { meaningOf } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState } from '../state/command-state.ts';
import { withCounts } from '../state/counts.ts';
import type { LaneState, RegistryHold } from '../state/lane-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { ResultRow, Tally } from '../state/results.ts';
import type { RunState } from '../state/run-state.ts';
import { countedBefore, keptUntil, type TakenNode, takenOf } from './outbox.ts';

/** The number of consecutive registry timeouts that start a hold. After a hold, one timeout starts the next. */
const SILENT_TO_HOLD = 2;

/** The methods that fetch an image from a registry. */
const REGISTRY_METHODS: ReadonlySet<string | undefined> = new Set(['unit', 'ecr', 'fetch', 'mirror', 'pull', 'login']);
/** The reasons that prove that the registry answered. */
const ANSWERS: ReadonlySet<string | undefined> = new Set(['RegistryDenied', 'RegistryImageNotFound']);

/** Whether the registry answered the node, according to its result; undefined if the result does not show it. */
export const registryWord = (
  row: Pick<ResultRow, 'action' | 'outcome' | 'reason' | 'method'>,
): 'silent' | 'answers' | undefined => {
  if (row.action === 'check') return undefined;
  if (meaningOf(row.outcome).isRepaired) return REGISTRY_METHODS.has(row.method) ? 'answers' : undefined;
  if (row.reason === REGISTRY_UNREACHABLE) return 'silent';
  return ANSWERS.has(row.reason) ? 'answers' : undefined;
};

/**
 * The number of a command's nodes that the registry did not answer. The nodes ran at the same time: if the registry
 * answered one of them, the timeouts of the others have a cause on those nodes.
 */
export const silentOf = (nodes: Readonly<Record<string, Tally>>): number | undefined => {
  const words = Object.values(nodes).flatMap((tally) => tally.registry ?? []);
  if (words.length === 0) return undefined;
  return words.includes('answers') ? 0 : words.length;
};

/** The number of consecutive nodes that the registry did not answer, over the commands in the order of their keys. */
const silentInARow = (run: RunState): number => {
  const told = run.commands.flatMap((c) => c.silent ?? []);
  return told.slice(told.lastIndexOf(0) + 1).reduce((sum, n) => sum + n, 0);
};

/** Whether the registry answered the last command of the run whose results show it. */
const answersNow = (run: RunState): boolean => run.commands.flatMap((c) => c.silent ?? []).at(-1) === 0;

/** Whether a node needs no registry: a check found a local method, or the image is in no registry. */
export const isLocal = (row: Pick<PendingNode, 'localMethod' | 'image'> | undefined): boolean =>
  row?.localMethod === true || row?.image?.startsWith('localhost/') === true;

/** The decision about a node that needs the registry during the lane's hold. */
export const heldDecision = (hold: RegistryHold) => ({
  kind: 'skip' as const,
  skipReason: 'BlockedBy' as const,
  reason: REGISTRY_UNREACHABLE,
  message: `the registry did not answer the nodes of run ${hold.runId}: held until ${hold.until}, then one node tries it`,
  notBefore: hold.until,
});

const begin = (run: RunState, now: string, limits: Limits): RegistryHold | undefined => {
  const { registryHold: before } = run;
  if (before !== undefined && (before.runId === run.runId || before.until > now)) return undefined;
  if (silentInARow(run) < (before === undefined ? SILENT_TO_HOLD : 1)) return undefined;
  const holds = (before?.holds ?? 0) + 1;
  return { until: isoTime(epochMs(now) + breakerSeconds(holds, limits) * 1000), holds, runId: run.runId };
};

const noticeOf = (run: RunState, hold: RegistryHold, message: string): OutboxEntry => ({
  kind: 'notice',
  id: `${run.runId}/registry`,
  detailType: 'Registry Hold',
  detail: {
    lane: run.group,
    cluster: run.cluster,
    remediation: run.remediation,
    runId: run.runId,
    until: hold.until,
    holds: hold.holds,
    message,
  },
});

/** Removes the nodes that need the registry from the unsent nodes of the run. */
const takeOut = (run: RunState): { readonly run: RunState; readonly taken: readonly TakenNode[] } => {
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

const messageOf = (run: RunState, hold: RegistryHold): string => {
  const host = run.image?.split('/', 1)[0];
  const named = host === undefined || host === 'localhost' ? 'the registry' : `the registry ${host}`;
  const asked = run.preflight === undefined ? '' : ` (asked by fleetmend before: ${run.preflight})`;
  const silent = silentInARow(run);
  return `${named} did not answer ${silent} node${silent === 1 ? '' : 's'}${asked}: held until ${hold.until}, then one node tries it`;
};

/**
 * Starts a hold after two consecutive registry timeouts. The run's unsent nodes that need the registry become pending nodes
 * until the hold ends; nodes with a local method stay. A command that is later reported as not sent is checked again.
 */
export const holdForRegistry = (run: RunState, now: string, limits: Limits): RunState => {
  if (run.action === 'check') return run;
  const begun = begin(run, now, limits);
  const hold = begun ?? run.registryHold;
  if (hold?.runId !== run.runId || answersNow(run)) return run;
  const message = messageOf(run, hold);
  const { run: left, taken } = takeOut(run);
  const ids = taken.map(([id]) => id);
  const told = { outcome: 'Skipped', skipReason: 'BlockedBy', reason: REGISTRY_UNREACHABLE, message } as const;
  const outbox: OutboxEntry[] = [
    ...(begun === undefined ? [] : [noticeOf(run, begun, message)]),
    ...(ids.length === 0 ? [] : [{ kind: 'results' as const, ...told, at: now, instanceIds: ids }]),
    ...keptUntil(run, taken, hold.until, told.skipReason, now),
  ];
  if (outbox.length === 0) return run;
  return {
    ...left,
    registryHold: hold,
    settled: ids.length === 0 ? run.settled : withCounts(run.settled, { BlockedBy: ids.length }),
    outbox: [...run.outbox, ...outbox],
  };
};

/** The hold of the lane after a run. */
export const holdAfter = (lane: LaneState, run: RunState): RegistryHold | undefined =>
  answersNow(run) ? undefined : (run.registryHold ?? lane.registryHold);
