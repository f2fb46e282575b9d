import { expect, it } from 'vitest';
import { Policy } from '../../core/model/policy.ts';
import { readSignal, signalOptions } from '../../core/signals/registry.ts';
import { putEventsExample } from '../support/put-events-example.ts';

it('the put-events example of docs/signals.md is a signal that the reader takes', () => {
  const entry = putEventsExample();
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
