import { join } from 'node:path';
import { buildDocuments } from '../ssm-documents/build.ts';
import { remediations } from '../ssm-documents/registry.ts';
import { deployEnvironment, skippedLogGroups } from './config.ts';
import { createApp, synthesize } from './create-app.ts';
import { readConfig } from './read-config.ts';

const root = join(import.meta.dirname, '..');

synthesize(
  createApp({
    config: await readConfig(),
    remediations,
    documents: buildDocuments(),
    dist: join(root, 'dist'),
    outdir: join(root, 'cdk.out'),
    env: deployEnvironment(),
    skippedLogGroups: skippedLogGroups(),
  }),
);
