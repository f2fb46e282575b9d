import type { Count } from '../runtime/metrics.ts';
import { isThrottled } from './unread.ts';

type Handler = (args: object) => Promise<object>;
/** A client of the SDK, as far as its middleware is concerned. */
type Client = {
  readonly middlewareStack: {
    readonly add: (
      middleware: (next: Handler) => Handler,
      options: { readonly step: 'finalizeRequest'; readonly name: string; readonly priority: 'low' },
    ) => void;
  };
};

/**
 * Counts every call of a client that its service throttled, under `CallsThrottled`; the SDK's own retries are calls too. The
 * alarms `<function>-calls-throttled` are on it.
 */
export const countThrottles = <C extends object>(client: C, count: Count): C => {
  const counted =
    (next: Handler): Handler =>
    async (args) => {
      try {
        return await next(args);
      } catch (thrown) {
        if (isThrottled(thrown)) count('CallsThrottled');
        throw thrown;
      }
    };
  // Behind the retries, which belong to the same step at a higher priority: it sees each attempt.
  (client as unknown as Client).middlewareStack.add(counted, {
    step: 'finalizeRequest',
    name: 'countThrottles',
    priority: 'low',
  });
  return client;
};
