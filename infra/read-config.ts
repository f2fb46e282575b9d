import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { configFileFromEnvironment } from './config.ts';
import { config } from './fleetmend.config.ts';

/** The configuration as a person wrote it: of the file that `FLEETMEND_CONFIG` names, or `fleetmend.config.ts`. */
export const readConfig = async (): Promise<unknown> => {
  const file = configFileFromEnvironment();
  if (file === undefined) return config;
  const exported: unknown = await import(pathToFileURL(resolve(file)).href);
  return z.object({ config: z.unknown() }).parse(exported).config;
};
