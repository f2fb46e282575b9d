import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AWS_CLIENT } from '../aws-clients.ts';

/** The table's client: undefined fields are left out of items, as the rows' optional fields mean it. */
export const createDocumentClient = (): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient(AWS_CLIENT.standard), {
    marshallOptions: { removeUndefinedValues: true },
  });
