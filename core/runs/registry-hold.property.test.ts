import fc from 'fast-check';
import { expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { aQueuedRun, LIMITS, nodes, observed, quiet, START } from '../../test/support/runs.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { ObservationRow } from '../state/command-state.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { Tally } from '../state/results.ts';
import type { EndedRun, RunningRun, RunState } from '../state/run-state.ts';
import { advance } from './advance.ts';
import { afterRun, dueRows, newLane, nextDue } from './lane.ts';
import type { DecidedAgain } from './sending.ts';
import { startRun } from './start.ts';

const LANE = 'demo/pause-image';
const MINUTE_MS = 60_000;

const Outage = fc.record({
  count: fc.integer({ min: 1, max: 30 }),
  /** Which nodes need no registry. */
  local: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
  /** The nodes of an operator's request, which have no pending row. */
  asked: fc.integer({ min: 0, max: 5 }),
  slots: fc.integer({ min: 1, max: 10 }),
  downMinutes: fc.integer({ min: 0, max: 600 }),
  /** How long after a failure a node complains again. */
  silenceMinutes: fc.integer({ min: 15, max: 90 }),
});

type Outage = typeof Outage extends fc.Arbitrary<infer T> ? T : never;

/** Nodes that always say that the registry did not answer, and when each of the others breaks. */
type Cluster = { readonly liars: ReadonlySet<string>; readonly breaksAtMinutes: ReadonlyMap<string, number> };
const HONEST: Cluster = { liars: new Set(), breaksAtMinutes: new Map() };

/** Simulates a lane with its own clock during an outage of the registry, until all honest nodes are repaired. */
const play = (outage: Outage, { liars, breaksAtMinutes }: Cluster = HONEST) => {
  const endMs = epochMs(START) + outage.downMinutes * MINUTE_MS;
  let nowMs = epochMs(START);
  let lane: LaneState = newLane(LANE);
  let version = 0;
  const pendingNodes = new Map<string, PendingNode>();
  const broken = new Set(nodes(outage.count));
  const complaints = new Map<string, number>();
  const repairedAtMs = new Map<string, number>();
  const isDone = (): boolean => [...broken].every((id) => liars.has(id));
  const runs: { readonly before: LaneState; readonly run: EndedRun; readonly sent: readonly string[] }[] = [];
  const needsRegistry = (id: string): boolean =>
    outage.local[Number.parseInt(id.slice(2), 16) % outage.local.length] !== true;
  const now = (): string => isoTime(nowMs);
  const complain = (id: string, notBefore?: string): void => {
    pendingNodes.set(id, {
      lane: LANE,
      cluster: 'demo',
      instanceId: id,
      reason: 'SandboxImageMissing',
      ...(needsRegistry(id) ? {} : { localMethod: true }),
      firstSeenAt: now(),
      lastSeenAt: now(),
      signals: 1,
      source: 'fleetmend.check',
      because: { kind: 'finding' },
      ...(notBefore === undefined ? {} : { notBefore }),
      version: `v${++version}`,
    });
  };
  const perform = (entries: readonly OutboxEntry[]): void => {
    for (const entry of entries) {
      if (entry.kind === 'enqueue') for (const [id] of entry.nodes) complain(id, entry.notBefore);
      if (entry.kind !== 'drop' && entry.kind !== 'defer') continue;
      for (const [id, seen] of entry.rows) {
        const row = pendingNodes.get(id);
        if (row === undefined || row.version !== seen) continue;
        const { skipped, ...rest } = row;
        const { notBefore, skipReason } = entry.kind === 'defer' ? entry : { notBefore: '', skipReason: undefined };
        if (entry.kind === 'drop') pendingNodes.delete(id);
        else pendingNodes.set(id, { ...rest, notBefore, ...(skipReason === undefined ? {} : { skipped: skipReason }) });
      }
    }
  };
  const tallyOf = (id: string): Tally => {
    if (needsRegistry(id) && (nowMs < endMs || liars.has(id))) {
      complaints.set(id, nowMs + outage.silenceMinutes * MINUTE_MS);
      return { outcome: 'NotRepaired', reason: 'RegistryUnreachable', registry: 'silent', at: now() };
    }
    broken.delete(id);
    repairedAtMs.set(id, nowMs);
    return { outcome: 'Repaired', ...(needsRegistry(id) ? { registry: 'answers' as const } : {}), at: now() };
  };
  const drive = (planned: RunningRun): { readonly run: EndedRun; readonly sent: readonly string[] } => {
    const sent: string[] = [];
    const observations: ObservationRow[] = [];
    let run: RunState = planned;
    const decideAgain = (instanceId: string): DecidedAgain => ({
      candidate: { instanceId, ...defined({ row: pendingNodes.get(instanceId) }) },
      decision: { kind: 'go' },
    });
    while (run.status !== 'ended') {
      const next = advance(
        run,
        quiet({ observations, slots: outage.slots, nodeLocal: new Set(['RegistryUnreachable']), decideAgain }),
        now(),
        LIMITS,
      );
      perform(next.state.outbox.filter((e) => e.kind !== 'notice'));
      run = { ...next.state, outbox: [] };
      nowMs += 10_000;
      for (const { key } of next.effects) {
        const ids = run.commands.find((c) => c.key === key)?.instanceIds ?? [];
        sent.push(...ids);
        const tallies = Object.fromEntries(ids.map((id) => [id, tallyOf(id)]));
        observations.push(observed(key, tallies, { runId: run.runId, commandId: `c-${run.runId}-${key}`, at: now() }));
      }
    }
    return { run, sent };
  };
  const turn = (candidates: Parameters<typeof startRun>[1]['candidates']): void => {
    const before = lane;
    const queued = aQueuedRun({ runId: `r-${runs.length + 1}`, createdAt: now(), dueAt: now() });
    const ssm = { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' };
    const planned = startRun(queued, {
      candidates,
      facts: new Map(
        candidates.map(({ instanceId }) => [
          instanceId,
          { instanceId, state: 'running', inCluster: true, autoMode: false, ssm },
        ]),
      ),
      nodeStates: new Map(),
      isManaged: true,
      mayRepair: true,
      maintenance: () => undefined,
      lane,
      limits: LIMITS,
      now: now(),
    });
    perform(planned.outbox);
    const { run, sent } = drive({ ...planned, outbox: [] });
    lane = afterRun({ ...lane, activeRunId: run.runId }, run);
    runs.push({ before, run, sent });
  };

  const asked = [...broken].slice(0, outage.asked);
  for (const id of [...broken].slice(outage.asked)) {
    const minutes = breaksAtMinutes.get(id);
    if (minutes === undefined) complain(id);
    else complaints.set(id, nowMs + minutes * MINUTE_MS);
  }
  if (asked.length > 0) turn(asked.map((instanceId) => ({ instanceId })));
  for (let turns = 0; !isDone(); turns++) {
    if (turns > 2000) throw new Error(`2000 turns, and ${broken.size} nodes are still broken: a hold does not end`);
    for (const [id, at] of complaints) {
      if (at > nowMs || !complaints.delete(id) || !broken.has(id)) continue;
      complain(id, pendingNodes.get(id)?.notBefore);
    }
    const due = dueRows([...pendingNodes.values()], now());
    if (due.length > 0) turn(due.map((row) => ({ instanceId: row.instanceId, row })));
    const next = nextDue([...pendingNodes.values()], now());
    const nextMs = Math.min(...complaints.values(), next === undefined ? Number.POSITIVE_INFINITY : epochMs(next));
    if (isDone()) break;
    if (nextMs === Number.POSITIVE_INFINITY) throw new Error('a broken node is lost');
    nowMs = Math.max(nowMs, nextMs);
  }
  return { runs, needsRegistry, repairedAtMs, endMs, nowMs };
};

it('however long a registry is down, every node is repaired when it is back, and few nodes try it', () => {
  fc.assert(
    fc.property(Outage, (outage) => {
      const { runs, needsRegistry, endMs, nowMs } = play(outage);
      // A hold is at most as long as the time before it plus 15 minutes; a check or a symptom may add to it.
      const downMs = endMs - epochMs(START);
      expect(nowMs - endMs).toBeLessThanOrEqual(downMs + 240 * MINUTE_MS);
      for (const { before, run, sent } of runs) {
        expect(new Set(sent).size).toBe(sent.length);
        // One node that failed before, and the nodes in flight together with the second.
        const startedAt = run.startedAt ?? '';
        const silences = Object.values(run.registry?.silent ?? {}).filter(({ last }) => last > startedAt);
        expect(silences.length).toBeLessThanOrEqual(Math.max(3, 1 + outage.slots));
        const hold = before.registryHold;
        if (hold === undefined) continue;
        const trials = sent.filter(needsRegistry);
        expect(trials.length).toBeLessThanOrEqual(hold.until > startedAt ? 0 : 3);
      }
      const sends = runs.flatMap((r) => r.sent).filter((id) => !needsRegistry(id));
      expect(sends).toHaveLength(nodes(outage.count).filter((id) => !needsRegistry(id)).length);
    }),
    search('registry outages', 50, 3000),
  );
});

/** A lane of twelve nodes that all need the registry, which answers; two of them say that it does not. */
const TWELVE: Outage = { count: 12, local: [false], asked: 0, slots: 1, downMinutes: 0, silenceMinutes: 15 };
const Liars = fc
  .uniqueArray(fc.nat(11), { minLength: 2, maxLength: 2 })
  .map((ns) => new Set(ns.map((n) => nodes(12)[n] ?? '')));

it('two nodes that lie hold the others back for one hold at most', () => {
  fc.assert(
    fc.property(Liars, (liars) => {
      const { repairedAtMs } = play(TWELVE, { liars, breaksAtMinutes: new Map() });
      expect(repairedAtMs.size).toBe(10);
      // The canaries before the hold, 15 minutes, and then each of the others in its turn.
      expect(Math.max(...repairedAtMs.values()) - epochMs(START)).toBeLessThanOrEqual(22 * MINUTE_MS);
    }),
    search('two liars of twelve nodes', 20),
  );
});

it('nor do they hold back a node that breaks later', () => {
  const Breaks = fc.array(fc.integer({ min: 0, max: 1440 }), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(Liars, Breaks, (liars, minutes) => {
      const breaksAtMinutes = new Map(
        nodes(12).flatMap((id, i): [string, number][] => (liars.has(id) ? [] : [[id, minutes[i] ?? 0]])),
      );
      const { repairedAtMs } = play(TWELVE, { liars, breaksAtMinutes });
      for (const [id, minute] of breaksAtMinutes) {
        const waitedMs = (repairedAtMs.get(id) ?? Number.POSITIVE_INFINITY) - epochMs(START) - minute * MINUTE_MS;
        expect(waitedMs).toBeLessThanOrEqual(22 * MINUTE_MS);
      }
    }),
    search('nodes that break beside two liars', 8),
  );
});
