import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { aCheck, aCommand, at, because, node, nodes, observed, START, step } from '../../test/support/runs.ts';
import type { CommandRow, CommandState, ObservationRow } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { Reading } from '../state/results.ts';
import type { RunState } from '../state/run-state.ts';
import { commandKey } from './batch.ts';
import { nodeGrade, observationOf, supersedes } from './observation.ts';

const PARTS = 3;
const HARD_SECONDS = 390;

const sentPart = (part: number, count: number, parts = PARTS): CommandState =>
  aCommand({
    ...{ key: commandKey('1', part, parts), part, parts, instanceIds: [], versions: [], size: count, status: 'sent' },
    ...{ commandId: `c-${part}`, sentAt: START, hardDeadlineAt: at(HARD_SECONDS) },
  });

/** The findings among entries, each by its node and the time of the part that found it. */
const findingsIn = (entries: readonly OutboxEntry[]): string[] =>
  entries.flatMap((entry) => (entry.kind === 'enqueue' ? entry.nodes.map(([id, seenAt]) => `${id} ${seenAt}`) : []));

const BROKEN = { outcome: 'Broken', findings: [['pause-image', 'SandboxImageMissing']] } satisfies Parameters<
  typeof observed
>[1][string];
const HEALTHY = { outcome: 'Healthy' } as const;

describe('a node of a check that is broken', () => {
  const [broken = '', silent = ''] = nodes(2);
  const run = aCheck(0, { pending: [], commands: [sentPart(1, 2, 2), sentPart(2, 2, 2)] });
  const look = (part: number, over: Partial<ObservationRow> = {}) =>
    observed(`1.${part}`, { [broken]: part === 1 ? BROKEN : HEALTHY }, { final: false, open: [silent], ...over });

  it('goes to its lane once both parts have answered about it, while another node is silent', () => {
    const half = step(run, { observations: [look(1), look(2, { nodes: {}, open: [broken, silent] })] }, at(8));
    expect([half.state.outbox, half.state.commands]).toEqual([[], run.commands]);
    const told = step(half.state, { observations: [look(1), look(2)] }, at(9)).state;
    expect(told.outbox).toMatchObject([
      { kind: 'enqueue', lane: 'demo/pause-image', source: 'fleetmend.check', nodes: [[broken, at(10)]] },
    ]);
    const again = step({ ...told, outbox: [] }, { observations: [look(1), look(2)] }, at(10)).state;
    expect(again.outbox).toEqual([]);
  });

  it('does not go before the second part is known to be sent, or has been observed', () => {
    const [first = expect.fail(), second = expect.fail()] = run.commands;
    const sending: CommandState = { ...second, status: 'sending', sendingAt: START };
    const unsure = step({ ...run, commands: [first, sending] }, { observations: [look(1), look(2)] }, at(8));
    expect(findingsIn(unsure.state.outbox)).toEqual([]);
    expect(findingsIn(step(run, { observations: [look(1)] }, at(8)).state.outbox)).toEqual([]);
  });

  it('leaves nothing in the run of a check that has found none', () => {
    const healthy = (part: number) => observed(`1.${part}`, { [broken]: HEALTHY }, { final: false, open: [silent] });
    expect(step(run, { observations: [healthy(1), healthy(2)] }, at(8)).state.commands).toEqual(run.commands);
  });
});

describe('the findings of a check', () => {
  /** When a part ends on a node, in seconds after the sending, and whether it finds a fault there. */
  const End = fc.record({ seconds: fc.constantFrom(5, 20, 200, 600), isBroken: fc.boolean() });
  /** A part is read; the step after it may be lost before it is stored. */
  const Read = fc.record({ part: fc.nat(PARTS - 1), seconds: fc.nat(700), isLost: fc.boolean() });
  const Scenario = fc.record({
    ends: fc.array(fc.array(End, { minLength: PARTS, maxLength: PARTS }), { minLength: 1, maxLength: 4 }),
    reads: fc.array(Read, { maxLength: 12 }),
    kind: fc.constantFrom('log' as const, 'operator' as const, 'sweep' as const),
  });

  it('go to their lanes once each, whatever the order of the parts, and not while a part runs on their node', () => {
    fc.assert(
      fc.property(Scenario, ({ ends, reads, kind }) => {
        const ids = nodes(ends.length);
        const endedAt = (seconds: number, part: number): string => at(seconds + part / 10);
        const row = (part: number): CommandRow => ({
          ...{ commandId: `c-${part + 1}`, runId: 'r-1', key: `1.${part + 1}`, part: part + 1, parts: PARTS },
          ...{ group: 'r-1', cluster: 'demo', remediation: 'node-check', action: 'check', because: because(kind) },
          ...{ instanceIds: ids, sentAt: START, softDeadlineAt: at(30), hardDeadlineAt: at(HARD_SECONDS) },
        });
        const observations = new Map<number, ObservationRow>();
        const told: string[] = [];
        let run: RunState = aCheck(0, {
          pending: [],
          because: because(kind),
          commands: [1, 2, 3].map((part) => sentPart(part, ids.length)),
        });
        const read = ({ part, seconds, isLost }: { part: number; seconds: number; isLost: boolean }): void => {
          const readings = ids.map((id, i): [string, Reading | undefined] => {
            const end = ends[i]?.[part] ?? expect.fail();
            if (end.seconds > seconds) return [id, undefined];
            const found = { remediation: 'pause-image', reason: 'SandboxImageMissing', title: 't', message: 'm' };
            const reading = { message: 'm', endedAt: endedAt(end.seconds, part) };
            return [
              id,
              end.isBroken
                ? { ...reading, outcome: 'Broken', findings: [{ ...found, outcome: 'Broken' }] }
                : { ...reading, outcome: 'Healthy' },
            ];
          });
          const standing = observations.get(part);
          const next = observationOf(row(part), new Map(readings), at(seconds), standing);
          if (next !== undefined && supersedes(next, standing)) observations.set(part, next);
          const seen = [...observations.values()];
          const { state } = step(run, { observations: seen }, at(seconds));
          if (isLost) return;
          const news = findingsIn(state.outbox);
          for (const [id = ''] of news.map((one) => one.split(' '))) expect(nodeGrade(seen, id)).toBeDefined();
          told.push(...news);
          run = { ...state, outbox: [] };
        };
        // Reads that come late are of what stood in SSM when they were made.
        for (const one of reads) read(one);
        for (const seconds of [HARD_SECONDS, 700]) for (const part of [0, 1, 2]) read({ part, seconds, isLost: false });
        const expected = ends.flatMap((parts, i) =>
          parts.flatMap(({ seconds, isBroken }, part) => (isBroken ? [`${node(i)} ${endedAt(seconds, part)}`] : [])),
        );
        expect(told.toSorted()).toEqual(expected.toSorted());
        expect(run.status).toBe('ended');
      }),
      search('findings of parts', 150, 10_000),
    );
  });
});
