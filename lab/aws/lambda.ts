import * as z from 'zod';
import type { InvokeResult } from '../lambda/environment.ts';
import { AwsError } from './aws-error.ts';
import { operation, type Service } from './service.ts';
import { restWire } from './wire.ts';

/** The access of the Lambda API to the functions. */
export type FunctionsPort = {
  /** The function's ARN by name or ARN, or undefined. */
  readonly arnOf: (nameOrArn: string) => string | undefined;
  readonly invoke: (arn: string, payload: string) => Promise<InvokeResult>;
  readonly invokeAsync: (arn: string, payload: string) => void;
};

const MAX_SYNC_BYTES = 6 * 1024 * 1024;
const MAX_ASYNC_BYTES = 256 * 1024;

/** Lambda: Invoke (REST). */
export const createLambda = (functions: FunctionsPort): Service => {
  const arnOf = (name: string): string => {
    const arn = functions.arnOf(name);
    if (arn === undefined) throw new AwsError('ResourceNotFoundException', `Function not found: ${name}`, 404);
    return arn;
  };
  return {
    name: 'lambda',
    throttledCode: 'TooManyRequestsException',
    ...restWire([
      {
        operation: 'Invoke',
        method: 'POST',
        path: '/2015-03-31/functions/{FunctionName}/invocations',
        extra: (request) => ({
          InvocationType: request.headers['x-amz-invocation-type'] ?? 'RequestResponse',
          LogType: request.headers['x-amz-log-type'] ?? 'None',
          Payload: request.body.length === 0 ? '{}' : request.body.toString('utf8'),
        }),
      },
    ]),
    operations: {
      Invoke: operation(
        z.strictObject({
          FunctionName: z.string().min(1).max(170),
          InvocationType: z.enum(['RequestResponse', 'Event', 'DryRun']),
          LogType: z.literal('None'),
          Payload: z.string(),
        }),
        {
          access: (input) => [{ action: 'lambda:InvokeFunction', resource: arnOf(input.FunctionName) }],
          run: async (input) => {
            try {
              JSON.parse(input.Payload);
            } catch {
              throw new AwsError('InvalidRequestContentException', 'Could not parse request body into json');
            }
            const asynchronous = input.InvocationType === 'Event';
            if (Buffer.byteLength(input.Payload) > (asynchronous ? MAX_ASYNC_BYTES : MAX_SYNC_BYTES)) {
              throw new AwsError('RequestTooLargeException', 'The request payload exceeded the limit.', 413);
            }
            if (input.InvocationType === 'DryRun') return { status: 204, headers: {}, body: '' };
            if (asynchronous) {
              functions.invokeAsync(arnOf(input.FunctionName), input.Payload);
              return { status: 202, headers: {}, body: '' };
            }
            const result = await functions.invoke(arnOf(input.FunctionName), input.Payload);
            const headers = { 'content-type': 'application/json', 'x-amz-executed-version': '$LATEST' };
            return result.kind === 'ok'
              ? { status: 200, headers, body: result.payload }
              : {
                  status: 200,
                  headers: { ...headers, 'x-amz-function-error': 'Unhandled' },
                  body: JSON.stringify(result.error),
                };
          },
        },
        'InvalidParameterValueException',
      ),
    },
  };
};
