import { defined } from '../../core/model/defined.ts';
import { parseLaneName } from '../../core/model/lane-name.ts';
import { type Wake, wakeLane } from '../../core/model/wake.ts';
import { unsentObservation } from '../../core/runs/observation.ts';
import { noted } from '../../core/runs/row-notes.ts';
import { isEntryDue } from '../../core/runs/run-step.ts';
import type { PutOff } from '../../core/runs/step.ts';
import type { OutboxEntry } from '../../core/state/outbox-entry.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { NOTICE_SOURCE } from '../../events/rules.ts';
import type { RowsRead } from '../adapters/table/signal-store.ts';
import { asError } from '../runtime/errors.ts';
import { NOTICE_GIVEN_UP } from '../runtime/metrics.ts';
import { inPace } from './in-pace.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { tellUnreadable } from './tell-unreadable.ts';

type Identity = Pick<RunState, 'runId' | 'cluster' | 'remediation' | 'action' | 'requestId' | 'because'>;
type Task = () => Promise<unknown>;
type Notice = Extract<OutboxEntry, { kind: 'notice' }>;

const rowTasks = (deps: RunControllerPorts, entry: Extract<OutboxEntry, { kind: 'drop' | 'defer' }>): Task[] =>
  entry.rows.map(([instanceId, version]) => {
    if (entry.kind === 'drop') return () => deps.lanes.drop({ lane: entry.lane, instanceId, version });
    const { kind, rows, ...decision } = entry;
    return () => deps.lanes.defer({ ...decision, instanceId, version });
  });

const notify = async (deps: RunControllerPorts, { detailType, id, detail, at, tries }: Notice): Promise<void> => {
  // `RunEnded`, `BreakerOpened`, `RegistryHold`: the alarms on the last two are in infra/constructs/alarms.ts. They ring also
  // where the bus refuses the notice.
  if (tries === undefined) deps.count(detailType.replaceAll(' ', ''));
  await deps.bus.put([{ source: NOTICE_SOURCE, detailType, detail: { id, ...detail, ...defined({ at }) } }]);
};

/** Splits each entry into its individual writes. */
const tasksOf = (deps: RunControllerPorts, run: Identity, entry: OutboxEntry, rows: RowsRead): Task[] => {
  switch (entry.kind) {
    case 'results': {
      const { kind, instanceIds, becauses, ...text } = entry;
      const { runId, cluster, remediation, action, requestId } = run;
      return instanceIds.map(
        (instanceId) => () =>
          deps.results.putResult(
            noted(
              {
                ...{ runId, cluster, instanceId, remediation, action, requestId },
                because: becauses?.[instanceId] ?? run.because,
                ...text,
                endedAt: entry.at,
              },
              deps.settings,
            ),
          ),
      );
    }
    case 'enqueue': {
      const { kind, nodes, ...news } = entry;
      return nodes.map(([instanceId, seenAt]) => async () => {
        const node = {
          ...news,
          cluster: run.cluster,
          instanceId,
          firstSeenAt: seenAt,
          lastSeenAt: seenAt,
          // A node that was handed back for a request alone stands for no signal.
          signals: news.requestIds === undefined ? 1 : 0,
        };
        const change = await deps.signals.addPending(node, { rows });
        if (change === 'replaced')
          tellUnreadable(deps, 'the pending node is written again', { lane: news.lane, instanceId });
      });
    }
    case 'drop':
    case 'defer':
      return rowTasks(deps, entry);
    case 'observation': {
      const { kind, key, part, parts, instanceIds, unreachable, at, ...told } = entry;
      const command = {
        ...run,
        key,
        ...defined({ part, parts }),
      };
      return [
        () =>
          deps.observations.write(command, () => unsentObservation(command, told, { instanceIds, unreachable }, at)),
      ];
    }
    case 'cancel':
      return [() => deps.sender.cancel(entry.commandId)];
    case 'notice':
      return [() => notify(deps, entry)];
    default:
      return entry satisfies never;
  }
};

/**
 * Performs entries of a stored state: first the rows, then the wakes of the lanes that received pending nodes. Every step
 * is idempotent. After a crash, the entries are performed again, because they stay until all are performed.
 */
export const performEntries = async (
  deps: RunControllerPorts,
  run: Identity,
  entries: readonly OutboxEntry[],
): Promise<void> => {
  const enqueued = entries.flatMap((entry) =>
    entry.kind === 'enqueue' ? entry.nodes.map(([instanceId]) => ({ lane: entry.lane, instanceId })) : [],
  );
  const rows = await deps.signals.readRows(enqueued);
  const tasks = entries.flatMap((entry) => tasksOf(deps, run, entry, rows));
  await inPace(deps, tasks);
  const lanes = new Set(entries.flatMap((entry) => (entry.kind === 'enqueue' ? [entry.lane] : [])));
  const wakes: Wake[] = [];
  for (const lane of lanes) {
    await deps.signals.touchLane(run.cluster, parseLaneName(lane).remediation, nowIso(deps));
    wakes.push(wakeLane(lane));
  }
  if (wakes.length > 0) await deps.wakes.wake(wakes);
};

/** How often a notice or a cancellation is tried, a minute apart, before it is given up. A row is never given up. */
const TRIES = 5;
const NEXT_TRY_MS = 60_000;

type Tried = Extract<OutboxEntry, { kind: 'notice' | 'cancel' }>;

const isTried = (entry: OutboxEntry): entry is Tried => entry.kind === 'notice' || entry.kind === 'cancel';

/** Tries an entry; returns it where it is to be tried again. Neither a notice nor a cancellation may hold up its run. */
const tryEntry = async (deps: RunControllerPorts, run: RunState, entry: Tried): Promise<Tried[]> => {
  try {
    await performEntries(deps, run, [entry]);
    return [];
  } catch (thrown) {
    const tries = (entry.tries ?? 0) + 1;
    const { runId } = run;
    const what =
      entry.kind === 'notice' ? { id: entry.id, detailType: entry.detailType } : { commandId: entry.commandId };
    const told = { runId, ...what, tries, error: asError(thrown) };
    if (tries < TRIES) {
      if (entry.kind === 'notice') deps.log.warn('putting off a notice that the bus refuses', told);
      else deps.log.warn('putting off the cancellation of a command', told);
      return [{ ...entry, tries, notBefore: new Date(deps.now().getTime() + NEXT_TRY_MS).toISOString() }];
    }
    if (entry.kind === 'notice') deps.log.error('giving up a notice that the bus refuses', told);
    else deps.log.error('giving up the cancellation of a command: it ends by itself', told);
    deps.count(entry.kind === 'notice' ? NOTICE_GIVEN_UP : 'CancelGivenUp');
    return [];
  }
};

type Untried = Exclude<OutboxEntry, Tried>;

/** An entry without the rows that have changed since they were read: one read of many costs less than a refused write of each. */
const unchanged = async (deps: RunControllerPorts, entry: Untried): Promise<Untried> => {
  if (entry.kind !== 'defer') return entry;
  const { lane, rows } = entry;
  const { understood } = await deps.lanes.rowsOf(
    lane,
    rows.map(([id]) => id),
  );
  const versions = new Map(understood.map((row) => [row.instanceId, row.version]));
  return { ...entry, rows: rows.filter(([id, version]) => (versions.get(id) ?? version) === version) };
};

/** Performs the entries of a run's outbox that are due. Returns those that stay: what the bus or SSM refused. */
export const flushOutbox = async (deps: RunControllerPorts, run: RunState): Promise<readonly OutboxEntry[]> => {
  const untried = run.outbox.filter((entry) => !isTried(entry));
  // A check that was handed over has put its rows off before.
  const left = run.action === 'check' ? await Promise.all(untried.map((entry) => unchanged(deps, entry))) : untried;
  await performEntries(deps, run, left);
  const now = nowIso(deps);
  const stays: OutboxEntry[] = [];
  for (const entry of run.outbox.filter(isTried)) {
    stays.push(...(isEntryDue(entry, now) ? await tryEntry(deps, run, entry) : [entry]));
  }
  return stays;
};

const writeRows = async (
  deps: RunControllerPorts,
  entries: readonly Parameters<typeof rowTasks>[1][],
): Promise<void> => {
  await inPace(
    deps,
    entries.flatMap((entry) => rowTasks(deps, entry)),
  );
};

/** Drops or puts off pending rows of a lane, each only if it has not changed since it was read. */
export const changeRows = async (
  deps: RunControllerPorts,
  entries: readonly Extract<OutboxEntry, { kind: 'drop' | 'defer' }>[],
): Promise<void> => {
  await writeRows(deps, entries);
  for (const { kind, lane, rows } of entries) {
    if (kind === 'drop') {
      for (const [instanceId] of rows) deps.log.info('dropping stale pending node', { lane, instanceId });
    }
    deps.count(kind === 'drop' ? 'StalePendingNode' : 'AwaitingAgent', rows.length);
  }
};

/** Puts off pending rows of nodes that a check looks at. */
export const awaitCheck = async (deps: RunControllerPorts, entries: readonly PutOff[]): Promise<void> => {
  await writeRows(deps, entries);
  deps.count(
    'AwaitingCheck',
    entries.reduce((sum, { rows }) => sum + rows.length, 0),
  );
};

/** Puts off pending rows of nodes about which a fact could not be read. */
export const putOffRows = async (deps: RunControllerPorts, entries: readonly PutOff[]): Promise<void> => {
  await writeRows(deps, entries);
  for (const { lane, rows, notBefore } of entries) {
    deps.log.warn('putting off nodes about which a fact could not be read', { lane, nodes: rows.length, notBefore });
    deps.count('UnreadFact', rows.length);
  }
};
