import { expect, it } from 'vitest';
import { defineLogLines } from './log-lines.ts';
import { Look } from './look.ts';
import { defineReasons } from './reasons.ts';
import { defineRemediation } from './remediation.ts';

it('a definition is what was written', () => {
  const reasons = {
    DiskFull: { severity: 'Fatal', scope: 'node-local', cause: 'c', advice: 'a', title: 't' },
  } as const;
  expect(defineReasons(reasons)).toBe(reasons);
  const remediation = { name: 'disk', reasons } as never;
  expect(defineRemediation(remediation)).toBe(remediation);
  const lines = { rules: [], phrases: [] } as never;
  expect(defineLogLines(lines)).toBe(lines);
});

it('a look names the command and its number, from 1', () => {
  const look = { kind: 'look', commandId: 'c-1', attempt: 1 };
  expect(Look.parse(look)).toEqual(look);
  for (const over of [{ kind: 'wake' }, { commandId: '' }, { commandId: 'c'.repeat(101) }, { attempt: 0 }]) {
    expect(Look.safeParse({ ...look, ...over }).success).toBe(false);
  }
  expect(Look.safeParse({ ...look, commandId: 'c'.repeat(100) }).success).toBe(true);
});
