import { expect, it } from 'vitest';
import { isSweepRecording, unsupportedKindOf } from './unsupported.ts';

it.each([
  ['fargate-ip-10-0-1-2.eu-west-1.compute.internal', 'FargateNode'],
  ['mi-0123456789abcdef0', 'HybridNode'],
  ['hybrid-nodes/rack-7', 'HybridNode'],
  ['i-0123456789abcdef0', undefined],
])('the kind of %s is %s', (nodeId, kind) => {
  expect(unsupportedKindOf(nodeId)).toBe(kind);
});

it('a sweep writes a node down in some hours, and within an hour always the same ones', () => {
  const hours = Array.from({ length: 24 * 7 }, (_, hour) => new Date(Date.UTC(2026, 7, 22, hour)).toISOString());
  const recorded = hours.map((now) => isSweepRecording('mi-0123456789abcdef0', now));
  expect(new Set(recorded)).toEqual(new Set([true, false]));
  const later = hours.map((now) => isSweepRecording('mi-0123456789abcdef0', now.replace(':00:00', ':59:59')));
  expect(later).toEqual(recorded);
});
