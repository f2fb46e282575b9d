import * as z from 'zod';
import { IsoTime } from '../model/ids.ts';

/** The deployment whose rules decide. */
export const DeploymentShown = z.object({
  /** The version of fleetmend. */
  version: z.string(),
  /** The first 12 hex digits of the sha256 of the configuration. */
  configuration: z.string(),
  /** Missing where the stack was not deployed by `npm run deploy`. */
  deployedAt: IsoTime.optional(),
  deployedBy: z.string().optional(),
});
export type DeploymentShown = z.infer<typeof DeploymentShown>;
