import { defined } from '../../../core/model/defined.ts';
import type { Fault, Segment } from '../../../core/model/log-lines.ts';
import { causeOf, type PullCause } from './pull-cause.ts';

/** A fault of the sandbox image that a record shows. */
export type SandboxImageFault = Fault<PullCause | 'SandboxImageMismatch'>;

/** The fault of a segment that shows that the sandbox image is missing. */
export const fault = (segment: Segment, image: string | undefined): SandboxImageFault => ({
  reason: causeOf(segment, image),
  ...defined({ image }),
});
