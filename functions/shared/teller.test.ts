import { expect, it } from 'vitest';
import { recorder } from '../../test/support/telemetry.ts';
import { createTell } from './teller.ts';

it('puts the event on the bus in the name of fleetmend', async () => {
  const put: unknown[] = [];
  await createTell({ bus: { put: async (events) => void put.push(...events) }, ...recorder() })('Paused', { id: 'p' });
  expect(put).toEqual([{ source: 'fleetmend', detailType: 'Paused', detail: { id: 'p' } }]);
});

it('does not fail what has happened where the bus refuses: it says so, and counts it', async () => {
  const telemetry = recorder();
  const bus = { put: async () => Promise.reject(new Error('AccessDenied')) };
  await createTell({ bus, ...telemetry })('Paused', { id: 'p' });
  expect(telemetry.counts).toEqual({ NoticeGivenUp: 1 });
  expect(telemetry.lines).toMatchObject([{ level: 'error', fields: { detailType: 'Paused', id: 'p' } }]);
});
