import { describe, expect, it } from 'vitest';
import { fnv1a } from './hash.ts';
import { checkLaneName, laneName, parseLaneName } from './lane-name.ts';
import { newRunId, requestedRunId, sweepRunId } from './run-id.ts';
import { isSweepRecording } from './unsupported.ts';
import { groupOf, wakeLane, wakeOf, wakeRun } from './wake.ts';

// Everything here is stored, or part of a stored key: a value that changes loses rows that exist.
describe('stored names keep their form:', () => {
  // Source of the first three: the FNV reference, http://www.isthe.com/chongo/src/fnv/test_fnv.c (32 bits, FNV-1a).
  it.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
    ['demo/pause-image', 4_043_749_167],
  ])('the hash of "%s"', (text, hash) => {
    expect(fnv1a(text)).toBe(hash);
  });

  it('the name of a lane', () => {
    expect(laneName('demo', 'pause-image')).toBe('demo/pause-image');
    expect(checkLaneName('demo')).toBe('demo/node-check');
    expect(parseLaneName('demo_1/cni-files')).toEqual({ cluster: 'demo_1', remediation: 'cni-files' });
  });

  it('the id of a run', () => {
    const now = new Date('2026-08-22T10:01:02.345Z');
    expect(newRunId(now, '01234567-89ab-4def-8123-456789abcdef')).toBe('r-20260822T100102-0123456789');
    expect(sweepRunId(Date.parse('2026-08-22T10:05:00Z'), 0xbeef)).toBe('r-20260822T100500-sweepbeef');
    expect(requestedRunId('ab'.repeat(32))).toBe('r-abababababababababab');
  });

  it('the group of a wake', () => {
    expect([wakeLane('demo/cni-files'), wakeRun('r-1')].map(groupOf)).toEqual(['demo/cni-files', 'r-1']);
    expect(wakeOf({ group: 'demo/cni-files', runId: 'r-1' })).toEqual({ kind: 'lane', lane: 'demo/cni-files' });
    expect(wakeOf({ group: 'r-1', runId: 'r-1' })).toEqual({ kind: 'run', runId: 'r-1' });
  });

  it('the hour in which a sweep records an unsupported node, about one of 24', () => {
    const hours = Array.from({ length: 24 }, (_, i) => `2026-08-22T${String(i).padStart(2, '0')}:00:00.000Z`);
    const recording = hours.filter((hour) => isSweepRecording('fargate-ip-10-0-0-1', hour));
    expect(recording).toEqual(['2026-08-22T09:00:00.000Z', '2026-08-22T23:00:00.000Z']);
  });
});
