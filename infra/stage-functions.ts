import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Remediation } from '../core/model/remediation.ts';
import { documentName } from '../events/ssm-command.ts';
import { contentSha256 } from '../functions/adapters/ssm/reviewed-documents.ts';
import { Settings } from '../functions/runtime/settings.ts';
import packageJson from '../package.json' with { type: 'json' };
import { FUNCTION_NAMES, type FunctionName } from './bundle.ts';
import { type Config, policyOf } from './config.ts';
import type { DocumentToDeploy } from './constructs/documents.ts';

/** The first 12 hex digits of the sha256 of a configuration, by which answers name it. */
const configurationHash = (config: Config): string =>
  createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 12);

/** The settings of a deployment: its policy, and its documents and remediations as the registry says. */
export const settingsOf = (
  config: Config,
  documents: readonly DocumentToDeploy[],
  remediations: readonly Remediation[],
  stackName: string,
): Settings =>
  Settings.parse({
    policy: policyOf(config),
    logGroups: Object.fromEntries(
      config.clusters.flatMap((cluster) => cluster.logGroups.map(({ name }) => [name, cluster.name])),
    ),
    documents: Object.fromEntries(
      documents.map(({ key, sha256, json, executionTimeoutSeconds }) => [
        key,
        {
          name: documentName(stackName, key, sha256),
          sha256,
          contentSha256: contentSha256(JSON.parse(json)),
          executionTimeoutSeconds,
        },
      ]),
    ),
    sweepMinutes: config.sweepMinutes,
    deployment: { version: packageJson.version, configuration: configurationHash(config) },
    remediations: remediations.map(({ name, order, disruptive, reasons }) => ({
      name,
      order,
      disruptive,
      reasons: Object.fromEntries(Object.entries(reasons).map(([reason, { scope }]) => [reason, scope])),
      unrepairable: Object.entries(reasons).flatMap(([reason, { repairable }]) =>
        repairable === false ? [reason] : [],
      ),
    })),
  });

/**
 * Copies the bundle of each function and its settings into one folder, ready to deploy.
 *
 * @returns the folder of each function
 * @throws naming every bundle that has not been built
 */
export const stageFunctions = (options: {
  readonly bundles: string;
  readonly staging: string;
  readonly settings: Settings;
  /** The caller of the deployment, and its time. Only answers name them, so they change no other function. */
  readonly deployed?: Pick<Settings['deployment'], 'deployedAt' | 'deployedBy'> | undefined;
}): Readonly<Record<FunctionName, string>> => {
  const missing = FUNCTION_NAMES.map((name) => join(options.bundles, name, 'index.mjs')).filter((f) => !existsSync(f));
  if (missing.length > 0) {
    throw new Error(`staging the functions: not built: ${missing.join(', ')}; run npm run build`);
  }
  rmSync(options.staging, { recursive: true, force: true });
  const stage = (name: FunctionName): string => {
    const folder = join(options.staging, name);
    mkdirSync(folder, { recursive: true });
    cpSync(join(options.bundles, name), folder, { recursive: true });
    const { deployment } = options.settings;
    const own = name === 'audit-query' ? { deployment: { ...deployment, ...options.deployed } } : {};
    writeFileSync(join(folder, 'settings.json'), `${JSON.stringify({ ...options.settings, ...own }, null, 1)}\n`);
    return folder;
  };
  return {
    'log-classifier': stage('log-classifier'),
    'signal-intake': stage('signal-intake'),
    'operator-api': stage('operator-api'),
    'command-tracker': stage('command-tracker'),
    'run-controller': stage('run-controller'),
    scheduler: stage('scheduler'),
    'audit-query': stage('audit-query'),
    notifier: stage('notifier'),
  };
};
