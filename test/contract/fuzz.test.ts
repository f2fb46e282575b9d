import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NodeSymptomDetail } from '../../events/node-symptom.ts';
import { commandStatusEvent } from '../../events/ssm-command.ts';
import { createReportStore } from '../../functions/adapters/report-store.ts';
import { handleWake } from '../../functions/advance/advance.ts';
import { parseWake } from '../../functions/advance/wake-message.ts';
import { createMemory } from '../../functions/core/log-memory.ts';
import { handleSignals } from '../../functions/intake/intake.ts';
import { handleLogs } from '../../functions/logs/logs.ts';
import { reconcile } from '../../functions/reconcile/reconcile.ts';
import { report } from '../../functions/report/report.ts';
import { processBatch } from '../../functions/runtime/batch.ts';
import { trackEvent } from '../../functions/track/track.ts';
import { search } from '../deep.ts';
import { advanceWorld } from '../support/advance-world.ts';
import { BAD, intakeWorld } from '../support/intake-world.ts';
import { bodiesLike, eventsLike } from '../support/mutate.ts';
import { remediateWorld } from '../support/remediate-world.ts';
import { testSettings } from '../support/settings.ts';
import { signalSamples } from '../support/signal-samples.ts';
import { sqsEvent } from '../support/sqs-event.ts';
import { startTable, type TestTable } from '../support/table.ts';
import { recorder } from '../support/telemetry.ts';

let table: TestTable;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.stop());

/** Events of one sample of a search: 100 samples in `npm test`, 2,000 (so 20,000 events) in `npm run test:deep`. */
const BATCH = 10;
const SAMPLES = 100;
const TIMEOUT_MS = 3_600_000;

const folder = new URL('../../events/samples/', import.meta.url);
const samplesOf = (prefix: string): readonly unknown[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

const check = (name: string, event: fc.Arbitrary<unknown>, hold: (events: readonly unknown[]) => Promise<void>) =>
  fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: BATCH, maxLength: BATCH }), hold),
    search(`events for ${name}`, SAMPLES),
  );

/** A reason that tells an operator which input was wrong. */
const REASON = /^(reading the|field |OverBudget: )/;

/** What an entry that answers its caller says of a request that it refuses. */
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
  'λ logs publishes symptoms that are some, or keeps the event with its reason',
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
      catalogue: testSettings().remediations,
      logGroups: testSettings().logGroups,
      now: () => new Date('2026-08-22T10:00:00Z'),
      ...recorder(),
    };
    await check(
      'λ logs',
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
  'λ intake acknowledges every event, and keeps each bad one with its reason',
  async () => {
    const { deps, sqs, counts } = await intakeWorld(table, { maxForeignSignalsPerMinute: 10_000 }, [
      { instanceId: 'i-0123456789abcdef0', tags: { 'eks:cluster-name': 'demo' } },
    ]);
    const samples = [...samplesOf('node-symptom'), ...signalSamples().map(({ event }) => event)];
    await check('λ intake', bodiesLike(samples), async (bodies) => {
      expect(await handleSignals(deps, sqsEvent(bodies))).toEqual({ batchItemFailures: [] });
    });
    const letters = sqs.messages(BAD);
    expect(letters.filter(({ attributes }) => !REASON.test(attributes.reason ?? ''))).toEqual([]);
    expect(letters).toHaveLength(counts.BadInput ?? 0);
    expect([letters.length > 0, (counts.SignalTaken ?? 0) > 0]).toEqual([true, true]);
  },
  TIMEOUT_MS,
);

it(
  'λ track and λ advance acknowledge every message, and keep each bad one with its reason',
  async () => {
    const w = advanceWorld(await table.another(), { nodes: 5 });
    const letters: string[] = [];
    const batch = {
      deadLetter: async ({ reason }: { readonly reason: string }) => void letters.push(reason),
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
    await check('λ track', bodiesLike([ended, ...samplesOf('ssm-command')]), async (bodies) => {
      const answer = await processBatch(batch, sqsEvent(bodies), (body) => trackEvent(w.trackDeps, body));
      expect(answer).toEqual({ batchItemFailures: [] });
    });
    const ofTrack = letters.length;
    await check('λ advance', bodiesLike(wakes), async (bodies) => {
      const { signal } = new AbortController();
      const answer = await processBatch({ ...batch, fifo: true }, sqsEvent(bodies, 'g'), (body) =>
        handleWake(w.deps, parseWake(body), signal),
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
  'λ reconcile refuses what is no tick, and sweeps and looks as often as it is told',
  async () => {
    const w = advanceWorld(await table.another(), { nodes: 5 });
    await check(
      'λ reconcile',
      eventsLike([{ kind: 'overdue' }, { kind: 'sweep', everyMinutes: 30 }]),
      async (events) => {
        expect(await refusalsOf(events, (event) => reconcile(w.reconcileDeps, event))).toEqual([]);
      },
    );
    // However many sweeps were asked for in this minute: one of each cluster.
    expect((await w.allRuns()).length).toBe(w.settings.policy.clusters.length);
  },
  TIMEOUT_MS,
);

it(
  'λ remediate and λ report answer every request, or say which field is wrong',
  async () => {
    const w = remediateWorld(await table.another());
    await check('λ remediate', eventsLike(samplesOf('remediate-')), async (events) => {
      expect(await refusalsOf(events, w.ask)).toEqual([]);
    });
    const store = createReportStore(table);
    await check('λ report', eventsLike(samplesOf('report-')), async (events) => {
      expect(await refusalsOf(events, (event) => report({ store, ...recorder() }, event))).toEqual([]);
    });
  },
  TIMEOUT_MS,
);
