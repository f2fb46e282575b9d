import pMap from 'p-map';
import * as z from 'zod';
import { DryRun, Reason, RequestedBy, RequestId, type RequestRow, RunId } from '../../../core/api/request.ts';
import { checkLaneName, laneName, parseLaneName } from '../../../core/model/lane-name.ts';
import { type Wake, wakeLane, wakeRun } from '../../../core/model/wake.ts';
import type { RunState } from '../../../core/state/run-state.ts';
import { refuse } from '../../runtime/answer.ts';
import { defineAction } from '../define-action.ts';
import { inFlightOf } from '../in-flight.ts';
import type { OperatorApiPorts } from '../ports.ts';

type Named = { readonly runId?: string | undefined; readonly requestId?: string | undefined };

const requestOf = ({ requestId, action, cluster, remediation, because, createdAt }: RunState): RequestRow => ({
  requestId,
  action,
  cluster,
  remediation,
  because,
  createdAt,
});

/** The request that the caller names by its own id, or by one of its runs. */
const named = async (deps: OperatorApiPorts, { runId, requestId }: Named): Promise<RequestRow> => {
  if ((requestId === undefined) === (runId === undefined)) {
    refuse('requestId', 'give requestId, or runId, and not both');
  }
  const stored = await deps.runs.read(runId ?? requestId ?? '');
  const run = stored.kind === 'run' ? stored.run : undefined;
  const known = stored.kind === 'unreadable' ? stored.requestId : run?.requestId;
  const request = await deps.requests.readRequest(known ?? requestId ?? '');
  if (request.kind === 'row') return request.row;
  if (run !== undefined) return requestOf(run);
  const [field, id] = runId === undefined ? ['requestId', requestId] : ['runId', runId];
  const broken = [request, stored].find((of) => of.kind === 'unreadable');
  if (broken !== undefined) {
    const pause = 'run-controller ends what cannot be read; pause the cluster to stop it at once';
    return refuse(field, `${id} cannot be cancelled: ${broken.problem}; ${pause}`, { next: pause });
  }
  const what = runId === undefined ? 'request' : 'run';
  return refuse(field, `there is no ${what} ${id}`, { next: 'list the runs of a cluster with runs' });
};

/** The runs of a request that are stored. */
const runsOf = async (deps: OperatorApiPorts, { requestId, answer }: RequestRow): Promise<readonly RunState[]> => {
  const ids = new Set([requestId, ...(answer?.runs ?? []), ...(await deps.requests.runsOf(requestId))]);
  const stored = await pMap(ids, (id) => deps.runs.read(id), { concurrency: 8 });
  // A run that cannot be read is ended by run-controller, whatever its request.
  return stored.flatMap((of) => (of.kind === 'run' && of.run.requestId === requestId ? [of.run] : []));
};

/** The lane that holds rows of a request which were handed back. */
const laneOf = ({ action, cluster, remediation }: RequestRow): string =>
  action === 'repair' ? laneName(cluster, remediation) : checkLaneName(cluster);

/** Wakes what settles the request: its lane, and the runs that have groups of their own. */
const wakeAll = async (
  deps: OperatorApiPorts,
  request: RequestRow,
  open: readonly RunState[],
  waiting: number,
): Promise<void> => {
  const wakes: Wake[] = open.flatMap(({ runId, group }) => (group === runId ? [wakeRun(runId)] : []));
  if (request.action === 'repair' || waiting > 0) {
    const lane = laneOf(request);
    await deps.requests.tellLane(lane, request.requestId);
    await deps.signals.touchLane(request.cluster, parseLaneName(lane).remediation, deps.now().toISOString());
    wakes.push(wakeLane(lane));
  }
  await deps.wakes.wake(wakes);
};

/** The runs of a request, and the number of its rows that wait in a lane. */
type Left = { readonly runs: readonly RunState[]; readonly waiting: number; readonly isOver: boolean };

const leftOf = async (deps: OperatorApiPorts, request: RequestRow): Promise<Left> => {
  const runs = await runsOf(deps, request);
  const rows = await deps.lanes.pendingNodes(laneOf(request));
  const waiting = rows.filter((row) => row.requestIds?.includes(request.requestId)).length;
  return { runs, waiting, isOver: waiting === 0 && runs.every((run) => run.status === 'ended') };
};

const openOf = ({ runs }: Left): readonly RunState[] => runs.filter((run) => run.status !== 'ended');

const shown = async (deps: OperatorApiPorts, { requestId }: RequestRow, left: Left) => ({
  requestId,
  cancelled: !left.isOver,
  runs: left.runs.map(({ runId, status }) => ({ runId, status })),
  waiting: left.waiting,
  inFlight: (await pMap(openOf(left), (run) => inFlightOf(deps, run), { concurrency: 4 })).flat(),
});

/**
 * Cancels a request. The order is stored before its runs are read: a command that the answer does not name is not sent any
 * more.
 */
export const cancel = defineAction({
  name: 'cancel',
  title:
    'Cancels a request with all its runs: no more of its commands are sent. Checks are cancelled, and started repairs with `force`.',
  way: 'stop',
  payload: z.strictObject({
    requestId: RequestId.optional(),
    runId: RunId.optional(),
    force: z.boolean().default(false),
    requestedBy: RequestedBy,
    reason: Reason,
    ...DryRun,
  }),
  preview: async (deps, _caller, asked) => {
    const request = await named(deps, asked);
    return shown(deps, request, await leftOf(deps, request));
  },
  perform: async (deps, caller, { runId, requestId, force, requestedBy, reason }) => {
    const request = await named(deps, { runId, requestId });
    const at = deps.now().toISOString();
    const before = await leftOf(deps, request);
    if (before.isOver) return shown(deps, request, before);
    await deps.requests.cancel(request, { at, by: requestedBy, reason, force, ...caller });
    const after = await leftOf(deps, request);
    await wakeAll(deps, request, openOf(after), after.waiting);
    return { ...(await shown(deps, request, after)), cancelled: true };
  },
});
