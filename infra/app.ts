import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { buildDocuments } from '../ssm-documents/build.ts';
import { remediations } from '../ssm-documents/registry.ts';
import { configFileFromEnvironment, deployEnvironment } from './config.ts';
import { createApp } from './create-app.ts';
import { config } from './fleetmend.config.ts';

const root = join(import.meta.dirname, '..');

const readConfig = async (): Promise<unknown> => {
  const file = configFileFromEnvironment();
  if (file === undefined) return config;
  const exported: unknown = await import(pathToFileURL(resolve(file)).href);
  return z.object({ config: z.unknown() }).parse(exported).config;
};

createApp({
  config: await readConfig(),
  remediations,
  documents: buildDocuments(),
  dist: join(root, 'dist'),
  outdir: join(root, 'cdk.out'),
  env: deployEnvironment(),
}).synth();
