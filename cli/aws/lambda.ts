import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Proof } from '../../core/api/proof.ts';
import type { Way } from '../../core/api/way.ts';
import { defined } from '../../core/model/defined.ts';
import { CommandError } from '../exit.ts';
import { awsError } from './aws-errors.ts';
import { createProver } from './caller.ts';
import type { Connect, Payload, Place } from './connection.ts';

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

/** The request with its author's proof; without one where STS cannot be asked, and the request only stops or looks. */
const signed = async (
  prove: (request: Payload) => Promise<Proof>,
  place: Place,
  way: Way,
  payload: Payload,
): Promise<Payload> => {
  const request = place.unverified === true ? { ...payload, unverified: true } : payload;
  try {
    return { ...request, proof: await prove(request) };
  } catch (thrown) {
    if (way !== 'act' || place.unverified === true) return request;
    const { refusal } = awsError(thrown, place, 'operator-api', way);
    const problem = 'AWS STS could not be asked who you are, so that the audit table can record it';
    const message = `${problem}: ${refusal.message}`;
    const next = [refusal.next, 'or act as a mere claim with --unverified']
      .filter((text) => text !== undefined)
      .join(', ');
    throw new CommandError('Aws', { message, next }, thrown);
  }
};

/** Connects by AWS Lambda's Invoke. Requests of people are signed, so that the audit table can name their authors. */
export const connectByLambda: Connect = (place) => {
  const { region, profile, endpoint, fips } = place;
  const client = new LambdaClient({
    ...defined({ region, profile, endpoint, useFipsEndpoint: fips }),
    maxAttempts: 3,
    requestHandler: { requestTimeout: TIMEOUT_MS, connectionTimeout: 5000 },
  });
  const prove = createProver(place);
  return async (functionName, way, payload) => {
    const event = functionName === 'operator-api' ? await signed(prove, place, way, payload) : payload;
    const answer = await client
      .send(
        new InvokeCommand({ FunctionName: `${place.stack}-${functionName}:${way}`, Payload: JSON.stringify(event) }),
      )
      .catch((thrown: unknown) => {
        throw awsError(thrown, place, functionName, way);
      });
    const text = answer.Payload?.transformToString() ?? '';
    if (answer.FunctionError === undefined) return parsed(text);
    throw new CommandError('Aws', {
      message: `${place.stack}-${functionName} failed: ${failureIn(text)}`,
      next: 'try again; the log of the function says more',
    });
  };
};
