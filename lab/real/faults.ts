/** The services of the lab that have faults. */
export type FaultTarget = 'registry' | 's3' | 'ecr' | 'metadata';

/**
 * A fault of a service: a status for every request, too many calls (in the words of the ECR API), an untrusted certificate, a
 * closed port, a slow answer, or answers that are dropped after so many hops.
 */
export type Fault =
  | { readonly kind: 'status'; readonly status: 401 | 403 | 404 | 500 | 503 }
  | { readonly kind: 'throttled' }
  | { readonly kind: 'untrusted-certificate' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'slow'; readonly delayMilliseconds: number }
  | { readonly kind: 'hop-limit'; readonly hops: number };
