import { counted } from '../../core/model/counted.ts';
import type { Stack } from '../aws/connection.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { bySeverity, countsText, exitOf, resultColumns } from '../output/results.ts';
import { type Paint, shown } from '../output/text.ts';
import { durationText } from '../output/times.ts';
import { RequestReport, type RunItem } from '../schemas/shapes.ts';
import type { Session } from '../session.ts';
import { type Watched, type WatchOptions, watch } from './watch.ts';

/** What the end of a request shows besides its results. */
export type Ending = {
  /** A whole sentence about the request, such as `node-check on shop`. */
  readonly title: string;
  /** What to do from here, in lines. */
  readonly next?: (watched: Watched) => readonly string[] | undefined;
};

const stoppedText = ({ runId, end, stopped }: RunItem): string => {
  const why = [stopped?.reason, stopped?.why].filter((text) => text !== undefined).join(': ');
  return `${runId} ended as ${end}${why === '' ? '' : ` (${why})`}`;
};

/** What is said on the standard error about the end, in lines. */
const endLines = ({ report, end }: Watched, run: string): readonly string[] => {
  const again = ['To watch it again:', `  fleetmend run ${run} -w`];
  if (end === 'detached') return ['Stopped watching; the run goes on.', ...again];
  if (end === 'timeout') return ['The waiting ended; the run goes on.', ...again];
  return report.runs.filter((run) => run.end !== undefined && run.end !== 'Done').map(stoppedText);
};

/** ✓ for a request that ended as wished, ✗ where nodes are in trouble, ! where it was cut short, … where it goes on. */
const markOfExit = (code: ExitCode | undefined, paint: Paint): string => {
  if (code === undefined) return '…';
  if (code === EXIT.done) return paint('green', '✓');
  return code === EXIT.broken ? paint('red', '✗') : paint('yellow', '!');
};

/** Shows the results of a request that was watched. */
export const showReport = async (
  session: Session,
  watched: Watched,
  { title, next }: Ending,
  tookMs?: number,
): Promise<void> => {
  const { output } = session;
  const { report } = watched;
  if (output.format === 'json') {
    const value = RequestReport.parse(report);
    await output.answer({ kind: 'RequestReport', value, lines: [], name: report.requestId });
    return;
  }
  const mark = markOfExit(watched.end === 'over' ? exitOf(report) : undefined, output.paint);
  const took = tookMs === undefined ? '' : ` in ${durationText(tookMs)}`;
  const open = report.open.length === 0 ? '' : `, ${counted(report.open.length, 'node')} without a result`;
  await output.list({
    kind: 'RequestReport',
    columns: resultColumns(output.clock),
    items: bySeverity(report.results),
    nameOf: ({ instanceId }) => instanceId,
    empty: 'No node needs attention.',
    after: [`${mark} ${shown(title)}${took}: ${countsText(report.counts)}${open}`, ...(next?.(watched) ?? [])],
  });
};

/** Watches a request, shows its results, and answers with the exit code. */
export const followToEnd = async (
  session: Session,
  stack: Stack,
  options: WatchOptions,
  ending: Ending,
): Promise<ExitCode> => {
  const begun = session.io.now().getTime();
  const watched = await watch(session, stack, options);
  await showReport(session, watched, ending, session.io.now().getTime() - begun);
  const [first = options.requestId] = options.runIds;
  for (const line of endLines(watched, first)) await session.output.note(shown(line));
  if (watched.end === 'detached') return EXIT.detached;
  return watched.end === 'timeout' ? EXIT.waited : exitOf(watched.report);
};
