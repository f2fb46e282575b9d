import { defined } from '../model/defined.ts';
import { countIn, histogramOf, percentileOf } from '../model/histogram.ts';
import { meaningOf, SkipReason } from '../model/outcome.ts';
import { forbiddenOn, type Rules } from '../runs/rules.ts';
import { withCounts } from '../state/counts.ts';
import type { NodeNote, RunDigest } from '../state/run-digest.ts';
import type { Durations, SummaryBy, SummaryGroup, SummaryTotal, WorstNode } from './summary.ts';

/** A note with its run. */
type Noted = NodeNote & Pick<RunDigest, 'cluster' | 'action'>;

/** The period of a summary, and by what it is grouped. */
export type Asked = { readonly since: string; readonly until: string; readonly by: SummaryBy };

/** The most nodes of the list of those with the most repairs. */
const MAX_WORST = 10;

const GROUPS: Readonly<Record<SummaryBy, (note: Noted) => string | undefined>> = {
  cluster: ({ cluster }) => cluster,
  reason: ({ reason }) => reason,
  remediation: ({ remediation }) => remediation,
  nodegroup: ({ nodegroup }) => nodegroup,
  ami: ({ ami }) => ami,
  containerd: ({ containerd }) => containerd,
  day: ({ at }) => at.slice(0, 10),
};

const isFound = ({ outcome }: Noted): boolean => meaningOf(outcome).isFinding;
const isRepaired = ({ outcome }: Noted): boolean => meaningOf(outcome).isRepaired;
const hasRecurred = ({ outcome }: Noted): boolean => meaningOf(outcome).isRepaired && meaningOf(outcome).isFailed;
const hasFailed = ({ action, outcome }: Noted): boolean =>
  action === 'repair' && meaningOf(outcome).isFailed && !meaningOf(outcome).isRepaired;

const durationsOf = (seconds: readonly number[]): Durations => {
  const histogram = histogramOf(seconds);
  const [p50, p95] = [percentileOf(histogram, 0.5), percentileOf(histogram, 0.95)];
  return { count: countIn(histogram), ...defined({ p50, p95 }), histogram };
};

const isTried = (note: Noted): boolean => isRepaired(note) || hasFailed(note);

/** The notes of findings, one for each reason. */
const onePerReason = (notes: readonly Noted[]): readonly Noted[] => [
  ...new Map(notes.map((note) => [note.reason, note])).values(),
];

/**
 * One note for each fault: of each attempt at a repair, whatever reason it failed for, and of each finding that no attempt has
 * followed. A fault that each sweep finds again is one. A finding after a failed attempt is of the same fault.
 */
const faultsOf = (notes: readonly Noted[]): readonly Noted[] =>
  [...Map.groupBy(notes, (note) => `${note.cluster} ${note.instanceId} ${note.remediation}`).values()].flatMap(
    (own) => {
      const tried = own.filter(isTried).toSorted((a, b) => a.at.localeCompare(b.at));
      const found = own.filter((note) => !isTried(note) && isFound(note));
      const last = tried.at(-1);
      if (last === undefined) return onePerReason(found);
      return isRepaired(last) ? [...tried, ...onePerReason(found.filter(({ at }) => at > last.at))] : tried;
    },
  );

/** The numbers of some faults. */
const numbersOf = (notes: readonly Noted[]) => {
  const repaired = notes.filter(isRepaired);
  return {
    found: notes.length,
    repaired: repaired.length,
    failed: notes.filter(hasFailed).length,
    recurred: notes.filter(hasRecurred).length,
    detectedWithin: durationsOf(repaired.flatMap(({ detectedWithin }) => detectedWithin ?? [])),
    repairedAfter: durationsOf(repaired.flatMap(({ repairedAfter }) => repairedAfter ?? [])),
  };
};

const worstOf = (notes: readonly Noted[]): readonly WorstNode[] =>
  [...Map.groupBy(notes, ({ cluster, instanceId }) => `${cluster} ${instanceId}`).values()]
    .flatMap((own): WorstNode[] => {
      const { found, repaired, failed, recurred } = numbersOf(own);
      return own.slice(-1).map(({ instanceId, cluster, nodegroup, ami }) => ({
        ...{
          kind: 'worst-node',
          instanceId,
          cluster,
          ...defined({ nodegroup, ami }),
          found,
          repaired,
          failed,
          recurred,
        },
      }));
    })
    .filter(({ found }) => found > 0)
    .toSorted((a, b) => b.found - a.found || a.instanceId.localeCompare(b.instanceId))
    .slice(0, MAX_WORST);

const nodesOf = ({ counts }: RunDigest): number => Object.values(counts).reduce((sum, n) => sum + n, 0);

const sweptNodes = (sweeps: readonly RunDigest[]): number =>
  [...Map.groupBy(sweeps, ({ cluster }) => cluster).values()].reduce((sum, own) => {
    const sizes = [...Map.groupBy(own, ({ requestId }) => requestId).values()].map((runs) =>
      runs.reduce((nodes, run) => nodes + nodesOf(run), 0),
    );
    return sum + Math.max(...sizes);
  }, 0);

const peopleOf = (digests: readonly RunDigest[]): SummaryTotal['people'] =>
  [...Map.groupBy(digests, ({ by }) => by)]
    .flatMap(([by, own]) =>
      by === undefined ? [] : [{ by, requests: new Set(own.map(({ requestId }) => requestId)).size }],
    )
    .toSorted((a, b) => b.requests - a.requests || a.by.localeCompare(b.by));

/** Decisions of repairs not to act, and findings that the policy does not let anybody repair, each once. */
const notActedOnOf = (
  digests: readonly RunDigest[],
  notes: readonly Noted[],
  rules: Rules,
): SummaryTotal['notActedOn'] => {
  const skipped = digests
    .filter(({ action }) => action === 'repair')
    .flatMap(({ counts }) => SkipReason.options.map((name) => [name, counts[name] ?? 0] as const));
  const faults = new Map(notes.filter(isFound).map((note) => [`${note.instanceId} ${note.remediation}`, note]));
  const forbidden = [...faults.values()].flatMap(({ cluster, remediation }) => {
    const line = forbiddenOn(rules, cluster, remediation);
    return line === undefined ? [] : [[line.skipReason, 1] as const];
  });
  return [...skipped, ...forbidden].reduce<SummaryTotal['notActedOn']>(
    (sum, [name, n]) => (n === 0 ? sum : withCounts(sum, { [name]: n })),
    {},
  );
};

const sumOf = (
  digests: readonly RunDigest[],
  outcome: 'Unreachable' | 'Unknown' | 'TimedOut' | 'Unsupported',
): number => digests.reduce((sum, { counts }) => sum + (counts[outcome] ?? 0), 0);

/** The summary of the runs that ended in a period: its total, its groups, and the nodes with the most repairs. */
export const summarize = (
  digests: readonly RunDigest[],
  { since, until, by }: Asked,
  rules: Rules,
): readonly (SummaryTotal | SummaryGroup | WorstNode)[] => {
  const notes = digests.flatMap(({ notes: own, cluster, action }) => own.map((note) => ({ ...note, cluster, action })));
  const told = faultsOf(notes);
  const sweeps = digests.filter(({ because }) => because === 'sweep');
  const swept = sweeps.filter(({ end }) => end === 'Done');
  const requests = (own: readonly RunDigest[]): number => new Set(own.map(({ requestId }) => requestId)).size;
  const total: SummaryTotal = {
    ...{ kind: 'total', since, until, clusters: [...new Set(digests.map(({ cluster }) => cluster))].toSorted() },
    ...numbersOf(told),
    ...{ runs: digests.length, sweeps: requests(sweeps), sweepsStopped: requests(sweeps) - requests(swept) },
    ...{ nodes: sweptNodes(swept), people: peopleOf(digests), notActedOn: notActedOnOf(digests, notes, rules) },
    unreachable: sumOf(digests, 'Unreachable'),
    unknown: sumOf(digests, 'Unknown') + sumOf(digests, 'TimedOut'),
    unsupported: sumOf(digests, 'Unsupported'),
  };
  const groups = [...Map.groupBy(told, (note) => GROUPS[by](note) ?? '')]
    .map(([group, own]): SummaryGroup => ({ kind: 'group', by, group, ...numbersOf(own) }))
    .toSorted((a, b) => b.found - a.found || a.group.localeCompare(b.group));
  return [total, ...worstOf(told), ...groups];
};
