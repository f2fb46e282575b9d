import { meaningOf, Outcome } from '../model/outcome.ts';
import type { RunDigest } from '../state/run-digest.ts';
import { isFullCheck } from './digest.ts';

/** A number about a cluster that is drawn over time. */
export type MeasureOf = {
  /** In PascalCase. `Nodes` and an outcome: so many nodes ended with it. */
  readonly name: string;
  readonly unit: 'Count' | 'Seconds';
  readonly value: number;
};

/** The name of the metric that counts the ends of repairs with an outcome. */
export const outcomeMetric = (outcome: Outcome): string => `Nodes${outcome}`;

const isNoted = (outcome: Outcome): boolean => {
  const { isWorking, hasSkipReason } = meaningOf(outcome);
  return !isWorking && !hasSkipReason;
};

/**
 * What the end of a run adds to the metrics of its cluster. A repair: how its nodes ended, and the seconds from the detection of a
 * fault to its repair. A sweep: how many nodes it looked at, and how many do not work now. Another check adds nothing: it has
 * looked at a few nodes only.
 */
export const measuresOf = ({ action, because, counts, notes, remediation }: RunDigest): readonly MeasureOf[] => {
  const counted = Outcome.options.flatMap((outcome) => {
    const value = counts[outcome] ?? 0;
    return value === 0 ? [] : [{ outcome, value }];
  });
  if (action === 'repair') {
    return [
      ...counted.map(({ outcome, value }) => ({ name: outcomeMetric(outcome), unit: 'Count' as const, value })),
      ...notes.flatMap(({ repairedAfter }) =>
        repairedAfter === undefined
          ? []
          : [{ name: 'SecondsToRepair', unit: 'Seconds' as const, value: repairedAfter }],
      ),
    ];
  }
  if (because !== 'sweep' || !isFullCheck({ remediation })) return [];
  const sum = (of: typeof counted): number => of.reduce((total, { value }) => total + value, 0);
  return [
    { name: 'NodesSwept', unit: 'Count', value: sum(counted) },
    { name: 'NodesBroken', unit: 'Count', value: sum(counted.filter(({ outcome }) => isNoted(outcome))) },
  ];
};
