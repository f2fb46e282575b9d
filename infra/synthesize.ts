import { join } from 'node:path';
import { defined } from '../core/model/defined.ts';
import { documentName } from '../events/ssm-command.ts';
import { contentSha256 } from '../functions/adapters/ssm/reviewed-documents.ts';
import { buildDocuments } from '../ssm-documents/builder/build.ts';
import { remediations } from '../ssm-documents/remediations.ts';
import type { Config, SkippedLogGroup } from './config.ts';
import { type AppOptions, createApp, synthesize } from './create-app.ts';
import { root } from './load.ts';
import { UserError } from './user-error.ts';

/** A synthesized assembly. */
export type Assembly = {
  readonly folder: string;
  /** The documents in it, by key, with the sha256 of the content of each. */
  readonly documents: readonly { readonly key: string; readonly name: string; readonly contentSha256: string }[];
  /** The warnings of the constructs, a sentence each. */
  readonly warnings: readonly string[];
};

/** Where a synthesis reads and writes. */
export type SynthesisFolders = {
  /** Holds `functions/<name>/index.mjs`; the staged functions go into it too. */
  readonly dist: string;
  /** Gets the cloud assembly. */
  readonly outdir: string;
  /** Gets the staged functions; `staged` in `dist` by default. The CDK remembers what it has read at a path. */
  readonly staging?: string;
};

/** The folders that `npm run build` and `npm run synth` write to. */
export const SHARED_FOLDERS: SynthesisFolders = { dist: join(root, 'dist'), outdir: join(root, 'cdk.out') };

/**
 * Synthesizes the stack of a configuration.
 *
 * @throws UserError with a line for each error of the CDK, cdk-nag or the limit checks
 */
export const synthesizeStack = (
  config: Config,
  skippedLogGroups: readonly SkippedLogGroup[],
  { dist, outdir, staging }: SynthesisFolders,
  deployed?: AppOptions['deployed'],
): Assembly => {
  const { account, region } = config;
  const env = { ...defined({ account, region }) };
  const documents = buildDocuments();
  try {
    const folders = { dist, outdir, ...defined({ staging }) };
    const app = createApp({ config, remediations, documents, ...folders, env, skippedLogGroups, deployed });
    const { stacks } = synthesize(app);
    const warnings = stacks.flatMap(({ messages }) =>
      messages.flatMap(({ level, entry }) => (level === 'warning' ? String(entry.data) : [])),
    );
    const built = documents.map(({ key, sha256, content }) => ({
      key,
      name: documentName(config.stackName, key, sha256),
      contentSha256: contentSha256(content),
    }));
    return { folder: outdir, documents: built, warnings: [...new Set(warnings)] };
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof UserError) throw cause;
    const lines = cause.message.split('\n').filter((line) => line.trim() !== '');
    throw new UserError(lines, undefined, cause);
  }
};
