import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { Policy } from '../../functions/core/policy.ts';
import { readSignal, signalOptions } from '../../functions/core/signal.ts';

const Entries = z.tuple([
  z.strictObject({
    EventBusName: z.literal('fleetmend'),
    Source: z.string(),
    DetailType: z.string(),
    Detail: z.string(),
  }),
]);

it('the put-events example of docs/signals.md is a signal that the reader takes', () => {
  const page = readFileSync(new URL('../../docs/signals.md', import.meta.url), 'utf8');
  const [, entries = ''] = /put-events --entries '([^']+)'/.exec(page) ?? [];
  const [entry] = Entries.parse(JSON.parse(entries));
  const event = {
    id: 'e-1',
    time: '2026-08-22T10:00:00Z',
    source: entry.Source,
    'detail-type': entry.DetailType,
    detail: JSON.parse(entry.Detail),
  };
  expect(readSignal(event, signalOptions(Policy.parse({})))).toMatchObject({
    ok: true,
    signal: { kind: 'node', node: { kind: 'private-dns' }, reason: 'ForeignSymptom', trusted: false },
  });
});
