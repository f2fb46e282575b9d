import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { defined } from '../../core/model/defined.ts';
import { CommandError } from '../exit.ts';
import { awsError } from './aws-errors.ts';
import type { Connect } from './connection.ts';

/** The most time that an invocation may take: the longest function ends after 60 s. */
const TIMEOUT_MS = 90_000;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const NO_REASON = 'it gave no reason';

/** The message of an invocation that failed: Lambda's own, or that of the function's error. */
const failureIn = (text: string): string => {
  const error = parsed(text);
  if (typeof error !== 'object' || error === null) return NO_REASON;
  const { errorType, errorMessage }: { errorType?: unknown; errorMessage?: unknown } = error;
  const words = [errorType, errorMessage].filter((part) => typeof part === 'string' && part !== '');
  return words.length === 0 ? NO_REASON : words.join(': ').slice(0, 300);
};

/** Connects by AWS Lambda's Invoke. Every request has an id of its own, so that a repeated call starts nothing twice. */
export const connectByLambda: Connect = (place) => {
  const { region, profile, endpoint } = place;
  const client = new LambdaClient({
    ...defined({ region, profile, endpoint }),
    maxAttempts: 3,
    requestHandler: { requestTimeout: TIMEOUT_MS, connectionTimeout: 5000 },
  });
  return async (functionName, way, payload) => {
    const answer = await client
      .send(
        new InvokeCommand({
          FunctionName: `${place.stack}-${functionName}:${way}`,
          Payload: JSON.stringify(payload),
        }),
      )
      .catch((thrown: unknown) => {
        throw awsError(thrown, place, functionName, way);
      });
    const text = answer.Payload?.transformToString() ?? '';
    if (answer.FunctionError === undefined) return parsed(text);
    throw new CommandError('Aws', {
      message: `${place.stack}-${functionName} failed: ${failureIn(text)}`,
      next: `try again; the log of the function says more`,
    });
  };
};
