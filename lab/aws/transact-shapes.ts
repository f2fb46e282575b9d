import * as z from 'zod';

const Item = z.record(z.string(), z.unknown());
const Common = {
  TableName: z.string(),
  ExpressionAttributeNames: z.record(z.string(), z.string()).optional(),
  ExpressionAttributeValues: Item.optional(),
  ReturnValuesOnConditionCheckFailure: z.enum(['NONE', 'ALL_OLD']).optional(),
};
const Condition = { ConditionExpression: z.string().optional() };

/** One item of TransactWriteItems: one action. */
export const TransactItem = z.strictObject({
  Put: z.strictObject({ ...Common, ...Condition, Item }).optional(),
  Update: z.strictObject({ ...Common, ...Condition, Key: Item, UpdateExpression: z.string() }).optional(),
  Delete: z.strictObject({ ...Common, ...Condition, Key: Item }).optional(),
  ConditionCheck: z.strictObject({ ...Common, Key: Item, ConditionExpression: z.string() }).optional(),
});
export type TransactItem = z.infer<typeof TransactItem>;

/** The input of TransactWriteItems. */
export const TransactInput = z.strictObject({
  TransactItems: z.array(TransactItem),
  ClientRequestToken: z.string().min(1).max(36).optional(),
  ReturnConsumedCapacity: z.enum(['NONE', 'TOTAL', 'INDEXES']).optional(),
  ReturnItemCollectionMetrics: z.enum(['NONE', 'SIZE']).optional(),
});
export type TransactInput = z.infer<typeof TransactInput>;

/** One action as the lab performs it: the single write that it is like, and the key or the item. */
export type TransactAction = {
  /** The action that IAM decides on. */
  readonly permission: 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'ConditionCheckItem';
  readonly tableName: string;
  /** The key, or the whole item of a Put. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly returnsOld: boolean;
  /** The input of the single write, without the table. */
  readonly input: Readonly<Record<string, unknown>>;
};

/** Reads the action of each item; undefined where an item has none, or more than one. */
export const actionOf = (item: TransactItem): TransactAction | undefined => {
  const { Put, Update, Delete, ConditionCheck } = item;
  const [only, ...others] = [Put, Update, Delete, ConditionCheck].filter((action) => action !== undefined);
  if (only === undefined || others.length > 0) return undefined;
  const permission = Put ? 'PutItem' : Update ? 'UpdateItem' : Delete ? 'DeleteItem' : 'ConditionCheckItem';
  const { TableName: tableName, ReturnValuesOnConditionCheckFailure: onFailure, ...input } = only;
  const key = 'Item' in only ? only.Item : only.Key;
  return { permission, tableName, key, returnsOld: onFailure === 'ALL_OLD', input };
};

const textBytes = (value: unknown): number => Buffer.byteLength(String(value));

const valueBytes = (value: unknown): number => {
  const [[type, content] = ['', undefined]] = Object.entries((value ?? {}) as Readonly<Record<string, unknown>>);
  if (type === 'N') return Math.ceil(textBytes(content) / 2) + 1;
  if (type === 'BOOL' || type === 'NULL') return 1;
  if (type === 'B') return Math.floor((textBytes(content) * 3) / 4);
  if (type === 'L') return 3 + (content as readonly unknown[]).reduce<number>((n, v) => n + 1 + valueBytes(v), 0);
  if (type === 'M') return 3 + itemBytes(content as Readonly<Record<string, unknown>>);
  if (Array.isArray(content)) return content.reduce<number>((n, v) => n + textBytes(v), 0);
  return textBytes(content);
};

/** An item's size by "DynamoDB item sizes and formats": names, and values by their types. */
export const itemBytes = (item: Readonly<Record<string, unknown>>): number =>
  Object.entries(item).reduce((n, [name, value]) => n + Buffer.byteLength(name) + valueBytes(value), 0);
