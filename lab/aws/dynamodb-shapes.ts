import * as z from 'zod';

/** An item or a key on the wire. */
export const Item = z.record(z.string(), z.unknown());
const Names = z.record(z.string(), z.string()).optional();
/** The members that all requests for one table have. */
export const Common = {
  TableName: z.string(),
  ExpressionAttributeNames: Names,
  ReturnConsumedCapacity: z.enum(['NONE', 'TOTAL', 'INDEXES']).optional(),
};
/** The members of a write of one item. */
export const Conditional = {
  ...Common,
  ConditionExpression: z.string().optional(),
  ExpressionAttributeValues: Item.optional(),
  ReturnValues: z.enum(['NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW']).optional(),
  ReturnValuesOnConditionCheckFailure: z.enum(['NONE', 'ALL_OLD']).optional(),
};
/** A read of one item. */
export const Keyed = z.strictObject({
  ...Common,
  Key: Item,
  ConsistentRead: z.boolean().optional(),
  ProjectionExpression: z.string().optional(),
});
/** A query of a table or of an index. */
export const Query = z.strictObject({
  ...Common,
  IndexName: z.string().optional(),
  KeyConditionExpression: z.string(),
  FilterExpression: z.string().optional(),
  ProjectionExpression: z.string().optional(),
  ExpressionAttributeValues: Item.optional(),
  ConsistentRead: z.boolean().optional(),
  ScanIndexForward: z.boolean().optional(),
  Limit: z.number().int().min(1).optional(),
  Select: z.string().optional(),
  ExclusiveStartKey: Item.optional(),
});
/** The keys that a batch reads from one table. */
export const BatchKeys = z.strictObject({
  Keys: z.array(Item).min(1),
  ConsistentRead: z.boolean().optional(),
  ProjectionExpression: z.string().optional(),
  ExpressionAttributeNames: Names,
});
/** One write of a batch. */
export const WriteRequest = z.strictObject({
  PutRequest: z.strictObject({ Item }).optional(),
  DeleteRequest: z.strictObject({ Key: Item }).optional(),
});
