import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSymptoms } from '../core/logs/symptoms.ts';
import { readQuery } from '../functions/audit-query/query.ts';
import { readRequest } from '../functions/operator-api/act.ts';
import { classify, mayShow } from '../ssm-documents/classify.ts';
import { decodeLogs } from './logs-subscription.ts';
import { NodeSymptomEvent } from './node-symptom.ts';
import { CommandStatusEvent, commandStatusEvent, documentFamily, documentPattern } from './ssm-command.ts';

const folder = new URL('./samples/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const samples = files.map(
  (name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as unknown] as const,
);
const named = (prefix: string) => samples.filter(([name]) => name.startsWith(prefix));

describe('every sample is valid', () => {
  it.each(samples)('%s', (name, sample) => {
    if (name.startsWith('operator-api-')) return expect(readRequest(sample)).toMatchObject({ ok: true });
    if (name.startsWith('audit-query-')) return expect(readQuery(sample)).toMatchObject({ ok: true });
    if (name.startsWith('node-symptom')) return expect(NodeSymptomEvent.parse(sample).detail).toBeDefined();
    if (name.startsWith('ssm-command')) {
      return expect(documentFamily(CommandStatusEvent.parse(sample).detail['document-name'])).toBe(
        'fleetmend-pause-image-repair-',
      );
    }
    expect(name).toBe('logs-subscription.json');
    expect(decodeLogs(sample)).toMatchObject({ ok: true });
  });
});

it("has a log payload that shows the article's fault", () => {
  const reading = decodeLogs(named('logs-')[0]?.[1]);
  if (!reading.ok || reading.value.messageType !== 'DATA_MESSAGE') throw new Error('no log lines');
  const { symptoms } = readSymptoms('demo', reading.value.logStream, reading.value.logEvents, Date.now(), {
    classify,
    mayShow,
    knows: () => true,
    mayRead: () => true,
  });
  expect(symptoms).toMatchObject([{ instanceId: 'i-0123456789abcdef0', reason: 'SandboxImageMissing' }]);
});

it('builds SSM events that parse, and refuses an invalid one', () => {
  expect(commandStatusEvent('e8d3c0e4-71f7-4491-898f-c9b35bee5f3b', 'fleetmend-x', 'Success').detail.status).toBe(
    'Success',
  );
  expect(() => commandStatusEvent('x', 'fleetmend-x', 'Success')).toThrow();
});

it.each([
  ['fleetmend-pause-image-repair-0123456789ab', 'fleetmend-pause-image-repair-????????????'],
  ['fleetmend-node-check-2-0123456789ab', 'fleetmend-node-check-?-????????????'],
  ['fleetmend-2-node-check-12-0123456789ab', 'fleetmend-2-node-check-??-????????????'],
])('every version of %s matches %s', (name, pattern) => {
  expect(documentPattern(name)).toBe(pattern);
});
