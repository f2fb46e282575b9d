import { join } from 'node:path';
import { documentName } from '../events/ssm-command.ts';
import { buildDocuments } from '../ssm-documents/build.ts';
import { remediations } from '../ssm-documents/registry.ts';
import type { Config, SkippedLogGroup } from './config.ts';
import { createApp, synthesize } from './create-app.ts';
import { root } from './load.ts';
import { UserError } from './user-error.ts';

/** A synthesized assembly. */
export type Assembly = {
  readonly folder: string;
  /** The documents in it, by key. */
  readonly documents: readonly { readonly key: string; readonly name: string }[];
};

/**
 * Synthesizes the stack of a configuration into `cdk.out`.
 *
 * @throws UserError with the lines of what CDK, cdk-nag or the checks of limits refuse
 */
export const synthesizeStack = (config: Config, skippedLogGroups: readonly SkippedLogGroup[]): Assembly => {
  const folder = join(root, 'cdk.out');
  const { account, region } = config;
  const documents = buildDocuments();
  try {
    const app = createApp({
      config,
      remediations,
      documents,
      dist: join(root, 'dist'),
      outdir: folder,
      ...(account === undefined && region === undefined
        ? {}
        : { env: { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) } }),
      skippedLogGroups,
    });
    synthesize(app);
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof UserError) throw cause;
    throw new UserError(
      cause.message.split('\n').filter((line) => line.trim() !== ''),
      undefined,
      cause,
    );
  }
  return {
    folder,
    documents: documents.map(({ key, sha256 }) => ({ key, name: documentName(config.stackName, key, sha256) })),
  };
};
