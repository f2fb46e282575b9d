import pMap from 'p-map';
import { NOTICE_SOURCE } from '../../events/node-symptom.ts';
import type { OutboxEntry, RunState } from '../core/rows.ts';
import type { Wake } from '../core/wake.ts';
import { type AdvanceDeps, nowIso } from './deps.ts';

const perform = async (deps: AdvanceDeps, entry: OutboxEntry): Promise<Wake | undefined> => {
  switch (entry.kind) {
    case 'result':
      await deps.results.putResult(entry.row);
      return undefined;
    case 'mailbox': {
      const { version, notBefore, skipped, decidedAt, ...news } = entry.row;
      await deps.signals.addNews(news);
      const remediation = news.lane.slice(news.lane.indexOf('/') + 1);
      return { kind: 'lane', lane: await deps.signals.touchLane(news.cluster, remediation, nowIso(deps)) };
    }
    case 'drop': {
      const { kind, ...row } = entry;
      await deps.lanes.drop(row);
      return undefined;
    }
    case 'defer': {
      const { kind, ...row } = entry;
      await deps.lanes.defer(row);
      return undefined;
    }
    case 'cancel':
      await deps.sender.cancel(entry.commandId);
      return undefined;
    case 'notice':
      await deps.bus.put([
        { source: NOTICE_SOURCE, detailType: entry.detailType, detail: { id: entry.id, ...entry.detail } },
      ]);
      return undefined;
    default:
      return entry satisfies never;
  }
};

/**
 * Does what a stored state promised. Every entry may be done twice without harm, so a crash in here costs nothing:
 * the entries stay until all of them are done.
 */
export const performOutbox = async (deps: AdvanceDeps, entries: readonly OutboxEntry[]): Promise<void> => {
  const wakes = await pMap(entries, (entry) => perform(deps, entry), { concurrency: 8 });
  await deps.wakes.wake(wakes.filter((w) => w !== undefined));
};

/** Empties a run's outbox and stores that it is empty. */
export const flushRun = async (deps: AdvanceDeps, run: RunState): Promise<RunState> => {
  if (run.outbox.length === 0) return run;
  await performOutbox(deps, run.outbox);
  return await deps.runs.save({ ...run, outbox: [] });
};
