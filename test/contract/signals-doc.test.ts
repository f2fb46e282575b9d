import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Policy } from '../../core/model/policy.ts';
import { SymptomDetail } from '../../core/signals/definitions/symptoms.ts';
import { readSignal, signalSettings } from '../../core/signals/read-signal.ts';
import { PAGE, renderSamplesPage, renderSignalsPage, SAMPLES_PAGE } from '../docs/signals-page.ts';
import { putEventsExample } from '../support/put-events-example.ts';

it('docs/signals.md has the tables of the definitions (node test/docs/render-signals.ts writes them)', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(renderSignalsPage());
});

it('events/samples/signals/README.md has the verdict on each sample (node test/docs/render-signals.ts writes it)', () => {
  expect(readFileSync(SAMPLES_PAGE, 'utf8')).toBe(renderSamplesPage());
});

it('docs/signals.md describes each field of a Node Symptom, and no other', () => {
  const section = readFileSync(PAGE, 'utf8').split('\n## Node Symptom')[1]?.split('\n## ')[0] ?? '';
  const cells = [...section.matchAll(/^\| (`[^|]*?) *\| ([^|]*)/gm)].flatMap(([, name = '', text = '']) => [
    ...name.matchAll(/`(\w+)`/g),
    ...text.matchAll(/`(instanceId)`/g),
  ]);
  const described = cells.map(([, field]) => field).toSorted();
  expect(described).toEqual(Object.keys(SymptomDetail.shape).toSorted());
});

it('the put-events example of docs/signals.md is a signal that the reader accepts', () => {
  const entry = putEventsExample();
  const event = {
    id: 'e-1',
    time: '2026-08-22T10:00:00Z',
    source: entry.Source,
    'detail-type': entry.DetailType,
    detail: JSON.parse(entry.Detail),
  };
  expect(readSignal(event, signalSettings(Policy.parse({})))).toMatchObject({
    ok: true,
    signal: { kind: 'node', node: { kind: 'private-dns' }, reason: 'ForeignSymptom', trusted: false },
  });
});
