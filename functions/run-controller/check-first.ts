import { checkLaneName, NODE_CHECK } from '../../core/model/lane-name.ts';
import { wakeLane } from '../../core/model/wake.ts';
import type { Effect } from '../../core/runs/step.ts';
import { inPace } from './in-pace.ts';
import { writeRows } from './outbox.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

/**
 * Moves rows to the check lane of their cluster: what a check finds comes back to the lane of repairs. A row goes only after
 * the check knows of it, and only if nothing has changed it; after a crash, all of it is done again. Rows whose nodes a check
 * looks at already are put off.
 */
export const checkFirst = async (
  deps: RunControllerPorts,
  { rows, waiting }: Extract<Effect, { kind: 'check-first' }>,
): Promise<void> => {
  if (waiting.length > 0) {
    await writeRows(deps, waiting);
    deps.count('AwaitingCheck', waiting.length);
  }
  const [first] = rows;
  if (first === undefined) return;
  const { cluster, lane: from } = first;
  const lane = checkLaneName(cluster);
  const added = rows.map(({ version, skipped, decidedAt, notBefore, localMethod, ...known }) => ({ ...known, lane }));
  const context = { rows: await deps.signals.readRows(added) };
  await inPace(
    deps,
    added.map((node) => () => deps.signals.addPending(node, context)),
  );
  await deps.signals.touchLane(cluster, NODE_CHECK, nowIso(deps));
  await deps.wakes.wake([wakeLane(lane)]);
  await inPace(
    deps,
    rows.map((row) => () => deps.lanes.drop({ ...row, lane: from })),
  );
  deps.count('CheckedFirst', rows.length);
  deps.log.info('checking nodes before their repair', { cluster, lane: from, nodes: rows.length });
};
