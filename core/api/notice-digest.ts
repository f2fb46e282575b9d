import { counted } from '../model/counted.ts';
import { type Line, line, type Notice } from './notice.ts';
import type { Summary } from './summary-merge.ts';

const MAX_ROWS = 10;

const secondsText = (seconds: number | undefined): string => (seconds === undefined ? '-' : `${seconds} s`);

const numbersOf = ({
  found,
  repaired,
  failed,
  recurred,
}: Readonly<Record<'found' | 'repaired' | 'failed' | 'recurred', number>>): Line =>
  line`found ${found} · repaired ${repaired} · failed ${failed} · recurred ${recurred}`;

/**
 * The weekly digest: what was found and repaired, what was not, and the nodes that cost most. Of a week with more runs than
 * it reads, it says before which time nothing is counted.
 */
export const digestNotice = ({ total, groups, nodes }: Summary, week: string, missingBefore?: string): Notice => {
  const base = { id: `digest/${week}`, kind: 'digest', severity: 'info', status: 'told', dedupKey: 'digest' } as const;
  const title = line`The week until ${week}`;
  if (total === undefined) return { ...base, title, text: [line`Nothing was recorded`], next: [] };
  const { p50, p95 } = total.repairedAfter;
  const skipped = Object.entries(total.notActedOn);
  return {
    ...base,
    title: [...title, ': ', ...numbersOf(total)],
    text: [
      ...(missingBefore === undefined
        ? []
        : [line`Too many runs for one digest: those before ${missingBefore} are not counted`]),
      line`Clusters ${total.clusters.length} · nodes ${total.nodes} · sweeps ${total.sweeps}`,
      line`Repaired within ${secondsText(p50)} (half of them), ${secondsText(p95)} (95 %)`,
      line`Without answer ${total.unreachable} · unknown ${total.unknown} · unsupported ${total.unsupported}`,
      ...groups
        .slice(0, MAX_ROWS)
        .map(({ group, ...own }): Line => [...line`${group === '' ? 'not known' : group}: `, ...numbersOf(own)]),
      ...(skipped.length === 0 ? [] : [line`Not acted on:`]),
      ...skipped.slice(0, MAX_ROWS).map(([why, count]) => line`  ${why} ${count ?? 0}`),
      ...(nodes.length === 0 ? [] : [line`Most repairs:`]),
      ...nodes
        .slice(0, 3)
        .map(({ instanceId, cluster, found }) => line`  ${instanceId} of ${cluster}: ${counted(found, 'time')}`),
    ],
    next: [line`fleetmend report --since 7d`],
  };
};
