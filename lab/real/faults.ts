/** The services of the lab that have faults. */
export type FaultTarget = 'registry' | 's3' | 'ecr';

/** A fault of a service: a status for every request, an untrusted certificate, a closed port, or a slow answer. */
export type Fault =
  | { readonly kind: 'status'; readonly status: 401 | 403 | 404 | 500 }
  | { readonly kind: 'untrusted-certificate' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'slow'; readonly delayMilliseconds: number };
