import pMap from 'p-map';
import { defined } from '../../core/model/defined.ts';
import { parseLaneName } from '../../core/model/lane-name.ts';
import { type Wake, wakeLane } from '../../core/model/wake.ts';
import { unsentObservation } from '../../core/runs/observation.ts';
import type { OutboxEntry } from '../../core/state/outbox-entry.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { NOTICE_SOURCE } from '../../events/rules.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

/** Table writes at once, over all entries of an outbox. */
const CONCURRENCY = 16;

type Identity = Pick<RunState, 'runId' | 'cluster' | 'remediation' | 'action' | 'requestId' | 'because'>;
type Task = () => Promise<unknown>;

/** Splits each entry into its individual writes. */
const tasksOf = (deps: RunControllerPorts, run: Identity, entry: OutboxEntry): Task[] => {
  switch (entry.kind) {
    case 'results': {
      const { kind, instanceIds, becauses, ...text } = entry;
      const { runId, cluster, remediation, action, requestId } = run;
      return instanceIds.map(
        (instanceId) => () =>
          deps.results.putResult({
            ...{ runId, cluster, instanceId, remediation, action, requestId },
            because: becauses?.[instanceId] ?? run.because,
            ...text,
            endedAt: entry.at,
          }),
      );
    }
    case 'enqueue': {
      const { kind, nodes, ...news } = entry;
      return nodes.map(
        ([instanceId, seenAt]) =>
          () =>
            deps.signals.addPending({
              ...news,
              cluster: run.cluster,
              instanceId,
              firstSeenAt: seenAt,
              lastSeenAt: seenAt,
              // A node that was handed back for a request alone stands for no signal.
              signals: news.requestIds === undefined ? 1 : 0,
            }),
      );
    }
    case 'drop':
      return entry.rows.map(
        ([instanceId, version]) =>
          () =>
            deps.lanes.drop({ lane: entry.lane, instanceId, version }),
      );
    case 'defer': {
      const { kind, rows, ...decision } = entry;
      return rows.map(
        ([instanceId, version]) =>
          () =>
            deps.lanes.defer({ ...decision, instanceId, version }),
      );
    }
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
      return [
        async () => {
          await deps.bus.put([
            { source: NOTICE_SOURCE, detailType: entry.detailType, detail: { id: entry.id, ...entry.detail } },
          ]);
          // `RunEnded`, `BreakerOpened`, `RegistryHold`: the alarms on the last two are in infra/constructs/alarms.ts.
          deps.count(entry.detailType.replaceAll(' ', ''));
        },
      ];
    default:
      return entry satisfies never;
  }
};

/**
 * Performs the outbox entries of a stored state: first the rows, then the wakes of the lanes that received pending nodes.
 * Every step is idempotent. After a crash, the entries are performed again, because they stay until all are performed.
 */
export const performOutbox = async (
  deps: RunControllerPorts,
  run: Identity,
  entries: readonly OutboxEntry[],
): Promise<void> => {
  const tasks = entries.flatMap((entry) => tasksOf(deps, run, entry));
  await pMap(tasks, (task) => task(), { concurrency: CONCURRENCY });
  const lanes = new Set(entries.flatMap((entry) => (entry.kind === 'enqueue' ? [entry.lane] : [])));
  const wakes: Wake[] = [];
  for (const lane of lanes) {
    await deps.signals.touchLane(run.cluster, parseLaneName(lane).remediation, nowIso(deps));
    wakes.push(wakeLane(lane));
  }
  if (wakes.length > 0) await deps.wakes.wake(wakes);
};

/** Empties a run's outbox and stores that it is empty. */
export const flushRun = async (deps: RunControllerPorts, run: RunState): Promise<RunState> => {
  if (run.outbox.length === 0) return run;
  await performOutbox(deps, run, run.outbox);
  return await deps.runs.save({ ...run, outbox: [] });
};
