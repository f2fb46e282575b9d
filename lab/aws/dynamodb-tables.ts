import type { LabClock } from './clock.ts';
import type { Dynalite } from './dynalite.ts';
import type { Faults } from './faults.ts';

/** A DynamoDB item or key on the wire. */
export type WireItem = Readonly<Record<string, unknown>>;

type KeySchema = readonly { readonly AttributeName: string; readonly KeyType: string }[];

/** A table as CreateTable wants it. */
export type TableDefinition = {
  readonly TableName: string;
  readonly KeySchema: KeySchema;
  readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  readonly GlobalSecondaryIndexes?: readonly {
    readonly IndexName: string;
    readonly KeySchema: KeySchema;
    readonly Projection: unknown;
  }[];
};

/** A table of the lab. */
export type Table = {
  readonly name: string;
  readonly arn: string;
  readonly keyNames: readonly string[];
  /** The partition key's name, of the table or of one of its indexes; undefined where there is no such index. */
  readonly partitionKey: (indexName?: string) => string | undefined;
  /** The partition keys of its indexes, by the names of the indexes. */
  readonly indexKeys: ReadonlyMap<string, string>;
  /** How many of its indexes have one of these attributes as their partition key: an item with it is copied there. */
  readonly copies: (attributes: readonly string[]) => number;
  /** The table to read an index from: a copy that lags by the setting `indexLagMs`. */
  readonly indexSource: () => string;
  /** Informs the copy about a write: the item as it is now, or the key that was deleted. */
  readonly written: (key: WireItem, item: WireItem | undefined) => void;
};

/** The account's tables. */
export type TableStore = {
  readonly create: (definition: TableDefinition, arn: string) => Promise<void>;
  readonly get: (nameOrArn: string) => Table | undefined;
};

const MAX_BATCH = 25;
const LAGGED_SUFFIX = '.lagged';

/**
 * Creates the store. dynalite's indexes are strongly consistent, AWS's are not: a second table gets every write later,
 * and indexes are read from it.
 */
export const createTableStore = (
  dynalite: Dynalite,
  clock: LabClock,
  faults: Faults,
  onError: (error: Error) => void,
): TableStore => {
  const tables = new Map<string, Table>();
  const create: TableStore['create'] = async (definition, arn) => {
    const name = definition.TableName;
    const lagged = `${name}${LAGGED_SUFFIX}`;
    const hasIndexes = (definition.GlobalSecondaryIndexes ?? []).length > 0;
    await dynalite.call('CreateTable', { ...definition, BillingMode: 'PAY_PER_REQUEST' });
    if (hasIndexes)
      await dynalite.call('CreateTable', { ...definition, TableName: lagged, BillingMode: 'PAY_PER_REQUEST' });
    const keyNames = definition.KeySchema.map((k) => k.AttributeName);
    let pending: {
      readonly dueMs: number;
      readonly id: string;
      readonly key: WireItem;
      readonly item: WireItem | undefined;
    }[] = [];
    let flushing: Promise<void> = Promise.resolve();

    const flush = async (): Promise<void> => {
      const nowMs = clock.now();
      const due = new Map(pending.filter((p) => p.dueMs <= nowMs).map((p) => [p.id, p]));
      pending = pending.filter((p) => p.dueMs > nowMs);
      const requests = [...due.values()].map(({ key, item }) =>
        item === undefined ? { DeleteRequest: { Key: key } } : { PutRequest: { Item: item } },
      );
      for (let i = 0; i < requests.length; i += MAX_BATCH) {
        await dynalite.call('BatchWriteItem', { RequestItems: { [lagged]: requests.slice(i, i + MAX_BATCH) } });
      }
    };
    const table: Table = {
      name,
      arn,
      keyNames,
      partitionKey: (indexName) => {
        const schema =
          indexName === undefined
            ? definition.KeySchema
            : definition.GlobalSecondaryIndexes?.find((i) => i.IndexName === indexName)?.KeySchema;
        return schema?.find((k) => k.KeyType === 'HASH')?.AttributeName;
      },
      indexKeys: new Map(
        (definition.GlobalSecondaryIndexes ?? []).flatMap(({ IndexName, KeySchema }) =>
          KeySchema.flatMap((k) => (k.KeyType === 'HASH' ? [[IndexName, k.AttributeName] as const] : [])),
        ),
      ),
      copies: (attributes) =>
        (definition.GlobalSecondaryIndexes ?? []).filter((index) =>
          index.KeySchema.some((k) => k.KeyType === 'HASH' && attributes.includes(k.AttributeName)),
        ).length,
      indexSource: () => (faults.indexLagMs === 0 || !hasIndexes ? name : lagged),
      written: (key, item) => {
        if (!hasIndexes) return;
        const only = Object.fromEntries(keyNames.map((k) => [k, key[k]]));
        const armed =
          pending.length > 0 && (pending[pending.length - 1]?.dueMs ?? 0) >= clock.now() + faults.indexLagMs;
        pending.push({ dueMs: clock.now() + faults.indexLagMs, id: JSON.stringify(only), key: only, item });
        if (armed) return;
        clock.after(faults.indexLagMs, () => {
          flushing = clock.during(() => flushing.then(flush));
          flushing.catch((error: unknown) => onError(new Error(`copying writes to ${lagged}`, { cause: error })));
        });
      },
    };
    tables.set(name, table);
  };
  return {
    create,
    get: (nameOrArn) => tables.get(nameOrArn) ?? [...tables.values()].find((t) => t.arn === nameOrArn),
  };
};
