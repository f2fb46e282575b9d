import { expect, it } from 'vitest';
import type { Outcome } from '../model/outcome.ts';
import { isAttributable } from './attributable.ts';

const nodeLocal = new Set(['DiskFull']);

it.each<[Outcome, string | undefined, boolean]>([
  ['NotRepaired', 'SandboxImageMissing', true],
  ['NotRepaired', undefined, true],
  ['NotRepaired', 'DiskFull', false],
  ['Unknown', 'ResultUnreadable', true],
  ['Unknown', 'DiskFull', false],
  ['TimedOut', 'ExecutionTimedOut', true],
  ['TimedOut', undefined, false],
  ['Healthy', undefined, false],
  ['Repaired', undefined, false],
  ['Relapsed', undefined, false],
  ['Unreachable', undefined, false],
  ['Unsupported', undefined, false],
  ['Skipped', undefined, false],
  ['Broken', 'SandboxImageMissing', false],
])('%s for %s is attributable to the repair: %s', (outcome, reason, expected) => {
  expect(isAttributable({ outcome, reason }, nodeLocal)).toBe(expected);
});
