import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NoticeRow } from '../../core/state/notice-row.ts';
import { isDeep } from '../../test/deep.ts';
import { type CrashMode, crasher } from '../../test/support/crash.ts';
import { at, LIMITS, node, START } from '../../test/support/runs.ts';
import { startTable, type TestTable } from '../../test/support/table.ts';
import { recorder } from '../../test/support/telemetry.ts';
import type { BusEvent } from '../adapters/messaging/bus.ts';
import { createNoticeStore, noticeWrite } from '../adapters/table/notice-store.ts';
import { createRequestStore } from '../adapters/table/request-store.ts';
import { createResultStore } from '../adapters/table/result-store.ts';
import { createTable } from '../adapters/table/table.ts';
import { sendNotices } from './send-notices.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

const WHY = { by: 'mei', reason: 'upgrade' };
const MINUTE = 60;
const AMPLE = () => 60_000;

/** A scheduler whose bus can refuse, over a table of its own. */
const world = async (crash?: { readonly at: number; readonly mode: CrashMode }) => {
  const own = await table.another();
  const telemetry = recorder();
  const sent: BusEvent[] = [];
  const state = { seconds: 0, isRefusing: false, busSeconds: 0 };
  const { wrap, ...process } = crasher(crash?.at ?? 0, crash?.mode ?? 'fails');
  const bus = {
    put: async (events: readonly BusEvent[]) => {
      state.seconds += state.busSeconds;
      if (state.isRefusing) throw new Error('AccessDenied');
      sent.push(...events);
    },
  };
  const client = wrap({ send: own.client.send.bind(own.client) }) as typeof own.client;
  const ports = {
    ...{ notices: createNoticeStore({ ...own, client }), bus: wrap(bus), log: telemetry.log, count: telemetry.count },
    now: () => new Date(at(state.seconds)),
  };
  /** Ticks each minute, as the schedule does, whatever happens to one. */
  const pass = async (minutes: number): Promise<void> => {
    for (let i = 0; i < minutes; i++) {
      const ends = state.seconds + MINUTE;
      await sendNotices(ports, () => (ends - state.seconds) * 1000).catch(() => {});
      process.restart();
      state.seconds = Math.max(ends, state.seconds);
    }
  };
  const requests = createRequestStore({ ...own, client, retentionDays: 1 });
  const results = createResultStore({ ...own, client, limits: LIMITS });
  const told = () => sent.map(({ detailType, detail }) => [detailType, detail.id]);
  return { own, telemetry, sent, state, process, ports, pass, requests, results, told };
};
const scoped = { scope: 'CLUSTER#demo', covers: 'repairs', ...WHY } as const;
const pauseFor = (w: Awaited<ReturnType<typeof world>>, minutes: number, id = 'p-1') =>
  w.requests.setPause(
    { ...scoped, state: 'paused', at: at(w.state.seconds), until: at(w.state.seconds + minutes * MINUTE) },
    id,
  );

describe('a pause', () => {
  it('is told when it begins, before it ends and when it has ended, each once', async () => {
    const w = await world();
    await pauseFor(w, 60);
    await w.pass(45);
    expect(w.told()).toEqual([['Paused', 'p-1']]);
    await w.pass(2);
    expect(w.told().slice(1)).toEqual([['Pause Ends Soon', 'p-1/soon']]);
    await w.pass(60);
    expect(w.told().slice(2)).toEqual([['Pause Ended', 'p-1/ended']]);
    expect(w.sent[2]?.detail).toMatchObject({ cluster: 'demo', until: at(60 * MINUTE), at: at(60 * MINUTE), ...WHY });
  });

  it('that is prolonged or lifted does not tell the end that it had', async () => {
    const w = await world();
    await pauseFor(w, 60);
    await w.pass(30);
    await pauseFor(w, 120, 'p-2');
    await w.pass(90);
    await w.requests.setPause({ ...scoped, state: 'resumed', at: at(w.state.seconds) }, 'p-3');
    await w.pass(120);
    expect(w.told()).toEqual([
      ['Paused', 'p-1'],
      ['Paused', 'p-2'],
      ['Resumed', 'p-3'],
    ]);
  });
});

describe('a notice', () => {
  it('that the bus refuses is tried again, and given up after five times; it keeps back no other', async () => {
    const w = await world();
    w.state.isRefusing = true;
    await pauseFor(w, 600);
    await w.pass(4);
    expect(w.telemetry.counts).toEqual({});
    await w.pass(3);
    expect(w.telemetry.counts).toEqual({ NoticeGivenUp: 1 });
    expect(w.telemetry.lines.at(-1)).toMatchObject({ level: 'error', fields: { id: 'p-1', tries: 5 } });
    w.state.isRefusing = false;
    await w.pass(600);
    expect(w.told()).toEqual([
      ['Pause Ends Soon', 'p-1/soon'],
      ['Pause Ended', 'p-1/ended'],
    ]);
  });

  it('waits for the next tick where the bus is slow: a tick that runs out of time would fail, and be repeated', async () => {
    const w = await world();
    for (const id of ['a', 'b', 'c', 'd'])
      await createTable(w.own).transact([
        noticeWrite({ key: id, id, detailType: 'Paused', detail: {}, at: START, dueAt: START }),
      ]);
    w.state.busSeconds = 24;
    await w.pass(1);
    expect([w.sent.length, w.state.seconds]).toEqual([2, MINUTE]);
    expect(w.telemetry.lines).toMatchObject([{ level: 'warn', fields: { left: 2 } }]);
    await w.pass(1);
    expect(w.told().map(([, id]) => id)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is sent once by two copies at once', async () => {
    const w = await world();
    await pauseFor(w, 60);
    await Promise.all([sendNotices(w.ports, AMPLE), sendNotices(w.ports, AMPLE)]);
    expect(w.told()).toEqual([['Paused', 'p-1']]);
  });

  it('that cannot be read is put aside, counted once, and keeps back no other', async () => {
    const w = await world();
    const tables = createTable(w.own);
    const row: NoticeRow = { key: 'a', id: 'a', detailType: 'Paused', detail: {}, at: START, dueAt: START };
    const bad = noticeWrite({ ...row, key: 'bad', id: 'bad', tries: -1 });
    await tables.transact([bad, noticeWrite(row)]);
    await w.pass(2);
    expect(w.telemetry.counts).toEqual({ UnreadableRow: 1 });
    expect(w.told()).toEqual([['Paused', 'a']]);
    expect(await tables.getItem({ pk: 'NOTICE#bad', sk: 'NOTICE' })).toMatchObject({ tries: -1 });
  });

  it('that cannot be put aside keeps back no other', async () => {
    const w = await world();
    const row: NoticeRow = { key: 'a', id: 'a', detailType: 'Paused', detail: {}, at: START, dueAt: START };
    await createTable(w.own).transact([noticeWrite({ ...row, key: 'bad', tries: -1 }), noticeWrite(row)]);
    const putAside = () => Promise.reject(new Error('throttled'));
    await sendNotices({ ...w.ports, notices: { ...w.ports.notices, putAside } }, AMPLE);
    expect([w.told(), w.telemetry.counts]).toEqual([[['Paused', 'a']], { UnreadableRow: 1, FailedRecords: 1 }]);
  });

  it('on which the table fails is tried at the next tick', async () => {
    const w = await world();
    await pauseFor(w, 60);
    const claim = () => Promise.reject(new Error('throttled'));
    await sendNotices({ ...w.ports, notices: { ...w.ports.notices, claim } }, AMPLE);
    expect(w.telemetry.counts).toEqual({ FailedRecords: 1 });
    await w.pass(1);
    expect(w.told()).toEqual([['Paused', 'p-1']]);
  });
});

const MODES: readonly CrashMode[] = ['dies-before', 'dies-after', 'fails'];
const ABOUT = { instanceId: node(1), cluster: 'demo', remediation: 'pause-image' };
type World = Awaited<ReturnType<typeof world>>;
/** The changes that people are told about. */
const changes: Record<string, { readonly detailType: string; readonly change: (w: World) => Promise<unknown> }> = {
  paused: { detailType: 'Paused', change: (w) => pauseFor(w, 20) },
  resumed: {
    detailType: 'Resumed',
    change: (w) => w.requests.setPause({ ...scoped, state: 'resumed', at: START }, 'p-1'),
  },
  quarantined: {
    detailType: 'Node Quarantined',
    change: async (w) => {
      const state = await w.results.recordAttempt(ABOUT, 'r-1', { at: START });
      await w.results.quarantine(state, { runId: 'r-1', at: START }, 'replace it');
    },
  },
  released: {
    detailType: 'Node Released',
    change: async (w) => {
      const raw = createResultStore({ ...w.own, limits: LIMITS });
      const state = await raw.recordAttempt(ABOUT, 'r-1', { at: START });
      await raw.quarantine(state, { runId: 'r-1', at: START }, 'replace it');
      await w.requests.release({ event: 'released', ...ABOUT, at: START, ...WHY }, 'e-1');
    },
  },
};
const happened = async (w: World, name: string): Promise<boolean> => {
  const pauses = await w.own.items('PAUSES');
  const [state] = await w.own
    .items(`NODE#${node(1)}`)
    .then((rows) => rows.filter(({ sk }) => sk !== undefined && String(sk).startsWith('STATE#')));
  if (name === 'quarantined') return state?.quarantinedAt !== undefined;
  return name === 'released' ? state !== undefined && state.quarantinedAt === undefined : pauses.length > 0;
};

describe('a crash at any call, of the function that changes something or of scheduler,', () => {
  it.each(Object.keys(changes))(
    'leaves one notice that something was %s where it was, and none where it was not',
    async (name) => {
      const { detailType, change } = changes[name] ?? expect.fail();
      const live = async (crash?: { readonly at: number; readonly mode: CrashMode }) => {
        const w = await world(crash);
        await change(w).catch(() => {});
        w.process.restart();
        await w.pass(4);
        return w;
      };
      const { calls } = (await live()).process.state;
      expect(calls).toBeGreaterThan(3);
      for (let call = 1; call <= calls; call++) {
        for (const mode of isDeep ? MODES : [MODES[call % MODES.length] ?? 'fails']) {
          const w = await live({ at: call, mode });
          const ids = w.sent.filter((event) => event.detailType === detailType).map(({ detail }) => detail.id);
          // A notice may come twice after a crash: under one id, by which its reader drops the second.
          expect({ call, mode, told: new Set(ids).size }).toEqual({
            call,
            mode,
            told: (await happened(w, name)) ? 1 : 0,
          });
          expect(w.telemetry.counts.NoticeGivenUp).toBeUndefined();
        }
      }
    },
  );
});
