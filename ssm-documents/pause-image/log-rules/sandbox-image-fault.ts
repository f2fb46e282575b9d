import type { Fault, Segment } from '../../../core/model/log-lines.ts';
import { causeOf, type PullCause } from './pull-cause.ts';

/** What a record tells about the sandbox image. */
export type SandboxImageFault = Fault<PullCause | 'SandboxImageMismatch'>;

/** The fault of a segment that tells that the sandbox image is missing. */
export const fault = (segment: Segment, image: string | undefined): SandboxImageFault => ({
  reason: causeOf(segment, image),
  ...(image === undefined ? {} : { image }),
});
