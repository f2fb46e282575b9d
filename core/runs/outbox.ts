import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { checkLaneName, laneName } from '../model/lane-name.ts';
import type { SkipReason } from '../model/outcome.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState, ObservationRow } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import { CHECK_SOURCE } from '../state/pending-node.ts';
import type { RunState } from '../state/run-state.ts';

/** A node and the version of the pending row that brought it; the version is empty where none did. */
export type TakenNode = readonly [instanceId: string, version: string];

type Of<Kind extends OutboxEntry['kind']> = Extract<OutboxEntry, { kind: Kind }>;
type Text = Pick<Of<'results'>, 'outcome' | 'message'> & {
  readonly skipReason?: SkipReason;
  readonly reason?: string;
  readonly advice?: string;
};

const withoutLists = (name: string, value: unknown): unknown =>
  name === 'instanceIds' || name === 'nodes' || name === 'rows' ? undefined : value;

const joined = (a: OutboxEntry, b: OutboxEntry): OutboxEntry => {
  if (a.kind === 'results' && b.kind === 'results') return { ...a, instanceIds: [...a.instanceIds, ...b.instanceIds] };
  if (a.kind === 'enqueue' && b.kind === 'enqueue') return { ...a, nodes: [...a.nodes, ...b.nodes] };
  if ((a.kind === 'drop' || a.kind === 'defer') && a.kind === b.kind) return { ...a, rows: [...a.rows, ...b.rows] };
  throw new Error(`joining outbox entries: ${a.kind} and ${b.kind} have no list in common`);
};

/** Joins entries that say the same of different nodes. */
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

/** Results that needed no command. */
export const resultsOf = (instanceIds: readonly string[], text: Text, now: string): OutboxEntry[] =>
  instanceIds.length === 0 ? [] : [{ kind: 'results', ...text, at: now, instanceIds: [...instanceIds] }];

/** News for a lane, written by fleetmend itself. */
export const enqueueOf = (
  instanceIds: readonly string[],
  news: Pick<Of<'enqueue'>, 'lane' | 'reason' | 'source' | 'notBefore'>,
  seenAt: string,
): OutboxEntry[] =>
  instanceIds.length === 0
    ? []
    : [{ kind: 'enqueue', ...news, nodes: instanceIds.map((id): [string, string] => [id, seenAt]) }];

/** Asks for a check of nodes, through the cluster's check lane. */
export const askForCheck = (
  run: Pick<RunState, 'cluster'>,
  instanceIds: readonly string[],
  reason: string,
  now: string,
): OutboxEntry[] => enqueueOf(instanceIds, { lane: checkLaneName(run.cluster), reason, source: 'fleetmend.run' }, now);

/** An operator's nodes that a run could not take: they wait in the lane like any other. */
export const requeued = (run: RunState, instanceIds: readonly string[], now: string): OutboxEntry[] =>
  enqueueOf(instanceIds, { lane: run.lane ?? run.group, reason: 'OperatorRequest', source: 'operator' }, now);

/** A command's nodes, each with the version of the row that brought it. */
export const takenOf = (command: Pick<CommandState, 'instanceIds' | 'versions'>): TakenNode[] =>
  command.instanceIds.map((id, i) => [id, command.versions?.[i] ?? '']);

const rowsOf = (nodes: readonly TakenNode[]): [string, string][] =>
  nodes.flatMap(([id, version]): [string, string][] => (version === '' ? [] : [[id, version]]));

/**
 * The rows that brought a command's nodes go when SSM has the command. A check's rows stay for the check's cool-down,
 * so that a node which goes on complaining is not checked at every line.
 */
export const dropsOf = (run: RunState, nodes: readonly TakenNode[]): OutboxEntry[] => {
  const rows = rowsOf(nodes);
  if (rows.length === 0 || run.lane === undefined || run.action === 'check') return [];
  return [{ kind: 'drop', lane: run.lane, rows }];
};

/**
 * Keeps rows as answered until the cool-down is over: gone by then if the node has fallen silent, looked at again if
 * not. So a node that logs its fault every ten seconds does not lead to a run every ten seconds.
 */
export const answeredOf = (lane: string, nodes: readonly TakenNode[], now: string, seconds: number): OutboxEntry[] => {
  const rows = rowsOf(nodes);
  return rows.length === 0
    ? []
    : [{ kind: 'defer', lane, rows, notBefore: isoTime(epochMs(now) + seconds * 1000), decidedAt: now }];
};

/** Keeps nodes for later: a row with what was decided on it, and an operator's node, which has none, as news. */
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
    ...enqueueOf(others, { lane, reason: 'OperatorRequest', source: 'operator', notBefore }, now),
  ];
};

/** What is written for nodes whose command certainly did not run. */
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

/** What a finding's way depends on: remediations that policy lets repair, and reasons that none of them can repair. */
export type Known = { readonly repairable: ReadonlySet<string>; readonly unrepairable: ReadonlySet<string> };

/** What a check found of a node that may become a repair. */
const repairableOf = (tally: ObservationRow['nodes'][string], known: Known): readonly (readonly [string, string])[] =>
  (tally.findings ?? []).filter(
    ([remediation, reason]) => known.repairable.has(remediation) && !known.unrepairable.has(reason),
  );

/** What a check found, handed to the lanes that policy lets repair. */
export const findingsOf = (run: RunState, seen: ObservationRow, known: Known): OutboxEntry[] => {
  if (run.action !== 'check') return [];
  const entries = Object.entries(seen.nodes).flatMap(([instanceId, tally]) =>
    repairableOf(tally, known).map(
      ([remediation, reason]): OutboxEntry => ({
        kind: 'enqueue',
        lane: laneName(run.cluster, remediation),
        reason,
        ...defined({ image: tally.image, localMethod: tally.localMethod }),
        source: CHECK_SOURCE,
        nodes: [[instanceId, tally.at]],
      }),
    ),
  );
  return merged(entries);
};

/**
 * Asks for another check of nodes on which something waits: a remediation for the fault of an earlier one (`BlockedBy`),
 * or a document for another that was at work (`Busy`). Its own pending row has gone with the command, so without this
 * the fault would be lost until the next sweep. A check does so only where the earlier fault's repair was asked for just
 * now or the node was busy: a node that nobody may repair is no reason to look again and again.
 */
export const waitingOf = (run: RunState, seen: ObservationRow, known: Known, limits: Limits): OutboxEntry[] => {
  // A check that was itself such a second look waits as long as a failed repair does before it is tried again.
  const isSecondLook = run.action === 'check' && run.origin.source === 'signal';
  const seconds = isSecondLook ? limits.coolDownSeconds : limits.repairSoftDeadlineSeconds;
  const entries = Object.entries(seen.nodes).flatMap(([instanceId, tally]): OutboxEntry[] => {
    if (tally.waits !== true) return [];
    const isWorthwhile =
      run.action === 'repair' || tally.skipReason === 'Busy' || repairableOf(tally, known).length > 0;
    if (!isWorthwhile) return [];
    const skipReason = tally.skipReason ?? 'BlockedBy';
    // A repair that was blocked knows of no one who repairs the earlier fault: the check finds it, and asks for that.
    const isDelayed = run.action === 'check' || skipReason === 'Busy';
    const notBefore = isoTime(epochMs(seen.at) + seconds * 1000);
    const news = { lane: checkLaneName(run.cluster), reason: skipReason, source: 'fleetmend.run' };
    return enqueueOf([instanceId], isDelayed ? { ...news, notBefore } : news, tally.at);
  });
  return merged(entries);
};

/**
 * Nodes of a lost command: nobody knows whether it ran. They end `Unknown`; after a repair they are checked, and what
 * that check finds is news of its own.
 */
export const lostOf = (run: RunState, command: CommandState, now: string): OutboxEntry[] => {
  const asks = run.action === 'repair';
  const text = {
    outcome: 'Unknown' as const,
    reason: 'CommandLost',
    message: `the sending was interrupted and SSM shows no such command: not sent again${asks ? ', a check was asked for' : ''}`,
  };
  return [
    ...dropsOf(run, takenOf(command)),
    ...resultsOf(command.instanceIds, text, now),
    ...(asks ? askForCheck(run, command.instanceIds, 'CommandLost', now) : []),
  ];
};

/** Gives back what a stopped run did not send: nothing is dropped in silence. */
export const unsentOf = (
  run: RunState,
  stopReason: NonNullable<RunState['stopped']>['reason'],
  nodes: readonly TakenNode[],
  now: string,
  limits: Limits,
): OutboxEntry[] => {
  const ids = nodes.map(([id]) => id);
  switch (stopReason) {
    case 'Yielded':
      // A signal's row still waits in the mailbox; an operator's node has none yet.
      return requeued(
        run,
        nodes.flatMap(([id, version]) => (version === '' ? [id] : [])),
        now,
      );
    case 'CommandRefused': {
      const message = 'SSM refused an earlier command of this run: nothing was sent to this node';
      return unsentResults(run, nodes, { outcome: 'Unknown', reason: 'CommandRefused', message }, now, limits);
    }
    case 'Cancelled':
    case 'Paused':
    case 'BreakerOpen': {
      const message = `the run was stopped (${stopReason}) before a command was sent to this node`;
      const text = { outcome: 'Skipped' as const, skipReason: stopReason, message };
      // The lane itself waits for the pause's or the breaker's end: the rows stay as they are.
      return stopReason === 'Cancelled' ? unsentResults(run, nodes, text, now, limits) : resultsOf(ids, text, now);
    }
    default:
      return stopReason satisfies never;
  }
};

/** The notice that a run has ended. */
export const endNotice = (run: RunState, counts: Partial<Record<string, number>>, now: string): OutboxEntry => ({
  kind: 'notice',
  id: `${run.runId}/ended`,
  detailType: 'Run Ended',
  detail: {
    runId: run.runId,
    cluster: run.cluster,
    remediation: run.remediation,
    action: run.action,
    origin: run.origin.source,
    startedAt: run.startedAt ?? run.createdAt,
    endedAt: now,
    counts,
    ...(run.stopped === undefined ? {} : { stopped: run.stopped.reason }),
  },
});
