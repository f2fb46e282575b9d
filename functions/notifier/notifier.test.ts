import type { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import type { SummaryItem } from '../../core/api/summary.ts';
import type { ThreadRow } from '../../core/state/thread-row.ts';
import { recorder } from '../../test/support/telemetry.ts';
import { createAskSummary } from '../adapters/lambda/ask-summary.ts';
import { createTopic, type TopicMessage } from '../adapters/messaging/topic.ts';
import type { ThreadStore } from '../adapters/table/thread-store.ts';
import { notify } from './notify.ts';
import type { NotifierPorts } from './ports.ts';

const NONE = { count: 0, histogram: {} };
const TOTAL: SummaryItem = {
  kind: 'total',
  since: '2026-11-22T08:00:00.000Z',
  until: '2026-11-29T08:00:00.000Z',
  clusters: ['shop'],
  ...{ found: 61, repaired: 58, failed: 1, recurred: 9, detectedWithin: NONE },
  repairedAfter: { count: 58, p50: 6, p95: 41, histogram: { '1': 58 } },
  ...{ runs: 90, sweeps: 336, sweepsStopped: 0, nodes: 412, people: [], notActedOn: { OptedOut: 3 } },
  ...{ unreachable: 2, unknown: 0, unsupported: 1 },
};

/** The threads in memory, as the table stores them. */
const memory = (): ThreadStore => {
  const rows = new Map<string, ThreadRow>();
  return {
    read: async (dedupKey) => {
      const row = rows.get(dedupKey);
      return row === undefined ? { kind: 'absent' } : { kind: 'row', row };
    },
    put: async (row, standing) => {
      const read = standing.kind === 'row' ? standing.row.version : undefined;
      if (rows.get(row.dedupKey)?.version !== read) return false;
      rows.set(row.dedupKey, row);
      return true;
    },
  };
};

const world = (over: Partial<NotifierPorts> = {}) => {
  const telemetry = recorder();
  const sent: TopicMessage[] = [];
  const chats: TopicMessage[] = [];
  const asked: unknown[] = [];
  const ports: NotifierPorts = {
    topic: { publish: async (message) => void sent.push(message) },
    chat: { publish: async (message) => void chats.push(message) },
    askSummary: async (period) => {
      asked.push(period);
      return { items: [TOTAL] };
    },
    threads: memory(),
    wait: () => new Promise((resolve) => setImmediate(resolve)),
    send: 'changes',
    stackName: 'fleetmend',
    ...telemetry,
    now: () => new Date('2026-11-29T08:00:00Z'),
    ...over,
  };
  return { ports, telemetry, sent, chats, asked, tell: (event: unknown) => notify(ports, event) };
};
const OPENED = {
  source: 'fleetmend',
  'detail-type': 'Breaker Opened',
  detail: { id: 'b', cluster: 'shop', remediation: 'pause-image' },
};

describe('an event', () => {
  it('is told by mail and in the chat, with the same attributes to filter by', async () => {
    const { sent, chats, telemetry, tell } = world();
    await tell(OPENED);
    const attributes = {
      id: 'b',
      kind: 'breaker-opened',
      severity: 'critical',
      status: 'firing',
      cluster: 'shop',
      dedupKey: 'breaker/shop/pause-image',
    };
    expect(sent).toMatchObject([{ subject: expect.stringContaining('CRITICAL'), attributes }]);
    expect(chats).toMatchObject([{ attributes }]);
    expect(JSON.parse(chats[0]?.message ?? '')).toMatchObject({ version: '1.0', source: 'custom' });
    expect(telemetry.counts).toEqual({ NoticesSent: 1 });
  });

  it('is told by mail alone where there is no chat', async () => {
    const { sent, tell } = world({ chat: undefined });
    await tell(OPENED);
    expect(sent).toHaveLength(1);
  });

  it('that people are not told about is ignored, and said; one that is none is refused', async () => {
    const { sent, telemetry, tell } = world();
    await tell({ 'detail-type': 'Something New', detail: {} });
    expect([sent, telemetry.counts]).toEqual([[], { UntoldEvents: 1 }]);
    await expect(tell({})).rejects.toThrow(/^reading the event/);
  });

  it('fails where the topic refuses it, so that Lambda tries again', async () => {
    const { tell } = world({ topic: { publish: async () => Promise.reject(new Error('throttled')) } });
    await expect(tell(OPENED)).rejects.toThrow('throttled');
  });
});

const NOW_MS = Date.parse('2026-11-29T08:00:00Z');
/** A pause of all clusters, and its end, so many seconds ago. */
const paused = (secondsAgo: number, name = 'Paused', over: object = {}) => ({
  'detail-type': name,
  detail: { id: `${name}-${secondsAgo}`, at: new Date(NOW_MS - secondsAgo * 1000).toISOString(), ...over },
});
const kindsOf = (sent: readonly TopicMessage[]) => sent.map(({ attributes }) => attributes.kind);

describe('messages of one thread', () => {
  it('are read in the order of what happened: one that a newer one has overtaken is left out', async () => {
    const { sent, chats, telemetry, tell } = world();
    await tell(paused(60, 'Resumed'));
    await tell(paused(120));
    await tell(paused(30));
    expect([kindsOf(sent), kindsOf(chats)]).toEqual([
      ['resumed', 'paused'],
      ['resumed', 'paused'],
    ]);
    expect(telemetry.counts).toEqual({ NoticesSent: 2, StaleNotices: 1 });
    expect(telemetry.lines.find(({ message }) => message === 'leaving out notice')).toMatchObject({
      fields: { id: 'Paused-120', why: 'stale' },
    });
  });

  it('end as it ended, whatever order two copies get them in', async () => {
    for (const order of [0, 1]) {
      const w = world();
      const events = [paused(120), paused(60, 'Resumed')];
      if (order === 1) events.reverse();
      await Promise.all(events.map((event) => w.tell(event)));
      expect(kindsOf(w.sent).at(-1)).toBe('resumed');
    }
  });

  it('are put in order by the time of the event where it says no other, and a time to come is taken for now', async () => {
    const { sent, tell } = world();
    await tell({ ...OPENED, time: '2026-11-29T07:59:00Z' });
    await tell({ ...OPENED, detail: { ...OPENED.detail, id: 'late' }, time: '2026-11-29T07:58:00Z' });
    expect(sent).toHaveLength(1);
    await tell(paused(-1_000_000_000));
    await tell(paused(0, 'Resumed'));
    expect(kindsOf(sent)).toEqual(['breaker-opened', 'paused', 'resumed']);
  });

  it('are sent once, though Lambda repeats the event after one of them failed', async () => {
    const changes = [1, 2, 3].map((n) => ({ change: 'broken', instanceId: `i-${n}` }));
    const detail = { id: 'r-1/ended', runId: 'r-1', cluster: 'shop', remediation: 'node-check', action: 'check' };
    const event = { 'detail-type': 'Run Ended', detail: { ...detail, changes, changed: 3 } };
    const w = world();
    let failures = 0;
    const flaky = {
      publish: async (message: TopicMessage) => {
        if (message.attributes.dedupKey === 'node/shop/i-2' && failures++ === 0) throw new Error('throttled');
        w.chats.push(message);
      },
    };
    const tell = () => notify({ ...w.ports, chat: flaky }, event);
    await expect(tell()).rejects.toThrow('throttled');
    expect(w.chats).toHaveLength(2);
    await tell();
    const nodesOf = (messages: readonly TopicMessage[]) => messages.map(({ attributes }) => attributes.dedupKey);
    expect(nodesOf(w.sent)).toEqual(['node/shop/i-1', 'node/shop/i-2', 'node/shop/i-3']);
    expect(nodesOf(w.chats)).toEqual(['node/shop/i-1', 'node/shop/i-3', 'node/shop/i-2']);
    expect(w.telemetry.counts).toEqual({ NoticesSent: 3, RepeatedNotices: 2 });
  });

  it('wait for a copy that sends, and are left to Lambda where it died; then they go on', async () => {
    const clock = { ms: NOW_MS };
    const w = world({ now: () => new Date(clock.ms) });
    const dead = { ...w.ports, topic: { publish: () => new Promise<void>(() => {}) } };
    void notify(dead, paused(60));
    await w.ports.wait(0);
    await expect(w.tell(paused(60))).rejects.toThrow(/other copies send messages of pause\/all; Lambda repeats it/);
    clock.ms += 90_000;
    await w.tell(paused(60));
    expect(kindsOf(w.sent)).toEqual(['paused']);
  });

  it('are sent where the table fails: twice is better than never', async () => {
    const threads = { read: () => Promise.reject(new Error('throttled')), put: async () => true };
    const { sent, telemetry, tell } = world({ threads });
    await tell(paused(60));
    await tell(paused(60));
    expect(sent).toHaveLength(2);
    const { read } = memory();
    const lost = world({
      threads: { read, put: async (row) => (row.busyUntil === undefined ? Promise.reject(new Error('no')) : true) },
    });
    await lost.tell(paused(60));
    expect(lost.sent).toHaveLength(1);
    expect(
      [...telemetry.lines, ...lost.telemetry.lines].flatMap(({ level, message }) =>
        level === 'error' ? [message] : [],
      ),
    ).toEqual([
      'sending notice without looking at its thread',
      'sending notice without looking at its thread',
      'losing the record of a notice that was sent',
    ]);
  });
});

describe('the digest', () => {
  it('sums up the last seven days', async () => {
    const { sent, asked, tell } = world();
    await tell({ kind: 'digest' });
    expect(asked).toEqual([{ since: '2026-11-22T08:00:00.000Z', until: '2026-11-29T08:00:00.000Z' }]);
    expect(sent).toMatchObject([{ attributes: { kind: 'digest', status: 'told', severity: 'info' } }]);
    expect(sent[0]?.message).toContain('found 61 · repaired 58 · failed 1 · recurred 9');
    expect(sent[0]?.message).toMatch(/Repaired within \d+(?:\.\d+)? s \(half of them\)/);
    expect(sent[0]?.message).toContain('OptedOut 3');
  });

  it('says so where nothing was recorded, and is not sent where only problems are wanted', async () => {
    const empty = world({ askSummary: async () => ({ items: [] }) });
    await empty.tell({ kind: 'digest' });
    expect(empty.sent[0]?.message).toContain('Nothing was recorded');
    const quiet = world({ send: 'problems' });
    await quiet.tell({ kind: 'digest' });
    expect([quiet.sent, quiet.asked]).toEqual([[], []]);
  });
});

it('SNS gets each attribute as a string, and the subject of the mail', async () => {
  const inputs: unknown[] = [];
  const send = async (command: PublishCommand) => {
    inputs.push(command.input);
    return {};
  };
  const topic = createTopic({ client: { send: send as SNSClient['send'] }, topicArn: 'arn' });
  await topic.publish({ subject: 's', message: 'm', attributes: { severity: 'info' } });
  expect(inputs).toEqual([
    {
      TopicArn: 'arn',
      Subject: 's',
      Message: 'm',
      MessageAttributes: { severity: { DataType: 'String', StringValue: 'info' } },
    },
  ]);
});

describe('asking for a summary', () => {
  const PERIOD = { since: TOTAL.since, until: TOTAL.until };
  const asking = (answers: readonly { readonly body: unknown; readonly FunctionError?: string }[]) => {
    const payloads: unknown[] = [];
    const left = [...answers];
    const send = async ({ input }: { readonly input: { readonly Payload: string } }) => {
      payloads.push(JSON.parse(input.Payload));
      const { body, ...rest } = left.shift() ?? expect.fail();
      return { ...rest, Payload: { transformToString: () => JSON.stringify(body) } };
    };
    const ask = createAskSummary({ client: { send: send as never }, functionName: 'q:look' });
    return { payloads, ask: () => ask(PERIOD) };
  };

  it('reads every page', async () => {
    const { payloads, ask } = asking([
      { body: { ok: true, items: [TOTAL], next: 'n' } },
      { body: { ok: true, items: [TOTAL] } },
    ]);
    expect((await ask()).items).toHaveLength(2);
    expect(payloads).toEqual([
      { query: 'summary', ...PERIOD },
      { query: 'summary', ...PERIOD, next: 'n' },
    ]);
  });

  it('stops after twenty pages, and says before which time nothing is summed up', async () => {
    const pages = Array.from({ length: 21 }, (_, n) => ({
      body: { ok: true, items: [{ ...TOTAL, since: new Date(NOW_MS - n * 1000).toISOString() }], next: 'n' },
    }));
    const { payloads, ask } = asking(pages);
    const { items, missingBefore } = await ask();
    expect([payloads.length, items.length]).toEqual([20, 20]);
    expect(missingBefore).toBe(new Date(NOW_MS - 19_000).toISOString());
    const empty = asking(pages.map(({ body }) => ({ body: { ...body, items: [] } })));
    expect((await empty.ask()).missingBefore).toBe(PERIOD.until);
    const { sent, tell } = world({ askSummary: async () => ({ items, missingBefore: '2026-11-28T00:00:00.000Z' }) });
    await tell({ kind: 'digest' });
    expect(sent[0]?.message).toContain(
      'Too many runs for one digest: those before 2026-11-28T00:00:00.000Z are not counted',
    );
  });

  it.each([
    [{ body: { errorMessage: 'out of memory' }, FunctionError: 'Unhandled' }, /out of memory/],
    [{ body: { ok: false, error: { message: 'no' } } }, /it answered .*"ok":false/],
  ])('fails with what the function said: %j', async (answer, message) => {
    await expect(asking([answer]).ask()).rejects.toThrow(message);
  });
});
