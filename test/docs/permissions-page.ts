import { FUNCTION_NAMES, type FunctionName } from '../../infra/bundle.ts';
import type { ConfigInput } from '../../infra/config.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { code, table } from '../../ssm-documents/builder/remediations-page.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { ACCOUNT, roleOf, type Statement, statementsOf } from '../infra/resolve.ts';
import { resourcesOf, synthesize, type Template } from '../infra/synthesized.ts';

const COMMAND = 'node test/docs/render-permissions.ts';
/** The page of the roles of the functions, and of the policies for people. */
export const PERMISSIONS_PAGE = new URL('../../docs/permissions.md', import.meta.url);

const REGION = 'eu-west-1';

/** The configuration of the page: a cluster that is repaired, one that is observed, and no other option. */
export const PERMISSIONS_CONFIG = {
  clusters: [
    { name: 'shop', mode: 'repair' },
    { name: 'bank', mode: 'observe', nodeTags: ['kubernetes.io/cluster'] },
  ],
} as const satisfies ConfigInput;

/** Options that give the roles more, each with a configuration that sets it. */
const OPTIONS: readonly { readonly option: string; readonly config: ConfigInput }[] = [
  {
    option: '`allowDisruptive: true` for a remediation that restarts something (here `cni-files` on `shop`)',
    config: {
      clusters: [
        { name: 'shop', mode: 'repair', remediations: { 'cni-files': { allowDisruptive: true } } },
        PERMISSIONS_CONFIG.clusters[1],
      ],
    },
  },
  {
    option: '`documentVariants` (here `pause-image-repair-mirror`)',
    config: { ...PERMISSIONS_CONFIG, documentVariants: ['pause-image-repair-mirror'] },
  },
  { option: '`notifications.chat: true`', config: { ...PERMISSIONS_CONFIG, notifications: { chat: true } } },
  {
    option: '`kmsKeyArn`',
    config: {
      ...PERMISSIONS_CONFIG,
      kmsKeyArn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`,
    },
  },
  {
    option: '`vpc`',
    config: {
      ...PERMISSIONS_CONFIG,
      vpc: { subnetIds: ['subnet-11111111', 'subnet-22222222'], securityGroupIds: ['sg-11111111'] },
    },
  },
];

const documents = buildDocuments();

/** The template of a configuration, with the documents that are deployed. */
export const permissionsTemplate = (config: ConfigInput = PERMISSIONS_CONFIG): Template =>
  synthesize(config, REGION, { remediations, documents }).template;

const tableIdOf = (template: Template): string => resourcesOf(template, 'AWS::DynamoDB::Table')[0]?.[0] ?? '';

/** An ARN without what those of one stack have in common, and without names that CloudFormation makes. */
const shortArn = (template: Template, arn: string): string =>
  arn
    .replace(new RegExp(`^arn:aws:([a-z0-9]+):${REGION}:${ACCOUNT}:`), '$1:')
    .replace(tableIdOf(template), '<table>')
    .replaceAll(ACCOUNT, '<account>');

const listed = (values: readonly unknown[]): string => values.map((value) => code(String(value))).join(', ');

const conditionOf = (template: Template, { Condition = {} }: Statement): string =>
  Object.entries(Condition)
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, value]) => {
        const values = [value].flat().map((one) => shortArn(template, String(one)));
        return `${code(operator)} ${code(key)}: ${listed(values)}`;
      }),
    )
    .join('; ');

type Row = readonly [effect: string, actions: string, resources: string, conditions: string];

const rowOf = (template: Template, statement: Statement): Row => [
  statement.Effect,
  listed(statement.Action),
  listed((statement.Resource ?? []).map((arn) => shortArn(template, arn))),
  conditionOf(template, statement),
];

/** The statements of a function's role, as rows. */
export const rowsOf = (template: Template, name: FunctionName): readonly Row[] =>
  roleOf(template, name).statements.map((statement) => rowOf(template, statement));

const HEAD = ['Effect', 'Actions', 'Resources', 'Conditions'] as const;

const sectionOf = (template: Template, name: FunctionName): string =>
  `### ${name}\n\n${table(HEAD, rowsOf(template, name))}`;

/** What an option adds to the roles: the new rows by function, functions with the same rows together. */
const addedBy = (template: Template, { option, config }: (typeof OPTIONS)[number]): string => {
  const changed = permissionsTemplate(config);
  const added = FUNCTION_NAMES.flatMap((name) => {
    const before = new Set(rowsOf(template, name).map((row) => row.join('|')));
    return rowsOf(changed, name)
      .filter((row) => !before.has(row.join('|')))
      .map((row) => ({
        name,
        row: row.map((cell) => cell.replaceAll(`fleetmend-${name}\``, 'fleetmend-<function>`')),
      }));
  });
  const rows = [...Map.groupBy(added, ({ row }) => row.join('|')).values()].map((same) => [
    same.length === FUNCTION_NAMES.length ? 'every function' : same.map(({ name }) => name).join(', '),
    ...(same[0]?.row ?? []),
  ]);
  return `### ${option}\n\n${table(['Functions', ...HEAD], rows)}`;
};

const peopleOf = (template: Template): string =>
  table(
    ['Output', 'Allows', 'On'],
    resourcesOf(template, 'AWS::IAM::ManagedPolicy').flatMap(([id, { Properties }]) => {
      const people = /WaysIn([A-Za-z]+)[0-9A-F]{8}$/.exec(id)?.[1] ?? id;
      return statementsOf(template, Properties.PolicyDocument).map((statement) => {
        const [, actions, resources] = rowOf(template, statement);
        return [code(`${people}PolicyArn`), actions, resources];
      });
    }),
  );

const INTRODUCTION = `What the role of each function may do, read from the template of a stack named \`fleetmend\` with this configuration:

\`\`\`json
${JSON.stringify(PERMISSIONS_CONFIG, null, 2).replace(/\[\s+("[^"]*")\s+\]/g, '[$1]')}
\`\`\`

Each function has a role of its own, which Lambda alone may assume. run-controller alone may send commands to nodes, and no role may
change IAM, CloudFormation or the code of a function. [security.md](security.md) says what the roles cannot hold.

- A resource is shown without \`arn:<partition>:\`, the Region and the account, where these are the stack's: \`sqs:fleetmend-signals\` is
  \`arn:aws:sqs:eu-west-1:<account>:fleetmend-signals\`. The resource \`*\` is used for actions that IAM cannot bind to a resource.
- \`<table>\` is the audit table. \`dynamodb:LeadingKeys\` are the keys of the rows that a function may touch: \`LANE#*\` are lanes and
  their pending nodes, \`NODE#*\` the attempts and the history of a node, \`TRUST#*\` circuit breakers, \`DAY#*\` the sums of a day, \`RATE#*\`
  counters; the others are named by what they hold.
- A document is bound by the name of its remediation; run-controller compares its content
  ([security.md](security.md#the-document-that-runs-as-root)). A repair is in the list only where the policy of a cluster repairs.
- \`SendCommand\` needs both: a document, and an instance whose tag names a cluster of the configuration.`;

/** docs/permissions.md. */
export const renderPermissionsPage = (): string => {
  const template = permissionsTemplate();
  return `${[
    `<!-- Written by \`${COMMAND}\`. -->`,
    '# Permissions',
    INTRODUCTION,
    '## The functions',
    ...FUNCTION_NAMES.map((name) => sectionOf(template, name)),
    '## What options add',
    'These statements come with an option, or are there in place of one above.',
    ...OPTIONS.map((option) => addedBy(template, option)),
    '## People',
    'These managed policies are for people, and hold aliases of two functions ([security.md](security.md#the-rights-of-people)). The person who deploys needs [other rights](deploying.md#the-person).',
    peopleOf(template),
  ].join('\n\n')}\n`;
};
