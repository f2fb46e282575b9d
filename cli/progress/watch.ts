import type { Stack } from '../aws/connection.ts';
import { countsText, resultLine } from '../output/results.ts';
import { isColoured, painter, shown } from '../output/text.ts';
import { durationText } from '../output/times.ts';
import type { ResultItem } from '../schemas/shapes.ts';
import type { Session } from '../session.ts';
import { type Followed, type Progress, readReport } from './read-report.ts';

const FIRST_POLL_MS = 1000;
const MAX_POLL_MS = 5000;
/** Without a terminal, a line about the progress comes at most so often. */
const NOTE_EVERY_MS = 10_000;
/** So many results are shown as they come; the table at the end has all of them. */
const MAX_SHOWN = 20;
const BAR_CELLS = 40;
/** So many nodes are named that have not answered yet: those for which a person waits. */
const MAX_AWAITED = 3;

/** How the watching of a request ended, and what was seen last. */
export type Watched = Progress & { readonly end: 'over' | 'detached' | 'timeout' };

/** A bar of `done` of `total`. */
export const bar = (done: number, total: number): string => {
  const full = total === 0 ? BAR_CELLS : Math.min(BAR_CELLS, Math.floor((done / total) * BAR_CELLS));
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`;
};

const elapsed = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
};

/** The results so far, and the last nodes that have not answered. */
const stateText = ({ counts, open }: Progress['report'], answered: number): string => {
  if (answered === 0) return 'waiting for the first answer';
  const awaited = open.length > MAX_AWAITED ? [] : open;
  return `${countsText(counts)}${awaited.length === 0 ? '' : `\n  waiting for ${awaited.map(shown).join(' ')}`}`;
};

/** Shows the progress on the standard error: live lines on a terminal, and otherwise a line now and then. */
const createView = ({ io }: Session, total: number) => {
  const { stderr } = io;
  const paint = painter(isColoured(stderr.isTerminal, io.env));
  const live = stderr.isTerminal ? io.live() : undefined;
  const seen = new Set<string>();
  const begun = io.now().getTime();
  let noted = begun;
  const isNews = ({ instanceId, outcome, at, runId }: ResultItem): boolean => {
    const key = `${instanceId} ${outcome} ${runId} ${at}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  };
  return {
    update: async ({ report, total: known = total }: Progress): Promise<void> => {
      const fresh = report.results.filter(isNews);
      const room = Math.max(0, MAX_SHOWN - (seen.size - fresh.length));
      const lines = fresh.slice(0, room).map((result) => resultLine(result, paint));
      if (lines.length > 0) {
        live?.clear();
        await stderr.write(`${lines.join('\n')}\n`);
      }
      const answered = report.healthy + report.results.length;
      const all = Math.max(known, answered + report.open.length);
      const state = stateText(report, answered);
      const now = io.now().getTime();
      if (live !== undefined) {
        const hint = 'Ctrl-C stops watching, not the run';
        live.show(
          `${bar(answered, all)}  ${answered}/${all}   ${elapsed(now - begun)}\n  ${state}\n  ${paint('dim', hint)}`,
        );
      } else if (now - noted >= NOTE_EVERY_MS) {
        noted = now;
        await stderr.write(
          `${answered} of ${all} nodes answered after ${durationText(now - begun)}: ${state.replace('\n ', ';')}\n`,
        );
      }
    },
    /** Removes the live lines. */
    end: (): void => {
      live?.clear();
      live?.done();
    },
  };
};

/** A request that is watched, and how many nodes it has. */
export type WatchOptions = Followed & { readonly total: number; readonly timeoutMs: number };

/** Watches a request until it is over, the time is over, or Ctrl-C detaches. */
export const watch = async (session: Session, stack: Stack, options: WatchOptions): Promise<Watched> => {
  const { io } = session;
  const { signal, off } = io.onInterrupt();
  const view = createView(session, options.total);
  const endsAt = io.now().getTime() + options.timeoutMs;
  try {
    for (let poll = FIRST_POLL_MS; ; poll = Math.min(MAX_POLL_MS, poll * 1.2)) {
      const progress = await readReport(stack, options);
      await view.update(progress);
      if (progress.isOver) return { ...progress, end: 'over' };
      if (signal.aborted) return { ...progress, end: 'detached' };
      if (io.now().getTime() >= endsAt) return { ...progress, end: 'timeout' };
      await io.sleep(poll, signal);
      if (signal.aborted) return { ...progress, end: 'detached' };
    }
  } finally {
    view.end();
    off();
  }
};
