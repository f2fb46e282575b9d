import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TOLD_EVENTS } from '../../core/api/notice-texts.ts';
import { createBudget } from '../../core/logs/budget.ts';
import { createMemory } from '../../core/logs/dedupe.ts';
import { NodeSymptomDetail } from '../../events/node-symptom.ts';
import { commandStatusEvent } from '../../events/ssm-command.ts';
import type { TopicMessage } from '../../functions/adapters/messaging/topic.ts';
import { createThreadStore } from '../../functions/adapters/table/thread-store.ts';
import { report } from '../../functions/audit-query/query.ts';
import { trackEvent } from '../../functions/command-tracker/track-event.ts';
import { handleLogs } from '../../functions/log-classifier/classify-batch.ts';
import { notify } from '../../functions/notifier/notify.ts';
import { turn } from '../../functions/run-controller/turn.ts';
import { parseWake } from '../../functions/run-controller/wake-message.ts';
import { processBatch } from '../../functions/runtime/batch.ts';
import { tick } from '../../functions/scheduler/tick.ts';
import { acceptSignals } from '../../functions/signal-intake/accept-signals.ts';
import { classify, mayShow } from '../../ssm-documents/classify.ts';
import { search } from '../deep.ts';
import { auditQueryPorts } from '../support/audit-query.ts';
import { bodiesLike, eventsLike } from '../support/mutate.ts';
import { operatorApiWorld } from '../support/operator-api-world.ts';
import { runControllerWorld } from '../support/run-controller-world.ts';
import { testSettings } from '../support/settings.ts';
import { BAD, signalIntakeWorld } from '../support/signal-intake-world.ts';
import { internalRuleSamples, signalSamples } from '../support/signal-samples.ts';
import { sqsEvent } from '../support/sqs-event.ts';
import { startWireTable, type TestTable } from '../support/table.ts';
import { recorder } from '../support/telemetry.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startWireTable();
});
afterAll(() => table.stop());

/** Events of one sample of a search: 40 samples in `npm test`, 2,000 (so 20,000 events) in `npm run test:deep`. */
const BATCH = 10;
const SAMPLES = 40;
const WHOLE = 2000;
const TIMEOUT_MS = 3_600_000;

const folder = new URL('../../events/samples/', import.meta.url);
const samplesOf = (prefix: string): readonly unknown[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

const check = (name: string, event: fc.Arbitrary<unknown>, hold: (events: readonly unknown[]) => Promise<void>) =>
  fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: BATCH, maxLength: BATCH }), hold),
    search(`events for ${name}`, SAMPLES, WHOLE),
  );

/** A reason from which an operator can identify the wrong input. */
const REASON = /^(reading the|field |OverBudget: )/;

/** The answers that are neither a value nor a refusal which names a field. A function that answers people never throws. */
const oddAnswers = async (events: readonly unknown[], ask: (event: unknown) => Promise<unknown>): Promise<string[]> => {
  const odd: string[] = [];
  for (const event of events) {
    try {
      const { ok, error } = (await ask(event)) as {
        readonly ok: boolean;
        readonly error?: { readonly message: string };
      };
      const isAnswer = ok ? error === undefined : error !== undefined && /^field /.test(error.message);
      if (!isAnswer) odd.push(`${JSON.stringify(error)} for ${JSON.stringify(event)}`);
    } catch (thrown) {
      odd.push(`${String(thrown)} for ${JSON.stringify(event)}`);
    }
  }
  return odd;
};

/** The answer of a synchronous function to a request that it refuses. */
const refusalsOf = async (events: readonly unknown[], ask: (event: unknown) => Promise<unknown>): Promise<string[]> => {
  const odd: string[] = [];
  for (const event of events) {
    try {
      await ask(event);
    } catch (thrown) {
      const isAnswer = thrown instanceof Error && thrown.name === 'PermanentError' && REASON.test(thrown.message);
      if (!isAnswer) odd.push(`${String(thrown)} for ${JSON.stringify(event)}`);
    }
  }
  return odd;
};

it(
  'log-classifier publishes symptoms that are some, or keeps the event with its reason',
  async () => {
    const [sample] = samplesOf('logs-');
    const { awslogs } = sample as { awslogs: { data: string } };
    const { gunzipSync } = await import('node:zlib');
    const payload: unknown = JSON.parse(gunzipSync(Buffer.from(awslogs.data, 'base64')).toString());
    const zipped = bodiesLike([payload]).map((text) => ({ awslogs: { data: gzipSync(text).toString('base64') } }));
    const letters: { readonly reason: string }[] = [];
    const published: unknown[] = [];
    const deps = {
      bus: {
        put: async (events: readonly { readonly detail: unknown }[]) =>
          void published.push(...events.map((e) => e.detail)),
      },
      deadLetters: { put: async (letter: { readonly reason: string }) => void letters.push(letter) },
      memory: createMemory({ forMs: 1, maxEntries: 10 }),
      budget: createBudget({ characters: 1_000_000, forMs: 1, maxStreams: 10 }),
      classify,
      mayShow,
      catalogue: testSettings().remediations,
      logGroups: testSettings().logGroups,
      now: () => new Date('2026-08-22T10:00:00Z'),
      ...recorder(),
    };
    await check(
      'log-classifier',
      fc.oneof({ weight: 4, arbitrary: zipped }, { weight: 1, arbitrary: eventsLike([sample]) }),
      async (events) => {
        for (const event of events) await handleLogs(deps, event);
      },
    );
    expect(letters.filter(({ reason }) => !REASON.test(reason))).toEqual([]);
    expect(published.filter((detail) => !NodeSymptomDetail.safeParse(detail).success)).toEqual([]);
    // The search reached both ends.
    expect([letters.length > 0, published.length > 0]).toEqual([true, true]);
  },
  TIMEOUT_MS,
);

it(
  'signal-intake acknowledges every event, and keeps each bad one with its reason',
  async () => {
    const { deps, sqs, counts } = await signalIntakeWorld(
      table,
      { maxForeignSignalsPerMinute: 10_000, foreignSourcePercent: 100 },
      [{ instanceId: 'i-0123456789abcdef0', tags: { 'eks:cluster-name': 'demo' } }],
    );
    const samples = [
      ...samplesOf('node-symptom'),
      ...[...signalSamples(), ...internalRuleSamples()].map((s) => s.event),
    ];
    await check('signal-intake', bodiesLike(samples), async (bodies) => {
      expect(await acceptSignals(deps, sqsEvent(bodies))).toEqual({ batchItemFailures: [] });
    });
    const letters = sqs.messages(BAD);
    expect(letters.filter(({ attributes }) => !REASON.test(attributes.reason ?? ''))).toEqual([]);
    expect(letters).toHaveLength(counts.BadInput ?? 0);
    expect([letters.length > 0, (counts.SignalTaken ?? 0) > 0]).toEqual([true, true]);
  },
  TIMEOUT_MS,
);

it(
  'command-tracker and run-controller acknowledge every message, and keep each bad one with its reason',
  async () => {
    const w = runControllerWorld(await table.another(), { nodes: 5 });
    const letters: string[] = [];
    const batch = {
      deadLetter: async ({ reason }: { readonly reason: string }) => void letters.push(reason),
      returnSoon: async () => {},
      ...w.telemetry,
    };
    const [id = ''] = w.ids;
    await w.signal(id);
    await w.pass(60);
    const [run] = await w.allRuns();
    const [command] = w.ssm.commands;
    const wakes = [
      { kind: 'lane', lane: 'demo/pause-image' },
      { kind: 'run', runId: run?.runId },
      { kind: 'lane', lane: 'demo/node-check' },
    ];
    const sent = w.ssm.commands.length;
    const ended = commandStatusEvent(command?.id ?? '', command?.documentName ?? '', 'Success');
    await check('command-tracker', bodiesLike([ended, ...samplesOf('ssm-command')]), async (bodies) => {
      const answer = await processBatch(batch, sqsEvent(bodies), (body) => trackEvent(w.commandTrackerPorts, body));
      expect(answer).toEqual({ batchItemFailures: [] });
    });
    const ofTrack = letters.length;
    await check('run-controller', bodiesLike(wakes), async (bodies) => {
      const { signal } = new AbortController();
      const answer = await processBatch({ ...batch, fifo: true }, sqsEvent(bodies, 'g'), (body) =>
        turn(w.deps, parseWake(body), signal),
      );
      // A run that belongs to a lane is no group of its own: whoever says so is tried again, then kept by the queue.
      const own = bodies
        .map((body, i) => [body, `m${i}`] as const)
        .filter(([body]) => body === JSON.stringify(wakes[1]));
      expect(answer.batchItemFailures.length === 0 || own.length > 0).toBe(true);
    });
    expect(letters.filter((reason) => !REASON.test(reason))).toEqual([]);
    expect([ofTrack > 0, letters.length > ofTrack]).toEqual([true, true]);
    // Whatever was said, nothing was sent to any node.
    expect(w.ssm.commands).toHaveLength(sent);
  },
  TIMEOUT_MS,
);

it(
  'scheduler refuses what is no tick, and sweeps and looks as often as it is told',
  async () => {
    const w = runControllerWorld(await table.another(), { nodes: 5 });
    await check('scheduler', eventsLike([{ kind: 'overdue' }, { kind: 'sweep', everyMinutes: 30 }]), async (events) => {
      expect(await refusalsOf(events, (event) => tick(w.schedulerPorts, event, () => 60_000))).toEqual([]);
    });
    // However many sweeps were asked for in this minute: one of each cluster.
    expect((await w.allRuns()).length).toBe(w.settings.policy.clusters.length);
  },
  TIMEOUT_MS,
);

it(
  'notifier sends one message a thread and moment, in words alone, and refuses what is no event',
  async () => {
    const telemetry = recorder();
    const sent: TopicMessage[] = [];
    const publish = async (message: TopicMessage) => void sent.push(message);
    const ports = {
      ...{ topic: { publish }, chat: { publish }, send: 'all' as const, stackName: 'fleetmend', ...telemetry },
      threads: createThreadStore(await table.another()),
      askSummary: async () => ({ items: [] }),
      now: () => new Date('2026-08-22T10:00:00Z'),
      wait: async () => {},
    };
    const known = { id: 'n-1', cluster: 'demo', remediation: 'pause-image', instanceId: 'i-1', by: 'mei', until: 'u' };
    const ofRun = { runId: 'r-1', action: 'repair', counts: {}, changes: [{ change: 'broken', instanceId: 'i-1' }] };
    const samples = TOLD_EVENTS.map((name) => ({ 'detail-type': name, detail: { ...known, ...ofRun, changed: 1 } }));
    await check('notifier', eventsLike([...samples, { kind: 'digest' }]), async (events) => {
      expect(await refusalsOf(events, (event) => notify(ports, event))).toEqual([]);
    });
    for (const { subject, attributes } of sent) {
      if (subject !== undefined) expect(subject).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,98}$/);
      for (const value of Object.values(attributes)) expect(value).toMatch(/^[^\r\n\u202e]{1,300}$/u);
    }
    // The search reached messages, repeated and overtaken ones, and events that nobody is told about.
    const { NoticesSent, RepeatedNotices, UntoldEvents } = telemetry.counts;
    expect([NoticesSent, RepeatedNotices, UntoldEvents].every((n = 0) => n > 0)).toBe(true);
    expect(telemetry.lines.filter(({ level }) => level === 'error')).toEqual([]);
  },
  TIMEOUT_MS,
);

it(
  'operator-api and audit-query answer every request, or say which field is wrong',
  async () => {
    const w = operatorApiWorld(await table.another());
    await check('operator-api', eventsLike(samplesOf('operator-api-')), async (events) => {
      expect(await oddAnswers(events, w.answer)).toEqual([]);
    });
    const ports = auditQueryPorts(table, recorder());
    await check('audit-query', eventsLike(samplesOf('audit-query-')), async (events) => {
      expect(await oddAnswers(events, (event) => report(ports, event))).toEqual([]);
    });
  },
  TIMEOUT_MS,
);
