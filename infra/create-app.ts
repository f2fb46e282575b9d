import { join } from 'node:path';
import {
  App,
  type cx_api,
  DefaultStackSynthesizer,
  type Environment,
  type IStackSynthesizer,
  Tags,
  Validations,
} from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { defined } from '../core/model/defined.ts';
import type { Remediation } from '../core/model/remediation.ts';
import { documentName } from '../events/ssm-command.ts';
import packageJson from '../package.json' with { type: 'json' };
import type { SkippedLogGroup } from './config.ts';
import type { DocumentToDeploy } from './constructs/documents.ts';
import { type DeployedBy, SCOPE_KEY, scopeOf } from './deploy/scope.ts';
import { parseConfig } from './parse-config.ts';
import { UNTAGGED_TYPES } from './regions.ts';
import { FleetmendStack } from './stack.ts';
import { settingsOf, stageFunctions } from './stage-functions.ts';
import { checkTemplates } from './template-limits.ts';

/** The inputs of an app; the lab and the tests have their own. */
export type AppOptions = {
  /** A configuration as a person writes it. */
  readonly config: unknown;
  readonly remediations: readonly Remediation[];
  readonly documents: readonly DocumentToDeploy[];
  /** The folder that `npm run build` writes; the staged functions go into it too. */
  readonly dist: string;
  /** The folder in which each function's bundle and settings are combined; `staged` in `dist` by default. */
  readonly staging?: string;
  /** The folder of the cloud assembly. */
  readonly outdir: string;
  /** Account and region; without them the template fits any. */
  readonly env?: Environment;
  /** The caller of the deployment, and its time. */
  readonly deployed?: DeployedBy | undefined;
  /** Log groups of the configuration that get no filter this time. */
  readonly skippedLogGroups?: readonly SkippedLogGroup[];
};

/** The CDK app with its one stack, checked by cdk-nag when it is synthesized. */
export const createApp = (options: AppOptions): App => {
  const { remediations, documents } = options;
  const config = parseConfig(
    options.config,
    remediations.map(({ name }) => name),
  );
  const app = new App({
    outdir: options.outdir,
    analyticsReporting: false,
    treeMetadata: false,
    context: {
      // Lets a reader of the template find each function's folder and each nested template (`aws:asset:path`).
      'aws:cdk:enable-asset-metadata': true,
      '@aws-cdk/core:suppressTemplateIndentation': true,
      // checkTemplates reports every exceeded limit, with advice.
      '@aws-cdk/core:stackResourceLimit': 0,
    },
  });
  // The id names the template's file, which the lab and people look for under the stack's name.
  const { stackName } = config;
  const stack = new FleetmendStack(app, stackName, {
    stackName,
    description: 'fleetmend: EKS worker nodes that repair themselves',
    ...defined({ env: options.env }),
    // The command line checks the bootstrap version too; without the rule the template has no parameter.
    // (The cast: aws-cdk-lib's types are not written for exactOptionalPropertyTypes.)
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer,
    config,
    remediations,
    documents,
    skippedLogGroups: options.skippedLogGroups ?? [],
    code: stageFunctions({
      bundles: join(options.dist, 'functions'),
      staging: options.staging ?? join(options.dist, 'staged'),
      settings: settingsOf(config, documents, remediations, stackName),
      deployed: options.deployed,
    }),
  });
  // The next deployment is compared with this.
  stack.templateOptions.metadata = {
    [SCOPE_KEY]: {
      ...scopeOf(
        config,
        remediations,
        packageJson.version,
        documents.map(({ key, sha256 }) => documentName(stackName, key, sha256)),
      ),
      ...options.deployed,
    },
  };
  Tags.of(stack).add('application', 'fleetmend', {
    excludeResourceTypes: [...UNTAGGED_TYPES],
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
};

/**
 * Synthesizes an app of {@link createApp} and checks its templates against the limits of AWS.
 *
 * @throws where a template or a policy in it is too large, with one line for each
 */
export const synthesize = (app: App): cx_api.CloudAssembly => {
  const assembly = app.synth();
  checkTemplates(assembly);
  return assembly;
};
