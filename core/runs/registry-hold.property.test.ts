import fc from 'fast-check';
import { expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { aRun, LIMITS, nodes, observed, quiet, START } from '../../test/support/runs.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { ObservationRow } from '../state/command-state.ts';
import type { LaneState } from '../state/lane-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { Tally } from '../state/results.ts';
import type { RunState } from '../state/run-state.ts';
import { advance } from './advance.ts';
import { afterRun, dueRows, newLane, nextDue } from './lane.ts';
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

/** Simulates a lane with its own clock during an outage of the registry, until all nodes are repaired. */
const play = (outage: typeof Outage extends fc.Arbitrary<infer T> ? T : never) => {
  const endMs = epochMs(START) + outage.downMinutes * MINUTE_MS;
  let nowMs = epochMs(START);
  let lane: LaneState = newLane(LANE);
  let version = 0;
  const pendingNodes = new Map<string, PendingNode>();
  const broken = new Set(nodes(outage.count));
  const complaints = new Map<string, number>();
  const runs: { readonly before: LaneState; readonly run: RunState; readonly sent: readonly string[] }[] = [];
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
    if (needsRegistry(id) && nowMs < endMs) {
      complaints.set(id, nowMs + outage.silenceMinutes * MINUTE_MS);
      return { outcome: 'NotRepaired', reason: 'RegistryUnreachable', registry: 'silent', at: now() };
    }
    broken.delete(id);
    return { outcome: 'Repaired', ...(needsRegistry(id) ? { registry: 'answers' as const } : {}), at: now() };
  };
  const drive = (planned: RunState): { readonly run: RunState; readonly sent: readonly string[] } => {
    const sent: string[] = [];
    const observations: ObservationRow[] = [];
    let run = planned;
    while (run.status !== 'ended') {
      const next = advance(
        run,
        quiet({ observations, slots: outage.slots, nodeLocal: new Set(['RegistryUnreachable']) }),
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
    const queued = aRun(0, { status: 'queued', runId: `r-${runs.length + 1}`, createdAt: now(), dueAt: now() });
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
  for (const id of [...broken].slice(outage.asked)) complain(id);
  if (asked.length > 0) turn(asked.map((instanceId) => ({ instanceId })));
  for (let turns = 0; broken.size > 0; turns++) {
    if (turns > 500) throw new Error(`500 turns, and ${broken.size} nodes are still broken: a hold does not end`);
    for (const [id, at] of complaints) {
      if (at > nowMs || !complaints.delete(id) || !broken.has(id)) continue;
      complain(id, pendingNodes.get(id)?.notBefore);
    }
    const due = dueRows([...pendingNodes.values()], now());
    if (due.length > 0) turn(due.map((row) => ({ instanceId: row.instanceId, row })));
    const next = nextDue([...pendingNodes.values()], now());
    const nextMs = Math.min(...complaints.values(), next === undefined ? Number.POSITIVE_INFINITY : epochMs(next));
    if (broken.size === 0) break;
    if (nextMs === Number.POSITIVE_INFINITY) throw new Error('a broken node is lost');
    nowMs = Math.max(nowMs, nextMs);
  }
  return { runs, needsRegistry, endMs, nowMs };
};

it('however long a registry is down, every node is repaired when it is back, and it is tried by one node at a time', () => {
  fc.assert(
    fc.property(Outage, (outage) => {
      const { runs, needsRegistry, endMs, nowMs } = play(outage);
      // A hold is at most as long as the time before it plus 15 minutes; a check or a symptom may add to it.
      const downMs = endMs - epochMs(START);
      expect(nowMs - endMs).toBeLessThanOrEqual(downMs + 240 * MINUTE_MS);
      for (const { before, run, sent } of runs) {
        expect(new Set(sent).size).toBe(sent.length);
        // One node that failed before, and the nodes in flight together with the second.
        const silent = run.commands.reduce((sum, c) => sum + (c.silent ?? 0), 0);
        expect(silent).toBeLessThanOrEqual(1 + outage.slots);
        const hold = before.registryHold;
        if (hold === undefined) continue;
        const trials = sent.filter(needsRegistry);
        expect(trials.length).toBeLessThanOrEqual(hold.until > (run.startedAt ?? '') ? 0 : 1);
      }
      const sends = runs.flatMap((r) => r.sent).filter((id) => !needsRegistry(id));
      expect(sends).toHaveLength(nodes(outage.count).filter((id) => !needsRegistry(id)).length);
    }),
    search('registry outages', 150),
  );
});
