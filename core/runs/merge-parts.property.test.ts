import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { search } from '../../test/deep.ts';
import { at, node } from '../../test/support/runs.ts';
import type { Severity } from '../model/reasons.ts';
import type { Texts } from '../model/render-message.ts';
import type { ObservationRow } from '../state/command-state.ts';
import { Reading } from '../state/results.ts';
import { batchResults, healthyNodes } from './batch-results.ts';
import { MAX_FINDINGS, mergeParts } from './merge-parts.ts';

const SEVERITIES: Readonly<Record<string, Severity>> = { Grave: 'Fatal', Bad: 'Warning', Slight: 'Info' };
const severityOf = (reason: string): Severity | undefined => SEVERITIES[reason];
const END = at(100);
const TEXTS: Texts = {
  version: '0badcafe',
  reasons: new Map(
    Object.entries(SEVERITIES).map(([name, severity]) => [name, { severity, title: name, advice: 'a' }]),
  ),
  remediations: new Map(),
};

const Reason = fc.constantFrom('Grave', 'Bad', 'Slight', 'Unlisted');
const Found = fc.record({
  remediation: fc.constantFrom('pause-image', 'cni-files', 'cri-dockerd'),
  outcome: fc.constantFrom('Broken' as const, 'Unknown' as const, 'Skipped' as const),
  reason: Reason,
  title: fc.constant('t'),
});
const time = fc.integer({ min: 0, max: 100 }).map(at);
/** A possible report of a part about a node, or none. */
const APart: fc.Arbitrary<Reading | undefined> = fc.oneof(
  { weight: 4, arbitrary: time.map((endedAt): Reading => ({ outcome: 'Healthy', message: 'm', endedAt })) },
  fc
    .record({ findings: fc.array(Found, { minLength: 1, maxLength: 12 }), cut: fc.nat(3), endedAt: time })
    .map(({ findings, cut, endedAt }): Reading => {
      const outcome = ['Broken', 'Unknown', 'Skipped'].find((o) => findings.some((f) => f.outcome === o)) ?? 'Unknown';
      const first = findings[0]?.reason ?? '';
      const told = { outcome: outcome as Reading['outcome'], reason: first, message: 'm', findings, endedAt };
      return cut === 0 ? told : { ...told, cut };
    }),
  fc
    .record({
      outcome: fc.constantFrom('TimedOut' as const, 'Unreachable' as const, 'Unknown' as const),
      endedAt: time,
    })
    .map((part): Reading => ({ ...part, message: 'm' })),
  time.map((endedAt): Reading => ({ outcome: 'Unsupported', reason: 'Slight', message: 'm', endedAt })),
  fc.constant(undefined),
);
const Parts = fc.array(APart, { minLength: 1, maxLength: 4 });
const WORST = ['Broken', 'TimedOut', 'Unknown', 'Unreachable', 'Skipped', 'Healthy', 'Unsupported'];

describe('a result made of parts', () => {
  it('is Healthy only if one part is, and every other part is Healthy or does not apply to the node', () => {
    fc.assert(
      fc.property(Parts, (parts) => {
        const outcomes = parts.map((part) => part?.outcome ?? 'TimedOut');
        const expected = outcomes.includes('Healthy') && outcomes.every((o) => o === 'Healthy' || o === 'Unsupported');
        expect(mergeParts(parts, severityOf, END).outcome === 'Healthy').toBe(expected);
      }),
      search('healthy parts', 150, 10_000),
    );
  });

  it('has the worst outcome of its parts, and keeps every finding or counts it', () => {
    fc.assert(
      fc.property(Parts, (parts) => {
        const merged = mergeParts(parts, severityOf, END);
        const outcomes = parts.map((part) => part?.outcome ?? 'TimedOut');
        expect(merged.outcome).toBe(WORST.find((o) => outcomes.some((own) => own === o)));
        if (parts.length === 1 || ['Healthy', 'Unsupported'].includes(merged.outcome)) return;
        const all = parts.reduce((sum, part) => {
          if (part?.outcome === 'Healthy' || part?.outcome === 'Unsupported') return sum;
          return sum + (part?.findings?.length ?? 1) + (part?.cut ?? 0);
        }, 0);
        expect((merged.findings?.length ?? 0) + (merged.cut ?? 0)).toBe(all);
        expect(merged.findings?.length).toBeLessThanOrEqual(MAX_FINDINGS);
        const ranks = (merged.findings ?? []).map((f) => WORST.indexOf(f.outcome));
        expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
        expect(Reading.parse(merged)).toEqual(merged);
      }),
      search('merged parts', 150, 10_000),
    );
  });
});

describe('the rows of a batch', () => {
  const Batch = fc.array(
    fc.record({
      nodes: fc.array(APart, { minLength: 4, maxLength: 4 }),
      seconds: fc.nat(100),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const rowsOf = (batch: typeof Batch extends fc.Arbitrary<infer T> ? T : never): ObservationRow[] =>
    batch.map(({ nodes, seconds }, i) => {
      const told = nodes.map((reading, n): [string, Reading] => [
        node(n),
        reading ?? { outcome: 'TimedOut', message: 'm', endedAt: at(seconds) },
      ]);
      return {
        runId: 'r-1',
        key: `1.${i + 1}`,
        part: i + 1,
        parts: batch.length,
        commandId: `c-${i + 1}`,
        final: true,
        closedBy: 'end',
        at: at(seconds),
        grade: 4 * told.length,
        open: [],
        healthy: told.flatMap(([id, { outcome }]) => (outcome === 'Healthy' ? [id] : [])),
        nodes: Object.fromEntries(told.filter(([, { outcome }]) => outcome !== 'Healthy')),
      };
    });
  const run = { runId: 'r-1', cluster: 'demo', remediation: 'node-check', action: 'check' } as const;

  it('are one for each node that is not healthy, and do not depend on the writer or the time', () => {
    fc.assert(
      fc.property(Batch, (batch) => {
        const parts = rowsOf(batch);
        const rows = batchResults(run, parts, TEXTS);
        expect(batchResults(run, structuredClone(parts), TEXTS)).toEqual(rows);
        const ids = [...rows.map((row) => row.instanceId), ...healthyNodes(parts)];
        expect(ids.toSorted()).toEqual([0, 1, 2, 3].map(node));
        for (const row of rows) expect(row.outcome).not.toBe('Healthy');
        for (const id of healthyNodes(parts)) {
          const own = parts.map((part) => (part.healthy?.includes(id) ? 'Healthy' : part.nodes[id]?.outcome));
          expect(own.every((o) => o === 'Healthy' || o === 'Unsupported')).toBe(true);
        }
      }),
      search('batches', 100, 6000),
    );
  });
});
