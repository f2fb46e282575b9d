import { defined } from '../../core/model/defined.ts';
import { AwsError } from './aws-error.ts';
import type { AccessRequest } from './iam.ts';
import { CONFLICT_MESSAGE, createItemLocks, type ItemLocks } from './item-locks.ts';
import { THROUGHPUT_MESSAGE } from './partition-load.ts';
import { type Operation, operation } from './service.ts';
import { actionOf, itemBytes, type TransactAction, TransactInput } from './transact-shapes.ts';

type WireItem = Readonly<Record<string, unknown>>;
type CancellationReason = { readonly Code: string; readonly Message?: string; readonly Item?: WireItem };
type Judged = {
  readonly reason: CancellationReason;
  /** What the action leaves of its item; absent where it changes nothing. */
  readonly after?: { readonly item: WireItem | undefined };
  readonly bytes: number;
};

/** The dependencies of transactions. */
export type TransactorOptions = {
  /** Calls dynalite. */
  readonly call: (operation: string, input: unknown) => Promise<Record<string, unknown>>;
  /** The key attributes of a table. */
  readonly keyNamesOf: (tableName: string) => readonly string[];
  /** Lab time in epoch milliseconds. */
  readonly now: () => number;
  /** Whether a conflict is to be simulated for the present transaction. */
  readonly strikesConflict?: () => boolean;
  /** Whether the table has capacity for an action. */
  readonly admits?: (action: TransactAction) => boolean;
  /** Called for each item that a transaction has written or deleted. */
  readonly written?: (tableName: string, key: WireItem, item: WireItem | undefined) => void;
};

/** Transactions, and the other accesses to a table that DynamoDB serializes with them. */
export type Transactor = {
  readonly transact: (input: TransactInput) => Promise<Record<string, unknown>>;
  readonly single: <T>(tableName: string, key: WireItem, work: () => Promise<T>) => Promise<T>;
  readonly serialized: <T>(items: readonly (readonly [string, WireItem])[], work: () => Promise<T>) => Promise<T>;
};

const MAX_ACTIONS = 100;
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_BATCH = 25;
const TOKEN_MS = 10 * 60_000;
const SCRATCH_SUFFIX = '.transactions';
const NONE: CancellationReason = { Code: 'None' };
/** What DynamoDB finds out only with the item: such an action cancels the transaction, any other mistake refuses it. */
const FOUND_WITH_ITEM = /Item size|operand in the update expression|document path provided in the update/;

const invalid = (message: string): AwsError => new AwsError('ValidationException', message);

const canceled = (reasons: readonly CancellationReason[]): AwsError =>
  new AwsError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map((r) => r.Code).join(', ')}]`,
    400,
    { CancellationReasons: reasons },
  );

const actionsOf = (input: TransactInput): readonly TransactAction[] => {
  const count = input.TransactItems.length;
  if (count < 1 || count > MAX_ACTIONS)
    throw invalid(
      `1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length ${count < 1 ? 'greater than or equal to 1' : `less than or equal to ${MAX_ACTIONS}`}`,
    );
  return input.TransactItems.map((item) => {
    const action = actionOf(item);
    if (action === undefined) throw invalid('TransactItems can only contain one of Check, Put, Update or Delete');
    return action;
  });
};

/** Remembers the tokens of transactions that have ended well, for ten minutes. */
const createTokens = (now: () => number) => {
  const known = new Map<string, { readonly content: string; untilMs: number; isDone: boolean }>();
  return async (input: TransactInput, work: () => Promise<void>): Promise<void> => {
    const token = input.ClientRequestToken;
    if (token === undefined) return await work();
    const content = JSON.stringify(input.TransactItems);
    const before = known.get(token);
    if (before !== undefined && before.untilMs > now()) {
      if (before.content !== content)
        throw new AwsError(
          'IdempotentParameterMismatchException',
          'Request was rejected because it has the same ClientRequestToken as another one and other parameters',
        );
      if (before.isDone) return;
      throw new AwsError(
        'TransactionInProgressException',
        'The transaction with the given request token is already in progress.',
      );
    }
    const mine = { content, untilMs: Number.POSITIVE_INFINITY, isDone: false };
    known.set(token, mine);
    try {
      await work();
      mine.isDone = true;
      mine.untilMs = now() + TOKEN_MS;
    } catch (error) {
      known.delete(token);
      throw error;
    }
  };
};

/**
 * Creates transactions on top of dynalite, which has none: each action is tried on a copy of its item in a table beside;
 * only when all succeed are the results written.
 */
export const createTransactor = (options: TransactorOptions): Transactor => {
  const { call } = options;
  const locks: ItemLocks = createItemLocks();
  const byToken = createTokens(options.now);
  const scratches = new Map<string, Promise<void>>();

  type Described = {
    readonly KeySchema: readonly { readonly AttributeName: string }[];
    readonly AttributeDefinitions: readonly { readonly AttributeName: string }[];
    readonly TableStatus: string;
  };
  const describe = async (TableName: string): Promise<Described> =>
    (await call('DescribeTable', { TableName })).Table as Described;
  const createScratch = async (name: string): Promise<void> => {
    const { KeySchema, AttributeDefinitions } = await describe(name);
    const keyNames = KeySchema.map((k) => k.AttributeName);
    const TableName = `${name}${SCRATCH_SUFFIX}`;
    await call('CreateTable', {
      TableName,
      KeySchema,
      AttributeDefinitions: AttributeDefinitions.filter((a) => keyNames.includes(a.AttributeName)),
      BillingMode: 'PAY_PER_REQUEST',
    });
    while ((await describe(TableName)).TableStatus !== 'ACTIVE');
  };
  /** The table for trials exists from a table's first transaction on. */
  const prepare = (name: string): Promise<void> => {
    const made = scratches.get(name) ?? createScratch(name);
    scratches.set(name, made);
    return made;
  };
  const keyOf = (tableName: string, item: WireItem): WireItem =>
    Object.fromEntries(options.keyNamesOf(tableName).map((k) => [k, item[k]]));
  const idOf = (tableName: string, item: WireItem): string => `${tableName} ${JSON.stringify(keyOf(tableName, item))}`;

  const perform = async (action: TransactAction, scratch: string): Promise<Judged['after']> => {
    const input = { ...action.input, TableName: scratch };
    if (action.permission === 'UpdateItem') {
      const { Attributes } = await call('UpdateItem', { ...input, ReturnValues: 'ALL_NEW' });
      return { item: Attributes as WireItem };
    }
    await call(action.permission === 'PutItem' ? 'PutItem' : 'DeleteItem', input);
    if (action.permission === 'ConditionCheckItem') return undefined;
    return { item: action.permission === 'PutItem' ? action.key : undefined };
  };
  const judge = async (action: TransactAction): Promise<Judged> => {
    const key = keyOf(action.tableName, action.key);
    const TableName = `${action.tableName}${SCRATCH_SUFFIX}`;
    const found = await call('GetItem', { TableName: action.tableName, Key: key, ConsistentRead: true });
    const present = found.Item as WireItem | undefined;
    if (present === undefined) await call('DeleteItem', { TableName, Key: key });
    else await call('PutItem', { TableName, Item: present });
    try {
      const after = await perform(action, TableName);
      return { reason: NONE, ...defined({ after }), bytes: itemBytes(after?.item ?? present ?? key) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (error.code === 'ConditionalCheckFailedException')
        return {
          reason: {
            Code: 'ConditionalCheckFailed',
            Message: 'The conditional request failed',
            ...defined({ Item: action.returnsOld ? present : undefined }),
          },
          bytes: 0,
        };
      if (error.code === 'ValidationException' && FOUND_WITH_ITEM.test(error.message))
        return { reason: { Code: 'ValidationError', Message: error.message }, bytes: 0 };
      throw error;
    }
  };
  const apply = async (writes: readonly { tableName: string; key: WireItem; item: WireItem | undefined }[]) => {
    for (let i = 0; i < writes.length; i += MAX_BATCH) {
      const RequestItems: Record<string, unknown[]> = {};
      for (const { tableName, key, item } of writes.slice(i, i + MAX_BATCH)) {
        const request = item === undefined ? { DeleteRequest: { Key: key } } : { PutRequest: { Item: item } };
        RequestItems[tableName] = [...(RequestItems[tableName] ?? []), request];
      }
      await call('BatchWriteItem', { RequestItems });
    }
    for (const { tableName, key, item } of writes) options.written?.(tableName, key, item);
  };

  const run = async (actions: readonly TransactAction[]): Promise<void> => {
    const ids = actions.map(({ tableName, key }) => idOf(tableName, key));
    if (new Set(ids).size < ids.length)
      throw invalid('Transaction request cannot include multiple operations on one item');
    await Promise.all([...new Set(actions.map((a) => a.tableName))].map(prepare));
    const held = options.strikesConflict?.() === true ? ids.slice(0, 1) : locks.held(ids);
    if (held.length > 0) {
      const conflict: CancellationReason = { Code: 'TransactionConflict', Message: CONFLICT_MESSAGE };
      throw canceled(ids.map((id) => (held.includes(id) ? conflict : NONE)));
    }
    const throttled = actions.filter((action) => options.admits?.(action) === false);
    if (throttled.length > 0) {
      const over: CancellationReason = { Code: 'ThrottlingError', Message: THROUGHPUT_MESSAGE };
      throw canceled(actions.map((action) => (throttled.includes(action) ? over : NONE)));
    }
    await locks.transaction(ids, async () => {
      // All have ended before the items are free again: one that still tries would spoil the trial of the next transaction.
      const trials = await Promise.allSettled(actions.map(judge));
      const judged = trials.map((trial) => {
        if (trial.status === 'rejected') throw trial.reason;
        return trial.value;
      });
      if (judged.some(({ reason }) => reason !== NONE)) throw canceled(judged.map(({ reason }) => reason));
      if (judged.reduce((n, { bytes }) => n + bytes, 0) > MAX_BYTES)
        throw invalid('The aggregate size of the items in the transaction exceeds 4 MB');
      await apply(
        actions.flatMap(({ tableName, key }, i) => {
          const after = judged[i]?.after;
          return after === undefined ? [] : [{ tableName, key: keyOf(tableName, key), item: after.item }];
        }),
      );
    });
  };
  return {
    transact: async (input) => {
      const actions = actionsOf(input);
      await byToken(input, () => run(actions));
      return {};
    },
    single: (tableName, key, work) => locks.single(idOf(tableName, key), work),
    serialized: (items, work) =>
      locks.serialized(
        items.map(([tableName, key]) => idOf(tableName, key)),
        work,
      ),
  };
};

/** TransactWriteItems; `access` says which access of each action IAM decides on. */
export const transactOperation = (
  transactor: Transactor,
  access: (action: TransactAction) => readonly AccessRequest[] = () => [],
  writesOf: (action: TransactAction) => number = () => 1,
): Operation =>
  operation(TransactInput, {
    access: (input) => actionsOf(input).flatMap(access),
    items: (input) => actionsOf(input).reduce((n, action) => n + writesOf(action), 0),
    run: (input) => transactor.transact(input),
  });
