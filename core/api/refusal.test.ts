import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { refusal, refusalOf } from './refusal.ts';

const Payload = z.strictObject({
  mode: z.enum(['observe', 'repair']),
  nodes: z.array(z.string()).optional(),
  max: z.number().default(1),
});
const refusalFor = (payload: unknown) => {
  const parsed = Payload.safeParse(payload);
  if (parsed.success) throw new Error('it was accepted');
  return refusalOf(parsed.error, Object.keys(Payload.shape));
};

describe('a refusal', () => {
  it('names the field, the problem and what is allowed', () => {
    expect(refusal('queue', 'no such queue', { allowed: ['a'], next: 'look' })).toEqual({
      field: 'queue',
      message: 'field queue: no such queue',
      allowed: ['a'],
      next: 'look',
    });
    expect(refusal('queue', 'no such queue')).toEqual({ field: 'queue', message: 'field queue: no such queue' });
  });

  it('lists the values of a field that has few', () => {
    expect(refusalFor({ mode: 'off' })).toMatchObject({
      field: 'mode',
      message: expect.stringMatching(/^field mode: /),
      allowed: ['observe', 'repair'],
    });
  });

  it('names a field inside another, and every problem in its message', () => {
    const refused = refusalFor({ mode: 'repair', nodes: ['a', 1], max: 'x' });
    expect(refused).toMatchObject({
      field: 'nodes.1',
      message: expect.stringMatching(/field nodes\.1: .*; field max: /),
    });
    expect(refused).not.toHaveProperty('allowed');
  });

  it('names a field too many and the fields that there are, and repeats no long name', () => {
    expect(refusalFor({ mode: 'repair', document: 'x' })).toEqual({
      field: 'document',
      message: 'field document: this request has no such field; it has: mode, nodes, max',
      allowed: ['mode', 'nodes', 'max'],
    });
    expect(refusalFor({ mode: 'repair', ['x'.repeat(101)]: 1 }).field).toBe(`${'x'.repeat(100)}…`);
  });

  it('has no character of a name that moves a cursor, hides text or turns it round', () => {
    const name = 'x\u001b[31m\u202e\n';
    for (const payload of [{ mode: 'repair', [name]: 1 }, { [name]: 1 }]) {
      const { field, message } = refusalFor(payload);
      expect(`${field} ${message}`).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it('names no field where the payload itself is wrong', () => {
    const refused = refusalFor('repair');
    expect(refused).not.toHaveProperty('field');
    expect(refused.message).toMatch(/^field \(whole\): /);
    expect(refusalOf(new z.ZodError([]), []).field).toBeUndefined();
  });
});
