import type { AskAws } from '../../cli/aws/ask-aws.ts';

/** Answers for an operation of AWS, or throws. */
export type AwsAnswer = (service: string, operation: string, input: object) => unknown;

/** AWS as `doctor` asks it: every operation of every service, answered by one function. */
export const fakeAws = (answer: AwsAnswer): AskAws => {
  const client = (service: string): object =>
    new Proxy(
      {},
      {
        // A promise that resolves with an object looks for its `then`.
        get: (_, operation) =>
          operation === 'then'
            ? undefined
            : async (input: object = {}) => await answer(service, String(operation), input),
      },
    );
  return (async (service: string) => client(service)) as AskAws;
};
