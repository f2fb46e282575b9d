import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { at } from '../../test/support/runs.ts';
import { isAnswered, type PendingNode } from '../state/pending-node.ts';
import { UNPROVEN_PER_DAY } from '../state/unproven-day.ts';
import { mergePending, type NewPendingNode } from './route.ts';
import { dayBudgetOf, takesFromDay } from './unproven.ts';

const DAY = 86_400;
const signalOf = (node: number, second: number): NewPendingNode => ({
  ...{ lane: 'demo/node-check', cluster: 'demo', instanceId: `fargate-n${node}`, reason: 'X', signals: 1, source: 's' },
  ...{ firstSeenAt: at(second), lastSeenAt: at(second), because: { kind: 'event' } },
});

/** One signal each: the node and the source that it names, how long after the last one it comes, and when it is answered. */
const signals = fc.array(
  fc.record({
    node: fc.nat(400),
    source: fc.nat(3),
    waits: fc.oneof(fc.constant(1), fc.nat(3600), fc.constant(DAY)),
    answers: fc.boolean(),
  }),
  { minLength: 50, maxLength: 600 },
);

it('signals about nodes that nothing proves lead to no more results than the days have, and one source to half of them', async () => {
  const budget = dayBudgetOf({ foreignSourcePercent: 50 });
  expect(budget).toEqual({ perSource: UNPROVEN_PER_DAY / 2, perDay: UNPROVEN_PER_DAY });
  await fc.assert(
    fc.property(signals, (sent) => {
      const rows = new Map<string, PendingNode>();
      const taken = new Map<string, number>();
      const take = (name: string, max: number) => {
        const before = taken.get(name) ?? 0;
        if (before < max) taken.set(name, before + 1);
        return before < max;
      };
      let [second, results, cut] = [0, 0, 0];
      /** As run-controller answers what is due: one result, and the row stays for a day. */
      const answer = () => {
        for (const [id, row] of rows) {
          if (row.notBefore !== undefined && row.notBefore > at(second)) continue;
          if (isAnswered(row)) rows.delete(id);
          else {
            results++;
            rows.set(id, { ...row, decidedAt: at(second), notBefore: at(second + DAY) });
          }
        }
      };
      for (const { node, source, waits, answers } of sent) {
        second += waits;
        const signal = signalOf(node, second);
        const row = rows.get(signal.instanceId);
        const next = row === undefined ? signal : mergePending(row, signal);
        if (next !== undefined) {
          const day = Math.floor(second / DAY);
          const isPaid =
            !takesFromDay(row) || (take(`${day} ${source}`, budget.perSource) && take(`${day}`, budget.perDay));
          if (isPaid) rows.set(signal.instanceId, { ...next, version: 'v' });
          else cut++;
        }
        if (answers) answer();
      }
      second += 2 * DAY;
      answer();
      const days = Math.floor((second - 2 * DAY) / DAY) + 1;
      expect(results).toBeLessThanOrEqual(days * UNPROVEN_PER_DAY);
      expect(results).toBeGreaterThan(0);
      // Whoever was not told of was counted.
      if (cut === 0) expect(rows.size + results).toBeGreaterThanOrEqual(new Set(sent.map(({ node }) => node)).size);
    }),
    search('signals about unproven nodes', 60),
  );
});
