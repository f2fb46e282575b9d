import { describe, expect, it } from 'vitest';
import { START } from '../../test/support/runs.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { isAwaitedBy, withClaim, withoutWaiting, withWaiting } from './claims.ts';

const CLUSTER: ClusterState = { cluster: 'demo', version: 1, slots: {} };
const both = withWaiting(withWaiting(CLUSTER, 'demo/a'), 'demo/b');

describe('a lane that waits for a disruptive one', () => {
  it('waits once, and is awaited by the others until it has its claim', () => {
    expect(withWaiting(both, 'demo/a')).toBe(both);
    expect(isAwaitedBy(both, 'demo/c')).toBe(true);
    expect(withClaim(both, 'demo/a', 'r-1', START)).toMatchObject({
      waiting: ['demo/b'],
      disruptive: { lane: 'demo/a', runId: 'r-1' },
    });
  });

  it('makes no other lane yield once nothing waits in it any more', () => {
    const one = withoutWaiting(both, 'demo/b');
    expect(one.waiting).toEqual(['demo/a']);
    expect(withoutWaiting(one, 'demo/a')).toEqual(CLUSTER);
    expect(isAwaitedBy(withoutWaiting(one, 'demo/a'), 'demo/c')).toBe(false);
  });
});
