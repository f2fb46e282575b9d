import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { aCheck, aRun, DOCUMENT, goes, LIMITS, nodes, type SeenRun, START } from '../../test/support/runs.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { Outcome } from '../model/outcome.ts';
import type { ObservationRow } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { Reading } from '../state/results.ts';
import type { RunState } from '../state/run-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import { advance, type RunInputs } from './advance.ts';
import type { PartDocument } from './batch.ts';
import { deadlinesOf, type SendReport } from './command.ts';
import { nodesInFlight } from './in-flight.ts';
import { supersedes, unsentObservation } from './observation.ts';
import { countsOf } from './reports.ts';

/** The faults that may occur in one turn of the function. */
const Turn = fc.record({
  seconds: fc.integer({ min: 1, max: 90 }),
  slots: fc.integer({ min: 0, max: 60 }),
  /** After how many calls the process dies; 9 is more than a turn makes. */
  diesAfter: fc.integer({ min: 0, max: 9 }),
  send: fc.constantFrom(
    'ok',
    'ok',
    'ok',
    'throttled',
    'lost-answer',
    'never-arrived',
    'invalid',
    'refused',
    'other-document',
  ),
  observes: fc.constantFrom('none', 'early', 'final', 'stale'),
  order: fc.boolean(),
});
type Turn = typeof Turn extends fc.Arbitrary<infer T> ? T : never;

const Scenario = fc.record({
  action: fc.constantFrom('repair' as const, 'repair' as const, 'check' as const),
  count: fc.integer({ min: 0, max: 70 }),
  /** How many documents the check has: now, and after a deployment. */
  parts: fc.integer({ min: 1, max: 3 }),
  partsLater: fc.integer({ min: 0, max: 3 }),
  deployedFrom: fc.integer({ min: 0, max: 40 }),
  outcomes: fc.array(
    fc.constantFrom<Outcome>('Repaired', 'Repaired', 'Repaired', 'Healthy', 'NotRepaired', 'Unreachable'),
    {
      minLength: 5,
      maxLength: 5,
    },
  ),
  /** Whether the registry answers, by the order of the commands. */
  answers: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
  turns: fc.array(Turn, { minLength: 1, maxLength: 40 }),
  pausedFrom: fc.integer({ min: 5, max: 60 }),
  cancelledFrom: fc.integer({ min: 5, max: 60 }),
});

type Command = { readonly id: string; readonly key: string; readonly ids: readonly string[]; readonly sentAt: string };

/** Simulates SSM, the table, and a process that may crash at any call. This state survives a crash. */
const play = (scenario: typeof Scenario extends fc.Arbitrary<infer T> ? T : never) => {
  const first = (): SeenRun =>
    scenario.action === 'repair'
      ? aRun(scenario.count, { local: nodes(scenario.count).filter(isLocal) })
      : aCheck(scenario.count);
  let stored = first();
  const commands: Command[] = [];
  const observations = new Map<string, ObservationRow>();
  const done: OutboxEntry[] = [];
  const trust = new Map<string, TrustRow>();
  let nowMs = epochMs(START);
  const outcomeOf = (id: string): Outcome => scenario.outcomes[Number.parseInt(id.slice(2), 16) % 5] ?? 'Repaired';

  const documents = (count: number): PartDocument[] =>
    Array.from({ length: count }, (_, i) => ({ ...DOCUMENT, name: `${DOCUMENT.name}-${i + 1}` }));
  const readingOf = (c: Command, id: string): Reading => {
    const reading = { outcome: outcomeOf(id), message: 'm', endedAt: c.sentAt };
    if (scenario.action === 'check')
      return { ...reading, outcome: reading.outcome === 'Repaired' ? 'Healthy' : 'Broken' };
    if (isLocal(id) || reading.outcome !== 'Repaired') return reading;
    if (scenario.answers[Number(c.key) % scenario.answers.length] === true) return { ...reading, method: 'ecr' };
    return { ...reading, outcome: 'NotRepaired', reason: 'RegistryUnreachable' };
  };
  const put = (row: ObservationRow): void => {
    if (supersedes(row, observations.get(row.key))) observations.set(row.key, row);
  };
  const observe = (kind: Turn['observes']): void => {
    for (const c of commands) {
      if (kind === 'none' || (kind === 'stale' && observations.has(c.key))) continue;
      const final = kind === 'final';
      put({
        runId: 'r-1',
        key: c.key,
        commandId: c.id,
        final,
        closedBy: final ? 'end' : 'soft-deadline',
        at: isoTime(nowMs),
        grade: final ? 4 * c.ids.length : 1,
        open: c.ids.filter((_, i) => !final && i % 2 === 1),
        nodes: Object.fromEntries(
          c.ids.flatMap((id, i): [string, Reading][] => (final || i % 2 === 0 ? [[id, readingOf(c, id)]] : [])),
        ),
      });
    }
  };
  /** The rows that run-controller's outbox writes for the parts of a check that did not run. */
  const perform = (outbox: readonly OutboxEntry[]): void => {
    done.push(...outbox);
    for (const entry of outbox) {
      if (entry.kind !== 'observation') continue;
      const { kind, key, instanceIds, unreachable, at, part, parts, ...told } = entry;
      put(unsentObservation({ runId: 'r-1', key, action: 'check' }, told, { instanceIds, unreachable }, at));
    }
  };

  const turn = (t: Turn, index: number): void => {
    let calls = 0;
    const dies = (): boolean => calls++ >= t.diesAfter;
    const save = (state: RunState): void => {
      expect(state.version).toBe(stored.version);
      stored = { ...state, version: state.version + 1 };
    };
    let run = stored;
    let reports: SendReport[] = [];
    for (let steps = 0; ; steps++) {
      if (steps > 200) throw new Error('a turn without an end');
      const seen = [...observations.values()];
      const inputs: RunInputs = {
        trust,
        openElsewhere: 0,
        awaited: new Set(),
        clusterNodes: 1000,
        isAwaited: true,
        decideAgain: goes,
        observations: t.order ? seen : seen.toReversed(),
        reports,
        documents: documents(
          scenario.action === 'repair' ? 1 : index >= scenario.deployedFrom ? scenario.partsLater : scenario.parts,
        ),
        left: { left: 0 },
        slots: Math.max(t.slots, nodesInFlight(run)),
        paused: index >= scenario.pausedFrom,
        cancelled: index >= scenario.cancelledFrom ? { force: index % 2 === 1 } : undefined,
        nodeLocal: new Set(['RegistryUnreachable']),
        repairable: new Set(),
        unrepairable: new Set(),
      };
      const next = advance(run, inputs, isoTime(nowMs), LIMITS);
      if (run.action === 'repair' && next.effects.some((e) => e.kind === 'send')) {
        const known = [...trust.values(), ...next.trust.map(({ after }) => after)].flatMap(({ results }) => results);
        const repaired = new Set(known.filter(({ end }) => end === 'repaired').map(({ instanceId }) => instanceId))
          .size;
        expect(nodesInFlight(next.state)).toBeLessThanOrEqual(
          // Where silent nodes take the window, one more may go, and further ones after ever longer times.
          Math.min(inputs.slots, Math.max(nodesInFlight(run) + 1, 1 + repaired)),
        );
      }
      if (next.state === run && next.effects.length === 0) break;
      if (dies()) return;
      if (next.state !== run || next.trust.length > 0) {
        save(next.state);
        for (const { after } of next.trust) trust.set(after.document, { ...after, version: after.version + 1 });
        run = stored;
      }
      reports = [];
      for (const effect of next.effects) {
        if (dies()) return;
        const command = run.commands.find((c) => c.key === effect.key);
        const ids = command?.instanceIds ?? [];
        expect(command?.documentName).toMatch(/^fleetmend-document-aaaaaaaaaaaa-[123]$/);
        if (effect.kind === 'look-for') {
          const found = commands.find((c) => c.key === effect.key);
          reports.push(
            found === undefined
              ? { key: effect.key, kind: 'not-found', at: isoTime(nowMs) }
              : { key: effect.key, kind: 'found', commandId: found.id, sentAt: found.sentAt },
          );
          continue;
        }
        // A run that has stopped sends nothing more.
        expect(run.stopped).toBeUndefined();
        // Nor does one that waits for the registry, but to nodes that need none.
        if (run.registryHold !== undefined) expect(ids.filter((id) => !isLocal(id))).toEqual([]);
        const id = `c-${commands.length}`;
        const sentAt = isoTime(nowMs);
        if (t.send === 'ok' || t.send === 'lost-answer') commands.push({ id, key: effect.key, ids, sentAt });
        if (t.send === 'ok') reports.push({ key: effect.key, kind: 'sent', commandId: id, sentAt });
        if (t.send === 'throttled')
          reports.push({ key: effect.key, kind: 'not-sent', notBefore: isoTime(nowMs + 10_000) });
        if (t.send === 'invalid') reports.push({ key: effect.key, kind: 'invalid-ids', instanceIds: ids.slice(0, 1) });
        if (t.send === 'other-document')
          reports.push({ key: effect.key, kind: 'document-refused', message: 'another' });
        if (t.send === 'refused') reports.push({ key: effect.key, kind: 'refused', message: 'no' });
      }
    }
    if (dies() || run.outbox.length === 0) return;
    perform(run.outbox);
    if (dies()) return;
    save({ ...run, outbox: [] });
  };

  scenario.turns.forEach((t, i) => {
    nowMs += t.seconds * 1000;
    observe(t.observes);
    turn(t, i);
  });
  // From here on all goes well: deadlines pass, SSM answers, the process lives.
  for (let i = 0; i < 60 && !(stored.status === 'ended' && stored.outbox.length === 0); i++) {
    nowMs += 60_000;
    observe('final');
    turn({ seconds: 60, slots: 60, diesAfter: 999, send: 'ok', observes: 'final', order: true }, 0);
  }
  return { run: stored, commands, done, observations };
};

/** Every third node needs no registry. */
const isLocal = (id: string): boolean => Number.parseInt(id.slice(2), 16) % 3 === 0;

const total = (run: RunState): number => Object.values(countsOf(run)).reduce<number>((sum, n) => sum + (n ?? 0), 0);

/** A node that is held for the registry gets no command, and stays pending until the hold ends. */
const expectHeldNodesKept = (commands: readonly Command[], done: readonly OutboxEntry[]): void => {
  const held = done.flatMap((e) => (e.kind === 'results' && e.skipReason === 'RegistryHeld' ? e.instanceIds : []));
  const sends = new Set(commands.flatMap((c) => c.ids));
  const kept = done.flatMap((e) => (e.kind === 'defer' && e.skipReason === 'RegistryHeld' ? [e] : []));
  expect(held.filter((id) => sends.has(id) || isLocal(id))).toEqual([]);
  expect(new Set(kept.flatMap((e) => e.rows.map(([id]) => id)))).toEqual(new Set(held));
  const ends = done.flatMap((e) => (e.kind === 'notice' && e.detailType === 'Registry Hold' ? [e.detail.until] : []));
  expect(kept.filter((e) => !ends.includes(e.notBefore))).toEqual([]);
};

describe('despite crashes, and lost, duplicate or late messages', () => {
  it('every run ends, no repair is sent twice, and every node is counted once or returned to its lane', () => {
    fc.assert(
      fc.property(Scenario, (scenario) => {
        const { run, commands, done } = play(scenario);
        expect(run.status).toBe('ended');
        if (scenario.action === 'repair') {
          const sends = commands.flatMap((c) => c.ids);
          expect(new Set(sends).size).toBe(sends.length);
          expect(new Set(commands.map((c) => c.key)).size).toBe(commands.length);
        }
        const givenBack = scenario.count - total(run);
        expect(givenBack).toBeGreaterThanOrEqual(0);
        if (run.stopped?.reason !== 'Yielded') expect(givenBack).toBe(0);
        // The row of each node that was given back has not been touched.
        const touched = new Set(
          done.flatMap((e) => (e.kind === 'drop' || e.kind === 'defer' ? e.rows.map(([id]) => id) : [])),
        );
        if (scenario.action === 'repair') {
          expect(nodes(scenario.count).filter((id) => !touched.has(id)).length).toBeGreaterThanOrEqual(givenBack);
        }
        // A repair that is lost keeps its nodes: its end may come all the same.
        const isKept = ({ status }: { status: string }) => scenario.action === 'repair' && status === 'lost';
        for (const command of run.commands) if (!isKept(command)) expect(command.instanceIds).toEqual([]);
        const notices = new Set(done.flatMap((e) => (e.kind === 'notice' ? [e.id] : [])));
        expect(notices.delete('r-1/ended')).toBe(true);
        const isTold = notices.delete('r-1/document');
        if (run.stopped?.reason === 'DocumentRefused') expect(isTold).toBe(true);
        const others = [...notices].filter((id) => !id.startsWith('r-1/breaker/'));
        // An answer may have ended the hold that the run began.
        expect(others.filter((id) => !id.startsWith('r-1/registry/'))).toEqual([]);
        if (run.registryHold !== undefined) expect(others).toContain(`r-1/registry/${run.registryHold.until}`);
        expectHeldNodesKept(commands, done);
      }),
      search('a run', 100, 6000),
    );
  });
});

it('the soft deadline never comes after the hard one', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('check' as const, 'repair' as const),
      fc.integer({ min: 30, max: 3600 }),
      (action, seconds) => {
        const run = { ...aRun(1), action };
        const { softDeadlineAt, hardDeadlineAt } = deadlinesOf(
          run,
          { executionTimeoutSeconds: seconds },
          START,
          LIMITS,
        );
        expect(softDeadlineAt <= hardDeadlineAt).toBe(true);
      },
    ),
    search('deadlines', 100),
  );
});
