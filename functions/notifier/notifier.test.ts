import type { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import type { SummaryItem } from '../../core/api/summary.ts';
import { recorder } from '../../test/support/telemetry.ts';
import { createAskSummary } from '../adapters/lambda/ask-summary.ts';
import { createTopic, type TopicMessage } from '../adapters/messaging/topic.ts';
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
      return [TOTAL];
    },
    send: 'changes',
    stackName: 'fleetmend',
    ...telemetry,
    now: () => new Date('2026-11-29T08:00:00Z'),
    ...over,
  };
  return { telemetry, sent, chats, asked, tell: (event: unknown) => notify(ports, event) };
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
    const empty = world({ askSummary: async () => [] });
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
    expect(await ask()).toHaveLength(2);
    expect(payloads).toEqual([
      { query: 'summary', ...PERIOD },
      { query: 'summary', ...PERIOD, next: 'n' },
    ]);
  });

  it.each([
    [{ body: { errorMessage: 'out of memory' }, FunctionError: 'Unhandled' }, /out of memory/],
    [{ body: { ok: false, error: { message: 'no' } } }, /it answered .*"ok":false/],
  ])('fails with what the function said: %j', async (answer, message) => {
    await expect(asking([answer]).ask()).rejects.toThrow(message);
  });
});
