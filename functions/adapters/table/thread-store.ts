import { ThreadRow } from '../../../core/state/thread-row.ts';
import { asRead } from './expressions.ts';
import { expires, type Stored } from './items.ts';
import { keys } from './keys.ts';
import { createTable, type TableOptions } from './table.ts';

/** What people have been told, by thread. Every read is strongly consistent. */
export type ThreadStore = {
  readonly read: (dedupKey: string) => Promise<Stored<ThreadRow>>;
  /** Stores a thread over the one that was read; false where another copy came first. */
  readonly put: (row: ThreadRow, standing: Stored<ThreadRow>) => Promise<boolean>;
};

/** A message comes a day late at most: EventBridge and Lambda try no longer. */
const KEPT_DAYS = 7;

const versionOf = (standing: Stored<ThreadRow>) => {
  if (standing.kind === 'absent') return undefined;
  return standing.kind === 'row' ? standing.row.version : standing.item.version;
};

/** The threads in the audit table. */
export const createThreadStore = (options: TableOptions): ThreadStore => {
  const table = createTable(options);
  return {
    read: (dedupKey) => table.read(ThreadRow, keys.thread(dedupKey)),
    put: (row, standing) =>
      table.put(
        { ...keys.thread(row.dedupKey), ...row, ...expires(row.at, KEPT_DAYS) },
        asRead('version', versionOf(standing)),
      ),
  };
};
