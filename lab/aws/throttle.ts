import type { Faults } from './faults.ts';

/** Whether a call may pass now. */
export type RateLimiter = { readonly admit: (service: string, operation: string) => boolean };

/** Token buckets per service and operation, on the lab's clock, with the limits of the moment. */
export const createRateLimiter = (faults: Faults, now: () => number): RateLimiter => {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    admit: (service, operation) => {
      const own = `${service}.${operation}`;
      const key = faults.rateLimits[own] === undefined ? `${service}.*` : own;
      const limit = faults.rateLimits[key];
      if (limit === undefined) return true;
      const atMs = now();
      const bucket = buckets.get(key) ?? { tokens: limit.burst, atMs };
      bucket.tokens = Math.min(limit.burst, bucket.tokens + ((atMs - bucket.atMs) / 1000) * limit.perSecond);
      bucket.atMs = atMs;
      buckets.set(key, bucket);
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
  };
};
