// `npm run deploy -- [options]`: checks the configuration against the credentials and the deployed stack, then deploys.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { remediations } from '../../ssm-documents/registry.ts';
import { type Config, subscriptionFilterName } from '../config.ts';
import { loadConfig, loadExample, root, version } from '../load.ts';
import { EXIT, type ExitCode, firstLine, runCommand, UserError } from '../user-error.ts';
import { type Asking, agree } from './ask.ts';
import { checkCaller, type Target } from './caller.ts';
import { readDeployed } from './deployed-stack.ts';
import { createStateOf, type UnusableLogGroup, unusable } from './log-groups.ts';
import { deleteDocuments, KEEP_DAYS, listOldDocuments, MAX_DOCUMENTS } from './old-documents.ts';
import { compareScopes, scopeOf } from './scope.ts';

const USAGE = `npm run deploy -- [options]
  --config FILE        the configuration: a .ts, .mjs or .json file (or FLEETMEND_CONFIG;
                       otherwise fleetmend.config.ts, .mjs or .json in the top folder)
  --profile NAME       a profile of the AWS configuration
  --yes                agree to every question; needed where there is no terminal
  --dry-run            check and compare, show what would change, deploy nothing
  --trust-log-groups   put filters on the log groups without looking at them first
  --clean-documents    afterwards delete SSM documents of deployments older than ${KEEP_DAYS} days
  --help               show this text`;

const OPTIONS = {
  config: { type: 'string' },
  profile: { type: 'string' },
  yes: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  'trust-log-groups': { type: 'boolean', default: false },
  'clean-documents': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const readOptions = () => {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (cause) {
    throw new UserError(`${firstLine(cause)}; npm run deploy -- --help shows the options`, EXIT.usage, cause);
  }
};

const say = (line: string): void => console.error(line);

/** The configuration of a deployment, which names where it goes. */
type Deployment = { readonly file: string; readonly config: Config; readonly account: string; readonly region: string };

const readDeployment = async (named: string | undefined): Promise<Deployment> => {
  const loaded = await loadConfig(named);
  if (loaded === undefined) {
    throw new UserError(
      'found no configuration: copy infra/example.config.ts to fleetmend.config.ts, or name a file with --config',
    );
  }
  const { file, config } = loaded;
  const { account, region } = config;
  const example = (await loadExample()).config;
  const isExample = ({ name }: { readonly name: string }) => example.clusters.some((cluster) => cluster.name === name);
  const wrong = [
    ...(account === undefined ? ['account: name the AWS account to deploy to, 12 digits in quotes'] : []),
    ...(region === undefined ? ['region: name the Region to deploy to, for example eu-west-1'] : []),
    ...(account !== undefined && account === example.account
      ? [`account: ${account} is the example's: write your own`]
      : []),
    ...config.clusters.flatMap((cluster, i) =>
      isExample(cluster)
        ? [`clusters.${i}.name: ${cluster.name} is the example's: write the name of your cluster`]
        : [],
    ),
  ];
  if (account === undefined || region === undefined || wrong.length > 0) {
    throw new UserError(wrong.map((problem) => `${file}: ${problem}`));
  }
  return { file, config, account, region };
};

const unusableGroups = async (config: Config, target: Target): Promise<readonly UnusableLogGroup[]> => {
  const logGroups = config.clusters.flatMap((cluster) => cluster.logGroups);
  if (logGroups.length === 0) return [];
  const stateOf = createStateOf(new CloudWatchLogsClient(target), `${config.stackName}-`);
  return unusable(logGroups, subscriptionFilterName(config.stackName), stateOf);
};

/** Shows how the deployment differs from what is deployed, and asks where it widens or removes something. */
const compare = async (config: Config, target: Target, asking: Asking, isDryRun: boolean): Promise<void> => {
  const deployed = await readDeployed(config.stackName, target);
  const scope = scopeOf(config, remediations, version);
  const { asks, tells } = compareScopes(deployed.kind === 'known' ? deployed.scope : undefined, scope);
  if (deployed.kind === 'none') say(`deploy: there is no stack ${config.stackName} yet: this is the first deployment`);
  for (const line of tells) say(`deploy:   ${line}`);
  const foreign =
    deployed.kind === 'unknown'
      ? [
          `the deployed stack ${config.stackName} does not say what it looks after: it may be another product's, or a later version's`,
        ]
      : [];
  const questions = [...foreign, ...asks];
  for (const line of questions) say(`deploy: ! ${line}`);
  if (isDryRun) return;
  if (!asking.yes && !asking.isTerminal) {
    throw new UserError('there is no terminal to ask at (the CDK asks about permissions too): add --yes', EXIT.refused);
  }
  if (questions.length > 0) {
    await agree(`Deploy with ${questions.length === 1 ? 'this change' : `these ${questions.length} changes`}?`, asking);
  }
};

const runCdk = (words: readonly string[], target: Target): ExitCode => {
  const profile = target.profile === undefined ? [] : ['--profile', target.profile];
  // Through this Node: the machine's own may be older.
  const { status, error } = spawnSync(
    process.execPath,
    [join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...words, ...profile],
    {
      cwd: root,
      stdio: 'inherit',
      // Its telemetry is off unless a person turned it on.
      env: { CDK_DISABLE_CLI_TELEMETRY: 'true', ...process.env, AWS_REGION: target.region },
    },
  );
  if (error !== undefined)
    throw new UserError(`cannot start the AWS CDK: ${firstLine(error)}; run npm ci`, EXIT.failed, error);
  return status === 0 ? EXIT.done : EXIT.failed;
};

const cleanDocuments = async (
  config: Config,
  target: Target,
  documents: readonly { readonly key: string; readonly name: string }[],
  asking: Asking,
): Promise<void> => {
  const client = new SSMClient(target);
  const { removable, kept, total } = await listOldDocuments(client, {
    stackName: config.stackName,
    keys: documents.map(({ key }) => key),
    current: documents.map(({ name }) => name),
    now: new Date(),
  });
  say(
    `deploy: ${total} of at most ${MAX_DOCUMENTS} SSM documents; ${kept} of earlier deployments are kept for ${KEEP_DAYS} days`,
  );
  if (removable.length === 0) return say(`deploy: no document is older than ${KEEP_DAYS} days`);
  for (const name of removable) say(`deploy:   ${name}`);
  await agree(`Delete these ${removable.length} documents?`, asking);
  await deleteDocuments(client, removable, (name) => say(`deploy: deleted ${name}`));
};

const main = async (): Promise<ExitCode> => {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return EXIT.done;
  }
  const { file, config, account, region } = await readDeployment(options.config);
  const target: Target = { region, ...(options.profile === undefined ? {} : { profile: options.profile }) };
  const asking: Asking = { yes: options.yes, isTerminal: process.stdin.isTTY === true };
  say(`deploy: ${file}: stack ${config.stackName} to account ${account} in ${region}`);
  const caller = await checkCaller(target, account);
  say(`deploy: as ${caller.arn}`);

  await compare(config, target, asking, options['dry-run']);
  const skipped = options['trust-log-groups'] ? [] : await unusableGroups(config, target);
  const sayWhatIsLeftOut = () => {
    for (const { logGroup, why } of skipped) say(`deploy: leaves out the log group ${logGroup}: ${why}`);
  };
  sayWhatIsLeftOut();
  // Loaded late: a mistake in the configuration is answered before the CDK is read.
  const { synthesizeStack } = await import('../synthesize.ts');
  const { folder, documents } = synthesizeStack(config, skipped);
  if (options['dry-run']) return runCdk(['diff', '--app', folder, config.stackName], target);

  const approval = asking.yes ? 'never' : 'broadening';
  const words = [
    'deploy',
    '--app',
    folder,
    '--import-existing-resources',
    '--require-approval',
    approval,
    config.stackName,
  ];
  const code = runCdk(words, target);
  if (code === EXIT.done && options['clean-documents']) await cleanDocuments(config, target, documents, asking);
  // Once more, below what the CDK printed.
  sayWhatIsLeftOut();
  return code;
};

await runCommand('deploy', main);
