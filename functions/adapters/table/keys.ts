import { fnv1a } from '../../../core/model/hash.ts';

/** Names of the table's keys and secondary indexes; `infra` builds the table from these. */
export const TABLE = {
  partitionKey: 'pk',
  sortKey: 'sk',
  timeToLive: 'expiresAt',
  /** Runs of a cluster by time; results of a node by time. */
  byOwner: { name: 'byOwner', partitionKey: 'ownerPk', sortKey: 'ownerSk' },
  /** Results of a cluster by outcome and time. */
  byOutcome: { name: 'byOutcome', partitionKey: 'outcomePk', sortKey: 'outcomeSk' },
  /** Results by reason and day. */
  byReason: { name: 'byReason', partitionKey: 'reasonPk', sortKey: 'reasonSk' },
  /** Sparse: open items by the time at which they are due, and quarantined nodes. */
  byDue: { name: 'byDue', partitionKey: 'duePk', sortKey: 'dueSk' },
} as const;

/** A secondary index. */
export type IndexName = 'byOwner' | 'byOutcome' | 'byReason' | 'byDue';

/** The primary key of an item. */
export type Key = { readonly pk: string; readonly sk: string };

/** How many partitions results of one outcome, or of one reason and day, are spread over. */
export const RESULT_SHARDS = 8;
/** How many partitions the few open runs and lanes share. */
export const DUE_SHARDS = 2;

/** The shard of a text among `shards`; stable for ever, since it is part of stored keys. */
export const shardOf = (text: string, shards: number): number => fnv1a(text) % shards;

/**
 * Every key of the audit table. Partition key prefixes also fence the functions' roles (`dynamodb:LeadingKeys`):
 * no role may update or delete below `RESULT#`.
 */
export const keys = {
  run: (runId: string) => ({ pk: `RUN#${runId}`, sk: 'STATE' }),
  observationPrefix: 'COMMAND#',
  observation: (runId: string, commandKey: string) => ({ pk: `RUN#${runId}`, sk: `COMMAND#${commandKey}` }),
  results: (runId: string) => `RESULT#${runId}`,
  result: (runId: string, instanceId: string) => ({ pk: `RESULT#${runId}`, sk: instanceId }),
  command: (commandId: string) => ({ pk: `COMMAND#${commandId}`, sk: 'COMMAND' }),
  lane: (lane: string) => ({ pk: `LANE#${lane}`, sk: 'STATE' }),
  pendingNodePrefix: 'NODE#',
  pendingNode: (lane: string, instanceId: string) => ({ pk: `LANE#${lane}`, sk: `NODE#${instanceId}` }),
  cancelledPrefix: 'CANCELLED#',
  cancelledRequest: (lane: string, requestId: string) => ({ pk: `LANE#${lane}`, sk: `CANCELLED#${requestId}` }),
  queuedPrefix: 'QUEUED#',
  queuedRun: (lane: string, createdAt: string, runId: string) => ({
    pk: `LANE#${lane}`,
    sk: `QUEUED#${createdAt}#${runId}`,
  }),
  /** The run of an entry of a lane's queue, by its sort key: neither a time nor the id of a run has a `#`. */
  queuedRunOf: (sortKey: string): string => sortKey.split('#').slice(2).join('#'),
  cluster: (cluster: string) => ({ pk: `CLUSTER#${cluster}`, sk: 'STATE' }),
  trippedPrefix: 'TRIPPED#',
  tripped: (document: string, cluster: string) => ({ pk: `TRUST#${document}`, sk: `TRIPPED#${cluster}` }),
  trust: (document: string, cluster: string) => ({ pk: `TRUST#${document}`, sk: `CLUSTER#${cluster}` }),
  nodeState: (instanceId: string, remediation: string) => ({ pk: `NODE#${instanceId}`, sk: `STATE#${remediation}` }),
  nodeEvent: (instanceId: string, at: string, id: string) => ({ pk: `NODE#${instanceId}`, sk: `EVENT#${at}#${id}` }),
  request: (requestId: string) => ({ pk: `REQUEST#${requestId}`, sk: 'REQUEST' }),
  requestNodesPrefix: 'NODES#',
  requestNodes: (requestId: string, n: number) => ({
    pk: `REQUEST#${requestId}`,
    sk: `NODES#${String(n).padStart(4, '0')}`,
  }),
  requestRunPrefix: 'RUN#',
  requestRun: (requestId: string, runId: string) => ({ pk: `REQUEST#${requestId}`, sk: `RUN#${runId}` }),
  /** The request is the first row of an action, the answer or the refusal the second. */
  action: (at: string, id: string, row: 1 | 2) => ({ pk: `ACTIONS#${at.slice(0, 10)}`, sk: `${at}#${id}#${row}` }),
  actions: (day: string) => `ACTIONS#${day}`,
  lettersAction: (id: string) => ({ pk: `REQUEST#${id}`, sk: 'LETTERS' }),
  pauses: 'PAUSES',
  pausePrefix: 'CURRENT#',
  pause: (scope: string) => ({ pk: 'PAUSES', sk: `CURRENT#${scope}` }),
  pauseEvent: (at: string, id: string) => ({ pk: 'PAUSES', sk: `EVENT#${at}#${id}` }),
  digest: (endedAt: string, runId: string) => ({ pk: `DAY#${endedAt.slice(0, 10)}`, sk: `${endedAt}#${runId}` }),
  /** The digests of the runs that ended on a day (UTC). */
  digests: (day: string) => `DAY#${day}`,
  /** A row that cannot be read, put aside when another took its place. */
  unreadable: ({ pk, sk }: Key, at: string) => ({ pk, sk: `UNREADABLE#${sk}#${at}` }),
  /** A notice that waits to be sent. */
  notice: (key: string) => ({ pk: `NOTICE#${key}`, sk: 'NOTICE' }),
  /** What people have been told about one thing. */
  thread: (dedupKey: string) => ({ pk: `THREAD#${dedupKey}`, sk: 'THREAD' }),
  /** Signals about nodes that nothing proves, by cluster and day. */
  unprovenDay: (cluster: string, at: string) => keys.rate(`unproven#${cluster}`, at.slice(0, 10)),
  rate: (source: string, minute: string) => ({ pk: `RATE#${source}`, sk: minute }),
} as const;

/** Partition keys of the secondary indexes. */
export const index = {
  runsOf: (cluster: string) => `RUNS#${cluster}`,
  node: (instanceId: string) => `NODE#${instanceId}`,
  outcome: (cluster: string, outcome: string, shard: number) => `OUTCOME#${cluster}#${outcome}#${shard}`,
  reasonDay: (reason: string, day: string, shard: number) => `REASON#${reason}#${day}#${shard}`,
  open: (shard: number) => `OPEN#${shard}`,
  quarantine: 'QUARANTINE',
  /** The notices that wait to be sent, by the time at which they are due. */
  notices: 'NOTICES',
  /** The digests of a cluster's runs, by the time of their end. */
  digestsOf: (cluster: string) => `DIGESTS#${cluster}`,
  /** Those of its sweeps that have looked at the nodes; in the index by outcome. */
  sweepsOf: (cluster: string) => `SWEEPS#${cluster}`,
  /** People's actions on a cluster, by time. */
  actionsOf: (cluster: string) => `ACTIONS#${cluster}`,
  /** The actions of an author, by time; in the index by outcome, of which they use no other part. */
  actionsBy: (author: string) => `AUTHOR#${author}`,
  /** The actions on dead letters, by time. */
  letters: 'LETTERS',
} as const;

/** The pause scope of everything. */
export const ALL_CLUSTERS = 'ALL';
/** The pause scope of one cluster. */
export const clusterScope = (cluster: string): string => `CLUSTER#${cluster}`;
