import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { KMSClient } from '@aws-sdk/client-kms';
import { SSMClient } from '@aws-sdk/client-ssm';
import { defined } from '../../core/model/defined.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { type Config, metricFilterName, subscriptionFilterName } from '../config.ts';
import { loadConfig, loadExample, version } from '../load.ts';
import type { Assembly, SynthesisFolders } from '../synthesize.ts';
import { EXIT, type ExitCode, UserError } from '../user-error.ts';
import { type Asking, agree } from './ask.ts';
import { checkCaller, type Target } from './caller.ts';
import { runCdk } from './cdk.ts';
import { compareDocuments } from './compare-documents.ts';
import { compareScopes, sharedClusters } from './compare-scopes.ts';
import { type DeployedStack, type DeployedStacks, readDeployed } from './deployed-stack.ts';
import { checkKeyPolicy } from './key-policy.ts';
import { createStateOf, type UnusableLogGroup, unusable } from './log-groups.ts';
import { deleteDocuments, KEEP_DAYS, listOldDocuments, MAX_DOCUMENTS } from './old-documents.ts';
import { synthesizeDeployment } from './same-template.ts';
import { type DeployedBy, scopeOf } from './scope.ts';
import { deployOptions, USAGE } from './usage.ts';

const say = (line: string): void => console.error(`deploy: ${line}`);

/** The configuration of a deployment, with account and region. */
type Deployment = { readonly file: string; readonly config: Config; readonly account: string; readonly region: string };

const readDeployment = async (named: string | undefined): Promise<Deployment> => {
  const loaded = await loadConfig(named, { example: (await loadExample()).config });
  const { account, region } = loaded?.config ?? {};
  if (loaded === undefined || account === undefined || region === undefined) {
    throw new UserError(
      'found no configuration: copy infra/example.config.ts to fleetmend.config.ts, or name a file with --config',
    );
  }
  return { ...loaded, account, region };
};

const unusableGroups = async (config: Config, target: Target): Promise<readonly UnusableLogGroup[]> => {
  const { stackName, clusters, signals } = config;
  const subscription = subscriptionFilterName(stackName);
  const wanted = clusters.flatMap(({ name, logGroups }) => {
    const metric = signals.alarms ? metricFilterName(stackName, name) : undefined;
    return [...new Set(logGroups.map((group) => group.name))].map((logGroup) => ({ logGroup, subscription, metric }));
  });
  return wanted.length === 0 ? [] : unusable(wanted, createStateOf(new CloudWatchLogsClient(target)));
};

/** The inputs of the comparison with the deployed stack. */
type Comparison = { readonly asking: Asking; readonly isDryRun: boolean; readonly adopted: string | undefined };

/** Shows how the deployment differs from what is deployed, and asks where it widens or removes something. */
const compare = async (
  config: Config,
  { own, others }: DeployedStacks,
  assembly: Assembly,
  { asking, isDryRun, adopted }: Comparison,
): Promise<void> => {
  const { stackName } = config;
  if (own.kind === 'unknown' && adopted !== stackName) {
    throw new UserError(
      `the deployed stack ${stackName} does not describe its scope: it may be another product's, or a later version's; choose another stackName, or add --adopt-stack ${stackName} if it is fleetmend's`,
      EXIT.refused,
    );
  }
  const names = assembly.documents.map(({ name }) => name);
  const scope = scopeOf(config, remediations, version, names);
  const { asks, notes } = compareScopes(own.kind === 'known' ? own.scope : undefined, scope);
  if (own.kind === 'none') say(`there is no stack ${stackName} yet: this is the first deployment`);
  for (const line of notes) say(`  ${line}`);
  const questions = [...sharedClusters(others, scope), ...asks];
  for (const line of questions) say(`! ${line}`);
  if (isDryRun) return;
  if (!asking.yes && !asking.isTerminal) {
    throw new UserError('there is no terminal to ask at (the CDK asks about permissions too): add --yes', EXIT.refused);
  }
  if (questions.length > 0) {
    const what = questions.length === 1 ? 'this change' : `these ${questions.length} changes`;
    await agree(`Deploy with ${what}?`, 'nothing was deployed', asking);
  }
};

const cleanDocuments = async (
  config: Config,
  target: Target,
  { documents }: Assembly,
  before: DeployedStack,
  asking: Asking,
): Promise<void> => {
  const client = new SSMClient(target);
  const { removable, kept, total } = await listOldDocuments(client, {
    stackName: config.stackName,
    keys: documents.map(({ key }) => key),
    inUse: [...documents.map(({ name }) => name), ...(before.kind === 'known' ? before.scope.documents : [])],
    now: new Date(),
  });
  say(
    `${total} of at most ${MAX_DOCUMENTS} SSM documents; ${kept} of earlier deployments are kept for ${KEEP_DAYS} days`,
  );
  if (removable.length === 0)
    return say(`there is no document to delete that was made more than ${KEEP_DAYS} days ago`);
  for (const name of removable) say(`  ${name}`);
  await agree(`Delete these ${removable.length} documents?`, 'deployed; no document was deleted', asking);
  await deleteDocuments(client, removable, (name) => say(`deleted ${name}`));
};

/**
 * Checks the configuration against the credentials and the deployed stack, then deploys, as the options of the command line say.
 *
 * @param build bundles the functions; called once nothing is left that could be refused before
 * @throws UserError with a line for each thing that a person can correct
 */
export const deployment = async (build: () => Promise<SynthesisFolders>): Promise<ExitCode> => {
  const options = deployOptions();
  if (options.help) {
    console.log(USAGE);
    return EXIT.done;
  }
  const { file, config, account, region } = await readDeployment(options.config);
  const target: Target = { region, ...defined({ profile: options.profile }) };
  // The CDK asks on standard output.
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const asking: Asking = { yes: options.yes, isTerminal };
  say(`${file}: stack ${config.stackName} to account ${account} in ${region}`);
  const { arn: deployedBy } = await checkCaller(target, account);
  say(`as ${deployedBy}`);

  const { kmsKeyArn, stackName } = config;
  if (kmsKeyArn !== undefined && !options['trust-key-policy']) {
    await checkKeyPolicy(new KMSClient(target), kmsKeyArn, { account, region, stackName });
  }
  const skipped = options['trust-log-groups'] ? [] : await unusableGroups(config, target);
  const sayWhatIsLeftOut = () => {
    for (const { logGroup, why } of skipped) say(`leaves out the log group ${logGroup}: ${why}`);
  };
  sayWhatIsLeftOut();
  const cloudFormation = new CloudFormationClient(target);
  const stacks = await readDeployed(cloudFormation, stackName);
  // Imported here, because loading the CDK takes seconds: a wrong configuration or a missing right is reported before.
  const { synthesizeStack } = await import('../synthesize.ts');
  const folders = await build();
  const { own: before } = stacks;
  const now = { deployedAt: new Date().toISOString(), deployedBy };
  const synthesize = (deployed: DeployedBy, name: string) => {
    const outdir = `${folders.outdir}.${name}`;
    return synthesizeStack(config, skipped, { ...folders, outdir, staging: `${outdir}.staged` }, deployed);
  };
  const assembly = await synthesizeDeployment(synthesize, { client: cloudFormation, stackName, before, now, say });
  for (const warning of assembly.warnings) say(`warning: ${warning}`);
  const comparison = { asking, isDryRun: options['dry-run'], adopted: options['adopt-stack'] };
  await compare(config, stacks, assembly, comparison);

  const known = await compareDocuments(new SSMClient(target), assembly.documents);
  say(`${known} of ${assembly.documents.length} documents are at SSM already, and are what was built`);
  const words = ['--app', assembly.folder, '--import-existing-resources'];
  if (options['dry-run']) return runCdk(['diff', ...words, config.stackName], target);
  const approval = asking.yes ? 'never' : 'broadening';
  const code = await runCdk(['deploy', ...words, '--require-approval', approval, config.stackName], target);
  // Once more, below what the CDK printed.
  sayWhatIsLeftOut();
  if (code === EXIT.done && options['clean-documents']) await cleanDocuments(config, target, assembly, before, asking);
  return code;
};
