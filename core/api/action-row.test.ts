import { describe, expect, it } from 'vitest';
import { type Author, authorKey, authorKeys, authorName, namedIn, shortened } from './action-row.ts';

const ARN = 'arn:aws:iam::123456789012:role/Ops';
const verified: Author = { kind: 'verified', arn: ARN, userId: 'AROA1', account: '123456789012', sessionName: 'mei' };

describe('the author of an action', () => {
  it('is found by what AWS said or by what the caller said, and the one is never taken for the other', () => {
    expect(authorKey(verified)).toBe(`verified#${ARN}`);
    expect(authorKey({ kind: 'claimed', name: ARN })).toBe(`claimed#${ARN}`);
    expect(authorKey({ kind: 'dashboard' })).toBe('dashboard');
    expect(authorKeys(ARN)).toEqual([`verified#${ARN}`, `claimed#${ARN}`]);
    expect(authorKeys('dashboard')).toEqual(['dashboard']);
  });

  it('is named in other rows without the name that the caller chose for the session', () => {
    expect(authorName(verified)).toBe(ARN);
    expect(authorName({ kind: 'claimed', name: 'mei' })).toBe('mei');
    expect(authorName({ kind: 'dashboard' })).toBe('dashboard (unidentified)');
    for (const name of [ARN, `  ${ARN.toUpperCase()}`, 'dashboard (unidentified)', ARN.padEnd(200, 'x')]) {
      const shown = authorName({ kind: 'claimed', name });
      expect(shown).toMatch(/^claimed: /);
      expect(shown.length).toBeLessThanOrEqual(200);
    }
    expect(authorName({ ...verified, arn: `${ARN}/${'x'.repeat(500)}` }).length).toBe(200);
  });
});

it('a row keeps long lists as their length, and no text that deceives its reader', () => {
  const ids = Array.from({ length: 21 }, (_, i) => `i-${i}`);
  expect(shortened({ ids, few: ids.slice(0, 2), why: '=1+1\u202e', n: 1, none: null })).toEqual({
    ids: { count: 21 },
    few: ['i-0', 'i-1'],
    why: "'=1+1\ufffd",
    n: 1,
    none: null,
  });
  expect(String(shortened('x'.repeat(1000))).length).toBe(500);
});

it('a row names what a payload names, whatever the payload is', () => {
  expect(namedIn({ action: 'pause', cluster: 'demo', requestedBy: 'mei' })).toEqual({
    action: 'pause',
    cluster: 'demo',
    requestedBy: 'mei',
  });
  expect(namedIn({ action: 7, cluster: [], requestedBy: '' })).toEqual({ action: '(none)', requestedBy: '(unnamed)' });
  expect(namedIn({ action: 'x'.repeat(100) }).action.length).toBe(40);
});
