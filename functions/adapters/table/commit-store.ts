import { trippedAfter } from '../../../core/guards/trust.ts';
import type { Limits } from '../../../core/model/policy.ts';
import { digestOf, hasEnded } from '../../../core/runs/digest.ts';
import type { TrustChange } from '../../../core/runs/experience.ts';
import type { Commit } from '../../../core/runs/step.ts';
import type { LaneState } from '../../../core/state/lane-state.ts';
import type { RunState } from '../../../core/state/run-state.ts';
import type { TrustRow } from '../../../core/state/trust-state.ts';
import { digestItem } from './digest-item.ts';
import { absent, allOf, anyOf, below, type Condition, equals, isAtVersion, isNew, isStored } from './expressions.ts';
import { type Item, inIndex } from './items.ts';
import { ALL_CLUSTERS, clusterScope, DUE_SHARDS, index, keys, shardOf, TABLE } from './keys.ts';
import { bookingOf } from './node-store.ts';
import { runItem } from './run-store.ts';
import { createTable, type TableOptions } from './table.ts';
import type { Write } from './transaction.ts';
import { trippedItem, trustItem } from './trust-store.ts';

/** Stores what one decision changed, in one transaction. */
export type CommitStore = {
  /** False where a row that the decision rests on has changed since it was read: then nothing is stored. */
  readonly commit: (commit: Commit, now: string) => Promise<boolean>;
};

const isAt = (version: number): Condition =>
  version === 0 ? anyOf(isNew, absent('version'), isAtVersion(0)) : isAtVersion(version);

const changedFields = (before: LaneState, after: LaneState): Pick<Extract<Write, { kind: 'update' }>, 'change'> => {
  const { calledAt, news, version, ...state } = after;
  const removed = Object.keys(before).filter((name) => !(name in after));
  const { partitionKey, sortKey } = TABLE.byDue;
  const isDueMoved = before.dueAt !== after.dueAt || before.version === 0;
  const due: Item =
    after.dueAt === undefined || !isDueMoved
      ? {}
      : inIndex('byDue', index.open(shardOf(after.lane, DUE_SHARDS)), after.dueAt);
  const dueRemoved = after.dueAt === undefined ? [partitionKey, sortKey] : [];
  return { change: { set: { ...state, version: version + 1, ...due }, remove: [...removed, ...dueRemoved] } };
};

/**
 * A lane's next state. Its due time, and the mark of a wake under way, are also intake's to write: a lane that is left
 * without a run may lose neither, so nothing of it may have been touched since it was read.
 */
const laneWrite = ({ before, after, isIdle }: NonNullable<Commit['lane']>): Write => {
  const untouched = [before.news === undefined ? absent('news') : equals('news', before.news), absent('calledAt')];
  return {
    kind: 'update',
    key: keys.lane(before.lane),
    ...changedFields(before, after),
    condition: allOf(isAt(before.version), ...(isIdle ? untouched : [])),
  };
};

const runWrite = ({ before, after }: NonNullable<Commit['run']>, retentionDays: number): Write =>
  before === undefined
    ? { kind: 'put', item: runItem(after, retentionDays), condition: isNew }
    : {
        kind: 'put',
        item: { ...runItem(after, retentionDays), version: before.version + 1 },
        condition: isAtVersion(before.version),
      };

/**
 * The digest of a run that has ended. Without one, that of a run without observations: it ended without a command. What
 * changes an ended run later, such as its outbox, changes nothing of it.
 */
const digestWrites = ({ digest, run }: Commit, retentionDays: number): Write[] => {
  if (run === undefined || !hasEnded(run.after)) return [];
  const isEnd = run.before === undefined || !hasEnded(run.before);
  const row = digest ?? (isEnd ? digestOf(run.after, []) : undefined);
  return row === undefined ? [] : [{ kind: 'put', item: digestItem(row, retentionDays) }];
};

const clusterWrite = ({ before, after }: NonNullable<Commit['cluster']>): Write => ({
  kind: 'put',
  item: { ...keys.cluster(after.cluster), ...after, version: before.version + 1 },
  condition: isAt(before.version),
});

const trustWrite = ({ before, after }: TrustChange): Write => ({
  kind: 'put',
  item: { ...trustItem(after), version: before.version + 1 },
  condition: isAt(before.version),
});

const trippedWrite = ({ before, after }: TrustChange, now: string, limits: Pick<Limits, 'canaries'>): Write[] => {
  const row = trippedAfter(before, after, now, limits);
  return row === undefined ? [] : [{ kind: 'put', item: trippedItem(row) }];
};

const trustCheck = ({ document, cluster, version }: TrustRow): Write => ({
  kind: 'check',
  key: keys.trust(document, cluster),
  condition: isAt(version),
});

/** The conditions under which a command is stored as `sending`: neither pause is in force, and the requests are not cancelled. */
const sendChecks = ({ requestId, cluster, action }: RunState, wantedBy: readonly string[], now: string): Write[] => {
  const covered = action === 'check' ? [equals('covers', 'repairs')] : [];
  const notPaused = anyOf(isNew, equals('state', 'resumed'), below('until', now), equals('until', now), ...covered);
  return [
    ...[ALL_CLUSTERS, clusterScope(cluster)].map(
      (scope): Write => ({ kind: 'check', key: keys.pause(scope), condition: notPaused }),
    ),
    ...[requestId, ...wantedBy].map(
      (id): Write => ({ kind: 'check', key: keys.request(id), condition: absent('cancelled') }),
    ),
  ];
};

/** The commits of the audit table. */
export const createCommitStore = ({
  limits,
  ...options
}: TableOptions & {
  readonly limits: Pick<Limits, 'retentionDays' | 'attemptWindowSeconds' | 'relapseSeconds' | 'canaries'>;
}): CommitStore => {
  const table = createTable(options);

  const ofRun = (commit: Commit, run: NonNullable<Commit['run']>, now: string): Write[] => {
    const { after } = run;
    const taken = (commit.takenBack ?? []).map(
      (id): Write => ({
        kind: 'update',
        key: keys.nodeState(id, after.remediation),
        change: { removeEntries: { attempts: [after.runId] } },
        condition: isStored,
      }),
    );
    return [
      runWrite(run, limits.retentionDays),
      ...(commit.booked ?? []).map(({ instanceId, known }) =>
        bookingOf({ ...after, instanceId }, known, after.runId, now, limits),
      ),
      ...taken,
      ...(commit.sends === true ? sendChecks(after, commit.wantedBy ?? [], now) : []),
    ];
  };

  return {
    commit: async (commit, now) => {
      const { lane, run, cluster, unqueued, trust, trusted } = commit;
      const writes: Write[] = [
        ...(lane === undefined ? [] : [laneWrite(lane)]),
        ...(run === undefined ? [] : ofRun(commit, run, now)),
        ...digestWrites(commit, limits.retentionDays),
        ...(cluster === undefined ? [] : [clusterWrite(cluster)]),
        ...(trust ?? []).flatMap((change) => [trustWrite(change), ...trippedWrite(change, now, limits)]),
        ...(trusted === undefined ? [] : [trustCheck(trusted)]),
        ...(unqueued === undefined || lane === undefined
          ? []
          : [{ kind: 'remove' as const, key: { pk: keys.lane(lane.before.lane).pk, sk: unqueued } }]),
      ];
      return (await table.transact(writes)).ok;
    },
  };
};
