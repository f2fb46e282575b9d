import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { defineReasons } from '../../core/model/reasons.ts';
import type { Remediation } from '../../core/model/remediation.ts';
import { FUNCTION_NAMES } from '../../infra/bundle.ts';
import type { ConfigInput, SkippedLogGroup } from '../../infra/config.ts';
import type { DocumentToDeploy } from '../../infra/constructs/documents.ts';
import { createApp, synthesize as synthesizeApp } from '../../infra/create-app.ts';
import { readWithNested } from '../../lab/aws/cfn-nested.ts';
import { temporaryFolder } from './temporary-folder.ts';

const reasons = defineReasons({
  FileMissing: {
    title: 'A file is missing',
    severity: 'Fatal',
    scope: 'attributable',
    cause: 'A file is gone.',
    advice: 'Look for who removed it.',
  },
  RoleTooSmall: {
    title: 'The role is too small',
    severity: 'Fatal',
    scope: 'node-local',
    cause: 'The role is too small.',
    advice: 'Widen it.',
  },
  NamesDiffer: {
    title: 'Two names differ',
    severity: 'Warning',
    scope: 'node-local',
    repairable: false,
    cause: 'Two names differ.',
    advice: 'Choose.',
  },
});

const nothing = { where: 'The file.', undo: 'Nothing: it is a test.' };
const guide = { FileMissing: nothing, RoleTooSmall: nothing, NamesDiffer: nothing };

const remediation = (name: string, order: number, disruptive: boolean): Remediation => ({
  name,
  summary: `Repairs ${name}.`,
  order,
  disruptive,
  reasons,
  guide,
  evidence: {},
  healthy: [],
  repaired: [],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines: { phrases: { kubelet: [`failed to get ${name}`] }, rules: [] },
});

/** Two remediations, one of which restarts something. */
export const REMEDIATIONS = [remediation('pause-image', 10, false), remediation('cri-dockerd', 20, true)] as const;

const document = (key: string, of: string | undefined, action: 'check' | 'repair'): DocumentToDeploy => {
  const json = JSON.stringify({ schemaVersion: '2.2', description: key, mainSteps: [] });
  const sha256 = createHash('sha256').update(json).digest('hex');
  return { key, sha256, json, remediation: of, action, executionTimeoutSeconds: action === 'check' ? 60 : 300 };
};

/** Their documents, a variant, and the check of everything. */
export const DOCUMENTS = [
  document('pause-image-check', 'pause-image', 'check'),
  document('pause-image-repair', 'pause-image', 'repair'),
  document('pause-image-repair-mirror', 'pause-image', 'repair'),
  document('cri-dockerd-check', 'cri-dockerd', 'check'),
  document('cri-dockerd-repair', 'cri-dockerd', 'repair'),
  document('node-check', undefined, 'check'),
] as const;

/** One cluster that is repaired and one that is watched. */
export const CONFIG: ConfigInput = {
  clusters: [
    { name: 'shop', mode: 'repair', logGroups: ['/aws/containerinsights/shop/dataplane', '/shop/nodes'] },
    { name: 'bank', logGroups: ['/bank/nodes'], nodeTags: ['kubernetes.io/cluster'] },
  ],
};

const Resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
  Metadata: z.record(z.string(), z.unknown()).optional(),
  DependsOn: z.union([z.string(), z.array(z.string())]).optional(),
});
export type Resource = z.infer<typeof Resource>;

const Template = z.object({
  Resources: z.record(z.string(), Resource),
  Outputs: z.record(z.string(), z.unknown()),
});
export type Template = z.infer<typeof Template>;

/** A synthesized app: the template with its nested stacks in it, all templates as text, and the folder they lie in. */
export type Synthesized = { readonly template: Template; readonly text: string; readonly folder: string };

/** A separate folder with a stub for each function's bundle. */
export const stubbedDist = (): string => {
  const dist = temporaryFolder();
  for (const name of FUNCTION_NAMES) {
    mkdirSync(join(dist, 'functions', name), { recursive: true });
    writeFileSync(join(dist, 'functions', name, 'index.mjs'), `export const handler = async () => '${name}';\n`);
  }
  return dist;
};

/** Remediations and their documents. */
export type Shipped = {
  readonly remediations: readonly Remediation[];
  readonly documents: readonly DocumentToDeploy[];
};

/** The app over stubs, not synthesized yet. */
export const appWith = (
  config: unknown = CONFIG,
  region?: string,
  shipped: Shipped = { remediations: REMEDIATIONS, documents: DOCUMENTS },
  skippedLogGroups: readonly SkippedLogGroup[] = [],
  stackName = 'fleetmend',
): { readonly app: App; readonly folder: string } => {
  const dist = stubbedDist();
  const folder = join(dist, 'cdk.out');
  const app = createApp({
    config: typeof config === 'object' && config !== null ? { ...config, stackName } : config,
    ...shipped,
    skippedLogGroups,
    dist,
    outdir: folder,
    ...(region === undefined ? {} : { env: { region, account: '123456789012' } }),
  });
  return { app, folder };
};

/** Synthesizes the stack over stubs; cdk-nag looks at it as it does at the real one. */
export const synthesizeAnew = (
  config: unknown = CONFIG,
  region?: string,
  shipped?: Shipped,
  skippedLogGroups?: readonly SkippedLogGroup[],
  stackName = 'fleetmend',
): Synthesized => {
  const { app, folder } = appWith(config, region, shipped, skippedLogGroups, stackName);
  synthesizeApp(app);
  const files = readdirSync(folder).filter((file) => file.endsWith('.template.json'));
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  return { template: Template.parse(readWithNested(folder, `${stackName}.template.json`)), text, folder };
};

const synthesized = new Map<string, Synthesized>();

/** The same once for each input of this process: many tests look at the same stacks, and none changes them. */
export const synthesize = (...input: Parameters<typeof synthesizeAnew>): Synthesized => {
  const [config = CONFIG, region, shipped, skippedLogGroups = [], stackName] = input;
  // Remediations may hold functions, which no key has.
  if (shipped !== undefined) return synthesizeAnew(...input);
  const key = JSON.stringify([config, region, skippedLogGroups, stackName]);
  const made = synthesized.get(key) ?? synthesizeAnew(...input);
  synthesized.set(key, made);
  return made;
};

/** The resources of a type, by logical id. */
export const resourcesOf = (template: Template, type: string): readonly (readonly [string, Resource])[] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);

/** The one resource of a type that has this value in this property. */
export const resourceNamed = (template: Template, type: string, property: string, value: string): Resource => {
  const found = resourcesOf(template, type).filter(([, resource]) => resource.Properties[property] === value);
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`looking for ${type} with ${property} ${value}: found ${found.length}`);
  }
  return first[1];
};
