// `npm run deploy -- <words for cdk deploy>`: leaves out the log groups that CloudFormation would fail on, then deploys.
import { spawnSync } from 'node:child_process';
import { remediations } from '../ssm-documents/registry.ts';
import { parseConfig, SKIPPED_LOG_GROUPS, subscriptionFilterName } from './config.ts';
import { createFiltersOf, unusable } from './log-groups.ts';
import { readConfig } from './read-config.ts';

const TRUST = '--trust-log-groups';
const words = process.argv.slice(2).filter((word) => word !== TRUST);

// The CDK's own option; the SDK reads it from the environment.
const at = words.findIndex((word) => word === '--profile' || word.startsWith('--profile='));
const profile = at < 0 ? undefined : (words[at]?.split('=')[1] ?? words[at + 1]);
if (profile !== undefined) process.env.AWS_PROFILE = profile;

const config = parseConfig(
  await readConfig(),
  remediations.map(({ name }) => name),
);
const logGroups = config.clusters.flatMap((cluster) => cluster.logGroups);
const skipped =
  process.argv.includes(TRUST) || logGroups.length === 0
    ? []
    : await unusable(logGroups, createFiltersOf(), subscriptionFilterName('fleetmend'));
for (const { logGroup, why } of skipped) console.error(`deploy: skipping the log group ${logGroup}: ${why}`);

const { status, error } = spawnSync(
  'cdk',
  ['deploy', '--import-existing-resources', '--app', 'node infra/app.ts', ...words],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      [SKIPPED_LOG_GROUPS]: JSON.stringify(skipped.map(({ logGroup, reason }) => ({ logGroup, reason }))),
    },
  },
);
if (error !== undefined) throw new Error('starting cdk: run it by `npm run deploy`', { cause: error });
// Once more, below what the CDK printed.
for (const { logGroup, why } of skipped) console.error(`deploy: skipped the log group ${logGroup}: ${why}`);
process.exitCode = status ?? 1;
