import * as z from 'zod';

// Apart from env.ts, whose variables are in the bundle of each function.

/** Name of the function log-classifier. */
export const LOG_CLASSIFIER_NAME = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected the name of a Lambda function');
/** ARN of the stack, without its unique id. */
export const STACK_ARN = z
  .string()
  .regex(/^arn:[a-z-]+:cloudformation:[a-z0-9-]+:\d{12}:stack\/[A-Za-z0-9-]+$/, 'expected the ARN of a stack');
/** The Region of the function, which Lambda sets. */
export const AWS_REGION = z.string().regex(/^[a-z0-9-]+$/, 'expected an AWS Region');
/** A JSON array with the URLs of every dead-letter queue that `replay` empties. */
export const DLQ_URLS = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'expected a JSON array of queue URLs' });
      return z.NEVER;
    }
  })
  .pipe(z.array(z.url('expected the URL of an SQS queue')));
