import { meaningOf, Outcome } from '../../core/model/outcome.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { RequestReport, ResultItem } from '../schemas/shapes.ts';
import type { Column } from './table.ts';
import { type Paint, type Style, shown } from './text.ts';
import type { Clock } from './times.ts';

/** Outcomes, the most severe first. */
const RANKS: readonly string[] = Outcome.options;

/** ✓ for a node that works, – for one that was left alone, ✗ for any other. */
const markOf = (outcome: Outcome): { readonly mark: string; readonly style: Style } => {
  const { isWorking, hasSkipReason } = meaningOf(outcome);
  if (isWorking) return { mark: '✓', style: 'green' };
  return hasSkipReason ? { mark: '–', style: 'dim' } : { mark: '✗', style: 'red' };
};

const secondsOf = ({ startedAt, endedAt }: ResultItem): string | undefined =>
  startedAt === undefined ? undefined : `${((Date.parse(endedAt) - Date.parse(startedAt)) / 1000).toFixed(1)} s`;

const why = ({ skipReason, reason }: ResultItem): string | undefined => skipReason ?? reason;

/** The remediation that a result is about; of a check, that of its worst finding. */
const remediationOf = ({ findings, remediation }: ResultItem): string => findings?.[0]?.remediation ?? remediation;

/** The columns of results. */
export const resultColumns = (clock: Clock): readonly Column<ResultItem>[] => [
  { title: 'NODE', value: ({ instanceId }) => instanceId, isWhole: true },
  { title: 'OUTCOME', value: ({ outcome }) => outcome },
  { title: 'REASON', value: why, isFlexible: true },
  { title: 'REMEDIATION', value: remediationOf, isFlexible: true },
  { title: 'METHOD', value: ({ method }) => method },
  { title: 'TOOK', value: secondsOf, isNumber: true },
  { title: 'RUN', value: ({ runId }) => runId, isWide: true },
  { title: 'AT', value: ({ at }) => clock.at(at), isWide: true },
  { title: 'MESSAGE', value: ({ message }) => message, isWide: true },
  { title: 'ADVICE', value: ({ advice }) => advice, isWide: true },
];

/** One result in one line, as it comes in. */
export const resultLine = (result: ResultItem, paint: Paint): string => {
  const { mark, style } = markOf(result.outcome);
  const words = [result.instanceId, result.outcome, why(result), result.method, secondsOf(result)];
  return `  ${paint(style, mark)} ${words.flatMap((word) => (word === undefined ? [] : [shown(word)])).join('  ')}`;
};

/** Results with the most severe first. */
export const bySeverity = (results: readonly ResultItem[]): readonly ResultItem[] =>
  results.toSorted(
    (a, b) => RANKS.indexOf(a.outcome) - RANKS.indexOf(b.outcome) || (a.instanceId < b.instanceId ? -1 : 1),
  );

/** Whether the result of a node is not as wished: it does not work, and was not left alone by a decision. */
export const isTrouble = ({ outcome }: Pick<ResultItem, 'outcome'>): boolean => {
  const { isWorking, hasSkipReason } = meaningOf(outcome);
  return !isWorking && !hasSkipReason;
};

/** `1 Broken, 5 Healthy`: the nodes of each outcome, the most severe first. */
export const countsText = (counts: Readonly<Record<string, number | undefined>>): string =>
  Object.entries(counts)
    .toSorted(([a], [b]) => RANKS.indexOf(a) - RANKS.indexOf(b))
    .flatMap(([outcome, n]) => (n === undefined || n === 0 ? [] : [`${n} ${shown(outcome)}`]))
    .join(', ') || 'no results';

/** The exit code of a request that is over. */
export const exitOf = ({ results, runs, healthy }: RequestReport): ExitCode => {
  if (results.some(isTrouble)) return EXIT.broken;
  const isCutShort = runs.some(({ end }) => end !== undefined && end !== 'Done');
  const isAllLeftAlone =
    healthy === 0 && results.length > 0 && results.every(({ outcome }) => meaningOf(outcome).hasSkipReason);
  return isCutShort || isAllLeftAlone ? EXIT.refused : EXIT.done;
};
