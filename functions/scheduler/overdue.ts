import pMap from 'p-map';
import { isoTime } from '../../core/model/ids.ts';
import { type Wake, wakeLane } from '../../core/model/wake.ts';
import { wakesOf } from '../../core/runs/command.ts';
import type { Due } from '../adapters/table/due-store.ts';
import { asError } from '../runtime/errors.ts';
import type { OverduePorts } from './ports.ts';

/** The wakes of one call of SQS (SendMessageBatch). */
const WAKES_PER_CHUNK = 10;
const ITEMS_PER_CHUNK = 20;
const CONCURRENCY = 4;
/** No further item is begun with less time left: those that have begun need it. Lambda gives the function 60 s. */
export const RESERVE_MS = 15_000;
/** A command that cannot be read is due again after this, behind the others. */
const RETRY_MS = 60_000;

type DueOf<Kind extends Due['kind']> = Extract<Due, { kind: Kind }>;

const inChunks = <Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** Asks no more about a command whose row cannot be read. Its run ends it after its hard deadline. */
const putAside = async (deps: OverduePorts, commandId: string, problem: string): Promise<void> => {
  await deps.results.setCommandDue(commandId, undefined);
  deps.log.error('putting aside a command that cannot be read', { commandId, problem });
  deps.count('UnreadableRow');
};

/** Reads a command from SSM; returns what to wake where there is news for its run. */
const observe = async (deps: OverduePorts, { commandId }: DueOf<'command'>): Promise<readonly Wake[]> => {
  const stored = await deps.results.readCommand(commandId);
  // The index lags: a command that was answered since is not read again.
  if (stored.kind === 'absent') return [];
  if (stored.kind === 'unreadable') {
    await putAside(deps, commandId, stored.problem);
    return [];
  }
  const progress = await deps.observer.observe(stored.row);
  const now = deps.now().toISOString();
  return progress === 'open' || progress === 'complete' ? wakesOf(stored.row, now, deps.settings.policy.limits) : [];
};

/** Moves a command that could not be read behind the others, so that commands which keep failing delay none. */
const postpone = async (deps: OverduePorts, { commandId }: DueOf<'command'>): Promise<void> => {
  try {
    await deps.results.setCommandDue(commandId, isoTime(deps.now().getTime() + RETRY_MS));
  } catch (thrown) {
    deps.log.error('leaving failed item due', { commandId, error: asError(thrown) });
  }
};

/** What one tick did. */
type Tally = { failed: number; left: number; unsent: number };

/** Does one item, and counts and logs its failure: it must not delay the others, and the item stays due. */
const attempt = async <Result>(
  deps: OverduePorts,
  tally: Tally,
  item: unknown,
  work: () => Promise<Result>,
): Promise<Result | undefined> => {
  try {
    return await work();
  } catch (thrown) {
    tally.failed++;
    deps.log.error('failing on an overdue item', { item, error: asError(thrown) });
    return undefined;
  }
};

const sendWakes = async (deps: OverduePorts, tally: Tally, wakes: readonly Wake[]): Promise<void> => {
  await pMap(
    inChunks(wakes, WAKES_PER_CHUNK),
    async (chunk) => {
      const sent = await attempt(deps, tally, { wakes: chunk }, async () => {
        await deps.wakes.wake(chunk);
        return true;
      });
      if (sent !== true) tally.unsent += chunk.length;
    },
    { concurrency: CONCURRENCY },
  );
};

/** Works on items chunk by chunk while there is time, and sends the wakes of each chunk at once. */
const work = async <Item extends Due>(
  deps: OverduePorts,
  tally: Tally,
  items: readonly Item[],
  { answer, mayBegin }: { readonly answer: (item: Item) => Promise<readonly Wake[]>; readonly mayBegin: () => boolean },
): Promise<void> => {
  for (const chunk of inChunks(items, ITEMS_PER_CHUNK)) {
    const wakes = await pMap(
      chunk,
      (item) => {
        if (mayBegin()) return attempt(deps, tally, item, () => answer(item));
        tally.left++;
        return undefined;
      },
      { concurrency: CONCURRENCY },
    );
    await sendWakes(
      deps,
      tally,
      wakes.flatMap((found) => found ?? []),
    );
  }
};

/**
 * Wakes every group that is due, then reads the commands past their deadline from SSM. The wakes go first and need no read.
 * The rest stays due where the time is short. All of it may be done twice: a wake carries no data, and an observation is replaced
 * only by one that knows more.
 */
export const overdue = async (deps: OverduePorts, remainingMs: () => number): Promise<void> => {
  const due = await deps.due.due(deps.now().toISOString());
  const of = <Kind extends Due['kind']>(kind: Kind) => due.filter((item): item is DueOf<Kind> => item.kind === kind);
  const tally: Tally = { failed: 0, left: 0, unsent: 0 };
  deps.count('Overdue', due.length);
  await sendWakes(
    deps,
    tally,
    of('wake').map(({ wake }) => wake),
  );
  for (const item of of('unreadable')) {
    await attempt(deps, tally, item, () => Promise.reject(new Error(item.why)));
  }
  const mayBegin = () => remainingMs() > RESERVE_MS;
  await work(deps, tally, of('queued-run'), {
    mayBegin,
    answer: async ({ lane, createdAt, runId }) => {
      await deps.lanes.queueRun(lane, createdAt, runId);
      return [wakeLane(lane)];
    },
  });
  await work(deps, tally, of('command'), {
    mayBegin,
    answer: async (item) => {
      try {
        return await observe(deps, item);
      } catch (thrown) {
        await postpone(deps, item);
        throw thrown;
      }
    },
  });
  // Not thrown: Lambda would repeat the tick, and each failing minute would leave a dead letter. The metric has an alarm.
  if (tally.failed > 0) deps.count('FailedRecords', tally.failed);
  if (tally.left > 0) deps.count('OverdueLeft', tally.left);
  // The alarm heartbeat rings where this stays away: every wake was sent, and everything that was due was looked at.
  deps.count('TickCompleted', tally.unsent + tally.left === 0 ? 1 : 0);
  deps.log.info('waking what is due', { due: due.length, ...tally });
};
