import { describe, expect, it } from 'vitest';
import type { Wake } from '../../core/model/wake.ts';
import { at, nodes, START } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { recorder } from '../../test/support/telemetry.ts';
import type { Due } from '../adapters/table/due-store.ts';
import type { Progress } from '../shared/observation-writer.ts';
import { overdue } from './overdue.ts';
import type { OverduePorts } from './ports.ts';

const LAMBDA_MS = 60_000;
const commandsDue = (count: number): Due[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'command', commandId: `c-${i}` }));
const wakesDue = (count: number): Due[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'wake', wake: { kind: 'run', runId: `r-${i}` } }));

/** A scheduler whose reads of SSM take so long; four go on at once. What happened, in order, and when. */
const world = (items: readonly Due[], readMs = 0, fails: (what: string) => boolean = () => false) => {
  const telemetry = recorder();
  const clock = { ms: Date.parse(START) };
  const open = new Map(items.map((item) => [JSON.stringify(item), item]));
  const happened: { readonly what: string; readonly atMs: number }[] = [];
  const note = (what: string): void => {
    happened.push({ what, atMs: clock.ms - startMs });
    if (fails(what)) throw new Error(`no ${what}`);
  };
  let startMs = clock.ms;
  const postponed: string[] = [];
  const ports: OverduePorts = {
    due: { due: async () => [...open.values()] },
    lanes: { queueRun: async (_, __, runId) => note(`queue ${runId}`) },
    runs: { create: async () => true },
    results: {
      readCommand: async (commandId) => ({
        kind: 'row',
        row: {
          commandId,
          runId: `run-of-${commandId}`,
          key: '1',
          group: `run-of-${commandId}`,
          cluster: 'demo',
          remediation: 'pause-image',
          action: 'check',
          instanceIds: nodes(1),
          sentAt: START,
          softDeadlineAt: at(90),
          hardDeadlineAt: at(390),
        },
      }),
      setCommandDue: async (commandId, dueAt) => {
        postponed.push(`${commandId} ${dueAt}`);
        return true;
      },
    },
    observer: {
      observe: async ({ commandId }): Promise<Progress> => {
        clock.ms += readMs / 4;
        note(`read ${commandId}`);
        open.delete(JSON.stringify({ kind: 'command', commandId }));
        return 'complete';
      },
    },
    wakes: {
      wake: async (wakes: readonly Wake[]) => {
        for (const wake of wakes) {
          note(`wake ${wake.kind === 'run' ? wake.runId : wake.lane}`);
          open.delete(JSON.stringify({ kind: 'wake', wake }));
        }
      },
    },
    settings: testSettings({}),
    now: () => new Date(clock.ms),
    ...telemetry,
  };
  const tick = async () => {
    startMs = clock.ms;
    happened.length = 0;
    await overdue(ports, () => LAMBDA_MS - (clock.ms - startMs));
    return happened.map(({ what }) => what);
  };
  return { tick, happened, open, postponed, clock, ...telemetry };
};

describe('1,500 overdue commands', () => {
  it('delay no wake: every wake goes before the first read', async () => {
    const w = world([...commandsDue(1500), ...wakesDue(120)], 500);
    const whats = await w.tick();
    expect(whats.slice(0, 120).every((what) => what.startsWith('wake r-'))).toBe(true);
    expect(w.happened.slice(0, 120).every(({ atMs }) => atMs < 1000)).toBe(true);
    expect(whats.filter((what) => what.startsWith('wake r-'))).toHaveLength(120);
  });

  it('are read for 45 s, and the rest by later ticks', async () => {
    const w = world(commandsDue(1500), 500);
    const reads: number[] = [];
    while (w.open.size > 0) {
      const whats = await w.tick();
      reads.push(whats.filter((what) => what.startsWith('read')).length);
      expect(w.happened.filter(({ what }) => what.startsWith('read')).every(({ atMs }) => atMs <= 45_500)).toBe(true);
      // The runs of these commands are woken, also in a tick that had to stop.
      expect(whats.filter((what) => what.startsWith('wake'))).toHaveLength(reads.at(-1) ?? 0);
      w.clock.ms += 15_000;
      expect(reads.length).toBeLessThan(10);
    }
    expect(reads).toEqual([360, 360, 360, 360, 60]);
    expect(w.counts).toMatchObject({ Overdue: 1500 + 1140 + 780 + 420 + 60, OverdueLeft: 1140 + 780 + 420 + 60 });
  });
});

describe('a failing item', () => {
  it('prevents no other, is counted for the alarm, and moves behind the others', async () => {
    const items: Due[] = [
      { kind: 'unreadable', why: 'the item X does not belong in the index' },
      { kind: 'queued-run', lane: 'demo/pause-image', createdAt: START, runId: 'q-1' },
      { kind: 'queued-run', lane: 'demo/cri-dockerd', createdAt: START, runId: 'q-2' },
      ...wakesDue(25),
      ...commandsDue(3),
    ];
    const w = world(items, 0, (what) => ['wake r-3', 'queue q-1', 'read c-1'].includes(what));
    const whats = await w.tick();
    // The chunk of ten with the refused wake stays due; the other two went.
    expect(whats.filter((what) => /^wake r-(1\d|2\d)$/.test(what))).toHaveLength(15);
    expect(whats).toEqual(expect.arrayContaining(['wake demo/cri-dockerd', 'wake run-of-c-0', 'wake run-of-c-2']));
    expect(w.counts).toEqual({ Overdue: items.length, FailedRecords: 4, TickCompleted: 0 });
    expect(w.postponed).toEqual([`c-1 ${at(60)}`]);
    expect(w.lines.filter(({ level }) => level === 'error')).toHaveLength(4);
  });
});

describe('the heartbeat', () => {
  it.each<[string, readonly Due[], number, string, number | undefined]>([
    ['nothing is due', [], 0, '', 1],
    ['all is done', [...wakesDue(12), ...commandsDue(3)], 0, '', 1],
    ['a command was looked at and could not be read', commandsDue(3), 0, 'read c-1', 1],
    ['a wake was not sent', wakesDue(12), 0, 'wake r-11', 0],
    ['the wake of a command that was read was not sent', commandsDue(1), 0, 'wake run-of-c-0', 0],
    ['the time was short', commandsDue(500), 500, '', 0],
  ])('where %s', async (_name, items, readMs, failing, beats) => {
    const w = world(items, readMs, (what) => what === failing);
    await w.tick();
    expect(w.counts.TickCompleted).toBe(beats);
  });

  it('does not beat where what is due cannot be listed', async () => {
    const { log, count, counts } = recorder();
    const due = { due: () => Promise.reject(new Error('no table')) };
    await expect(
      overdue({ due, log, count, now: () => new Date(START) } as unknown as OverduePorts, () => 1),
    ).rejects.toThrow('no table');
    expect(counts).toEqual({});
  });
});
