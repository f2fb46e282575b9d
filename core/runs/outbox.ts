import { type Cause, causeOf } from '../model/because.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { checkLaneName } from '../model/lane-name.ts';
import type { SkipReason } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import { becauseOfRow, type PendingNode } from '../state/pending-node.ts';
import type { RunningRun, RunState, Stop } from '../state/run-state.ts';
import { removedText } from './rules.ts';

/** The order to cancel a run's request. Without an order, `why` says what stands for one. */
export type Cancelled = { readonly force: boolean; readonly why?: string };

/** A node and the version of the pending row that brought it; the version is empty where none did. */
export type TakenNode = readonly [instanceId: string, version: string];

type Of<Kind extends OutboxEntry['kind']> = Extract<OutboxEntry, { kind: Kind }>;
type Text = Pick<Of<'results'>, 'outcome' | 'message'> & {
  readonly skipReason?: SkipReason;
  readonly reason?: string;
  readonly advice?: string;
};

const LISTS: ReadonlySet<string> = new Set(['instanceIds', 'nodes', 'rows', 'becauses']);

const withoutLists = (name: string, value: unknown): unknown => (LISTS.has(name) ? undefined : value);

const joined = (a: OutboxEntry, b: OutboxEntry): OutboxEntry => {
  if (a.kind === 'results' && b.kind === 'results') {
    const becauses = { ...a.becauses, ...b.becauses };
    const joint = { ...a, instanceIds: [...a.instanceIds, ...b.instanceIds] };
    return Object.keys(becauses).length === 0 ? joint : { ...joint, becauses };
  }
  if (a.kind === 'enqueue' && b.kind === 'enqueue') return { ...a, nodes: [...a.nodes, ...b.nodes] };
  if ((a.kind === 'drop' || a.kind === 'defer') && a.kind === b.kind) return { ...a, rows: [...a.rows, ...b.rows] };
  throw new Error(`joining outbox entries: ${a.kind} and ${b.kind} have no list in common`);
};

/** Joins entries that differ only in their nodes. */
export const merged = (entries: readonly OutboxEntry[]): OutboxEntry[] => {
  const groups = new Map<string, OutboxEntry>();
  for (const [i, entry] of entries.entries()) {
    const isSingle = entry.kind === 'cancel' || entry.kind === 'notice';
    const key = isSingle ? String(i) : JSON.stringify(entry, withoutLists);
    const known = groups.get(key);
    groups.set(key, known === undefined ? entry : joined(known, entry));
  }
  return [...groups.values()];
};

/** The nodes whose `because` differs from their run's. */
type Becauses = NonNullable<Of<'results'>['becauses']>;

/**
 * The `because` of each row that differs from the run's, without its texts: a state with 1,000 nodes must fit into one item.
 * The row itself and the run of the parent keep them.
 */
export const becausesOf = (run: Pick<RunState, 'because'>, rows: readonly PendingNode[]): Becauses =>
  Object.fromEntries(
    rows.flatMap((row) => {
      const own = becauseOfRow(row);
      if (JSON.stringify(own) === JSON.stringify(run.because)) return [];
      const { sample, by, foundBy, parent, ...short } = own;
      return [
        [row.instanceId, { ...short, ...(parent?.runId === undefined ? {} : { parent: { runId: parent.runId } }) }],
      ];
    }),
  );

/** Results that needed no command. */
export const resultsOf = (
  instanceIds: readonly string[],
  text: Text,
  now: string,
  becauses: Becauses = {},
): OutboxEntry[] =>
  instanceIds.length === 0
    ? []
    : [
        {
          kind: 'results',
          ...text,
          at: now,
          instanceIds: [...instanceIds],
          ...(Object.keys(becauses).length === 0 ? {} : { becauses }),
        },
      ];

/** Pending nodes for a lane, created by fleetmend itself. */
export const enqueueOf = (
  instanceIds: readonly string[],
  news: Pick<Of<'enqueue'>, 'lane' | 'reason' | 'source' | 'notBefore' | 'because' | 'requestIds'>,
  seenAt: string,
): OutboxEntry[] =>
  instanceIds.length === 0
    ? []
    : [{ kind: 'enqueue', ...news, nodes: instanceIds.map((id): [string, string] => [id, seenAt]) }];

/** The run and its request, as the parent of what follows from the run. */
export const parentOf = ({ runId, requestId }: Pick<RunState, 'runId' | 'requestId'>) => ({ runId, requestId });

/** Requests a check of nodes through the cluster's check lane. `cause` is the nodes' own, if they have one. */
export const askForCheck = (
  run: Pick<RunState, 'cluster' | 'runId' | 'requestId'>,
  instanceIds: readonly string[],
  reason: string,
  now: string,
  cause: Cause = { kind: 'finding' },
): OutboxEntry[] => {
  const because: Cause = { ...cause, parent: parentOf(run) };
  return enqueueOf(instanceIds, { lane: checkLaneName(run.cluster), reason, source: 'fleetmend.run', because }, now);
};

/** The row of a request's node that is handed back to the lane: it still belongs to the request. */
export const handedBack = (run: RunState) => ({
  lane: run.lane ?? run.group,
  reason: 'OperatorRequest',
  source: 'operator',
  because: causeOf(run.because),
  requestIds: [run.requestId],
});

/** The nodes of an operator's request that a run could not take. They wait in the lane like all others. */
export const requeued = (run: RunState, instanceIds: readonly string[], now: string): OutboxEntry[] =>
  enqueueOf(instanceIds, handedBack(run), now);

/** A command's nodes, each with the version of the row that brought it. */
export const takenOf = (command: Pick<CommandState, 'instanceIds' | 'versions'>): TakenNode[] =>
  command.instanceIds.map((id, i) => [id, command.versions?.[i] ?? '']);

/** The counts of a command that was never sent: the nodes that SSM refused before. */
export const countedBefore = ({ unreachable }: CommandState): NonNullable<CommandState['counts']> =>
  unreachable === undefined ? {} : { Unreachable: unreachable.length };

const rowsOf = (nodes: readonly TakenNode[]): [string, string][] =>
  nodes.flatMap(([id, version]): [string, string][] => (version === '' ? [] : [[id, version]]));

/**
 * The pending rows of a command's nodes are removed when SSM has the command. The rows of a check stay for its cool-down, so
 * that a node that continues to log its fault is not checked for every line.
 */
export const dropsOf = (run: RunState, nodes: readonly TakenNode[]): OutboxEntry[] => {
  const rows = rowsOf(nodes);
  if (rows.length === 0 || run.lane === undefined || run.action === 'check') return [];
  return [{ kind: 'drop', lane: run.lane, rows }];
};

/**
 * Keeps rows as answered until the cool-down is over. Then a row is removed if the node reported no more symptoms, and is
 * evaluated again otherwise. A node that logs its fault every ten seconds does not cause a run every ten seconds.
 */
export const answeredOf = (lane: string, nodes: readonly TakenNode[], now: string, seconds: number): OutboxEntry[] => {
  const rows = rowsOf(nodes);
  return rows.length === 0
    ? []
    : [{ kind: 'defer', lane, rows, notBefore: isoTime(epochMs(now) + seconds * 1000), decidedAt: now }];
};

/** Keeps nodes for later. A pending node stores the decision; the node of an operator's request becomes a pending node. */
export const keptUntil = (
  run: RunState,
  nodes: readonly TakenNode[],
  notBefore: string,
  skipReason: SkipReason,
  now: string,
): OutboxEntry[] => {
  const lane = run.lane ?? run.group;
  const rows = rowsOf(nodes);
  const others = nodes.flatMap(([id, version]) => (version === '' ? [id] : []));
  return [
    ...(rows.length === 0 ? [] : [{ kind: 'defer' as const, lane, rows, notBefore, skipReason, decidedAt: now }]),
    ...enqueueOf(others, { ...handedBack(run), notBefore }, now),
  ];
};

/** The entries for nodes whose command certainly did not run. */
export const unsentResults = (
  run: RunState,
  nodes: readonly TakenNode[],
  text: Text,
  now: string,
  limits: Limits,
): OutboxEntry[] => [
  ...(run.action === 'check' ? [] : answeredOf(run.lane ?? run.group, nodes, now, limits.coolDownSeconds)),
  ...resultsOf(
    nodes.map(([id]) => id),
    text,
    now,
  ),
];

const unreadIn = (action: RunState['action'], told: Pick<Text, 'reason' | 'message'>): Text =>
  action === 'check' ? { outcome: 'Unknown', ...told } : { outcome: 'Skipped', skipReason: 'Unreadable', ...told };

/** The result of a node to which a stopped run sent no command. */
export const unsentText = (
  { action, refusal, remediation }: Pick<RunState, 'action' | 'remediation'> & Pick<RunningRun, 'refusal'>,
  stop: Stop,
): Text => {
  const { reason: stopReason } = stop;
  if (stopReason === 'CommandRefused') {
    const why = refusal?.message ?? 'SSM refused its commands, or its document is not deployed';
    const message = `the run sent no command to this node: ${why}`;
    return unreadIn(action, { reason: 'CommandRefused', message });
  }
  if (stopReason === 'Stuck') {
    const message = 'the run ended without a command to this node, because its turns failed';
    return unreadIn(action, { reason: 'RunStuck', message });
  }
  if (stopReason === 'DocumentRefused') {
    const message = `the run sent no command to this node: ${refusal?.message ?? 'its document is not the one that was built'}`;
    return { outcome: 'Skipped', skipReason: stopReason, message };
  }
  if (stopReason === 'NotAllowed')
    return { outcome: 'Skipped', skipReason: stopReason, message: removedText(remediation) };
  const why = stop.reason !== 'Cancelled' || stop.why === undefined ? '' : `: ${stop.why}`;
  const message = `the run was stopped (${stopReason}) before a command was sent to this node${why}`;
  return { outcome: 'Skipped', message, ...(stopReason === 'Yielded' ? {} : { skipReason: stopReason }) };
};

/** When a lane looks again at the nodes to which a run sent nothing because its turns failed. */
const STUCK_LOOK_MS = 300_000;

/** The unsent nodes of a run whose turns failed: those of a repair wait in the lane for a later run. */
const stuckOf = (run: RunState, stop: Stop, nodes: readonly TakenNode[], now: string): OutboxEntry[] => {
  const results = resultsOf(
    nodes.map(([id]) => id),
    unsentText(run, stop),
    now,
  );
  if (run.action === 'check') return results;
  return [...results, ...keptUntil(run, nodes, isoTime(epochMs(now) + STUCK_LOOK_MS), 'Unreadable', now)];
};

/**
 * Asks again for a check that signals asked for, where a pause has stopped it before its command was sent. Its rows were kept as
 * answered when it was planned. An operator is shown `Paused`, and the next sweep comes by itself.
 */
export const askedAgain = (run: RunState, stop: Stop, ids: readonly string[], now: string): OutboxEntry[] =>
  run.action === 'check' && run.lane !== undefined && stop.reason === 'Paused'
    ? askForCheck(run, ids, stop.reason, now, causeOf(run.because))
    : [];

/** Returns the unsent nodes of a stopped run to their lane, or records their results. No node is dropped silently. */
export const unsentOf = (
  run: RunState & Pick<RunningRun, 'refusal'>,
  stop: Stop,
  nodes: readonly TakenNode[],
  now: string,
  limits: Limits,
): OutboxEntry[] => {
  const ids = nodes.map(([id]) => id);
  switch (stop.reason) {
    case 'Yielded':
      // The node of a signal is still pending; the node of an operator's request has no pending row yet.
      return requeued(
        run,
        nodes.flatMap(([id, version]) => (version === '' ? [id] : [])),
        now,
      );
    case 'Stuck':
      return stuckOf(run, stop, nodes, now);
    case 'CommandRefused':
    case 'DocumentRefused':
    case 'NotAllowed':
    case 'Cancelled':
      return unsentResults(run, nodes, unsentText(run, stop), now, limits);
    case 'Paused':
    case 'BreakerOpen':
      // The lane itself waits for the end of the pause or the breaker, so the rows of a repair do not change.
      return [...resultsOf(ids, unsentText(run, stop), now), ...askedAgain(run, stop, ids, now)];
  }
};
