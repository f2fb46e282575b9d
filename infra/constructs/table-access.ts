import * as iam from 'aws-cdk-lib/aws-iam';
import { ALL_CLUSTERS, index, keys, TABLE } from '../../functions/adapters/table/keys.ts';
import type { FunctionName } from '../bundle.ts';

type Action = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'ConditionCheckItem';

/** The partition keys of a family of rows, taken from the key builders so that the fence cannot drift from the keys. */
const fence = {
  run: keys.run('*').pk,
  result: keys.results('*'),
  command: keys.command('*').pk,
  lane: keys.lane('*').pk,
  cluster: keys.cluster('*').pk,
  node: keys.nodeState('*', '').pk,
  pauses: keys.pause(ALL_CLUSTERS).pk,
  rate: keys.rate('*', '').pk,
  trust: keys.trust('*', '').pk,
  request: keys.request('*').pk,
  action: keys.actions('*'),
  digest: keys.digests('*'),
  notice: keys.notice('*').pk,
  thread: keys.thread('*').pk,
} as const;

/** The permissions of one function, by family of rows. */
type Access = Readonly<Partial<Record<keyof typeof fence, readonly Action[]>>>;

/**
 * The rows that each function may access. No function may update or delete a result: one is put, and replaced only by
 * one that knows more (conditions in the code guard that, IAM cannot); no batch write is granted,
 * since it takes no conditions.
 */
const ACCESS: Readonly<Record<Exclude<FunctionName, 'audit-query'>, Access>> = {
  'log-classifier': {},
  notifier: { thread: ['GetItem', 'PutItem'] },
  'signal-intake': { lane: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'], rate: ['UpdateItem'] },
  'operator-api': {
    action: ['PutItem'],
    request: ['GetItem', 'Query', 'PutItem', 'UpdateItem'],
    run: ['GetItem', 'PutItem'],
    lane: ['GetItem', 'Query', 'PutItem', 'UpdateItem'],
    pauses: ['Query', 'PutItem'],
    trust: ['Query'],
    command: ['GetItem'],
    node: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'],
    result: ['BatchGetItem'],
    rate: ['UpdateItem'],
    notice: ['PutItem', 'DeleteItem'],
  },
  'command-tracker': {
    command: ['GetItem', 'PutItem', 'UpdateItem'],
    run: ['GetItem', 'PutItem'],
    result: ['BatchGetItem', 'PutItem'],
    node: ['BatchGetItem', 'UpdateItem'],
    notice: ['PutItem'],
    rate: ['UpdateItem'],
  },
  'run-controller': {
    lane: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
    request: ['BatchGetItem', 'Query', 'PutItem', 'ConditionCheckItem'],
    run: ['GetItem', 'Query', 'PutItem'],
    cluster: ['GetItem', 'PutItem'],
    command: ['PutItem', 'UpdateItem'],
    result: ['BatchGetItem', 'PutItem'],
    node: ['BatchGetItem', 'UpdateItem'],
    pauses: ['Query', 'ConditionCheckItem'],
    trust: ['Query', 'PutItem', 'ConditionCheckItem'],
    digest: ['PutItem'],
    rate: ['UpdateItem'],
    notice: ['PutItem'],
  },
  scheduler: {
    command: ['GetItem', 'UpdateItem'],
    run: ['GetItem', 'PutItem'],
    lane: ['PutItem'],
    result: ['BatchGetItem', 'PutItem'],
    node: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'],
    rate: ['UpdateItem'],
    notice: ['PutItem', 'UpdateItem', 'DeleteItem'],
  },
};

/** Open and due work, in each shard. */
const OPEN_PARTITIONS = index.open(0).replace(/0$/, '*');

/** For each set of row families the actions allowed on exactly these: one statement each. */
const merged = (
  access: Access,
): readonly { readonly actions: readonly Action[]; readonly leading: readonly string[] }[] => {
  const families = Object.entries(access).flatMap(([family, actions]) =>
    Object.entries(fence)
      .filter(([name]) => name === family)
      .flatMap(([, pk]) => actions.map((action) => ({ action, pk }))),
  );
  const byAction = Map.groupBy(families, ({ action }) => action);
  const byLeading = Map.groupBy(byAction, ([, uses]) =>
    uses
      .map(({ pk }) => pk)
      .sort()
      .join(),
  );
  return [...byLeading.values()].map((group) => ({
    actions: group.map(([action]) => action),
    leading: (group[0]?.[1] ?? []).map(({ pk }) => pk).sort(),
  }));
};

const fenced = (actions: readonly Action[], resource: string, leadingKeys: readonly string[]): iam.PolicyStatement =>
  new iam.PolicyStatement({
    actions: actions.map((action) => `dynamodb:${action}`),
    resources: [resource],
    conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...leadingKeys] } },
  });

/**
 * The statements by which a function reaches the audit table: fenced to the partition keys it works with
 * (`dynamodb:LeadingKeys`), or read-only over everything for audit-query. `ForAllValues` is true for a request without a
 * key, so no action that can go without one (Scan) is ever given.
 */
export const tableStatements = (name: FunctionName, tableArn: string): readonly iam.PolicyStatement[] => {
  const indexArn = ({ name: indexName }: { readonly name: string }) => `${tableArn}/index/${indexName}`;
  if (name === 'audit-query') {
    return [
      new iam.PolicyStatement({ actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem'], resources: [tableArn] }),
      new iam.PolicyStatement({
        actions: ['dynamodb:Query'],
        resources: [tableArn, ...[TABLE.byOwner, TABLE.byOutcome, TABLE.byReason, TABLE.byDue].map(indexArn)],
      }),
    ];
  }
  return [
    ...merged(ACCESS[name]).map(({ actions, leading }) => fenced(actions, tableArn, leading)),
    ...(name === 'scheduler'
      ? [fenced(['Query'], indexArn(TABLE.byDue), [OPEN_PARTITIONS, index.quarantine, index.notices])]
      : []),
  ];
};
