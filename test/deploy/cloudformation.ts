import * as z from 'zod';
import { xml, xmlLeaf } from '../../lab/aws/wire.ts';
import { Refused, type StandInState } from './stand-in-state.ts';

type Input = Readonly<Record<string, string>>;
/** Operations of a service with the Query protocol: form fields in, the inner XML of the answer out. */
export type QueryOperations = Readonly<Record<string, (input: Input) => string>>;

const NESTED_STACK = 'AWS::CloudFormation::Stack';
const Template = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).optional() }),
  ),
});

/** CloudFormation as far as the CDK needs it. A change set is finished the moment it is executed. */
export const cloudFormation = (state: StandInState, objects: ReadonlyMap<string, Buffer>): QueryOperations => {
  const changeSets = new Map<string, { readonly name: string; readonly stack: string; readonly template: string }>();

  const stackId = (name: string) => `arn:aws:cloudformation:eu-west-1:${state.account}:stack/${name}/0`;
  // A change set is known by its stack and its name: every deployment of the CDK gives it the same name.
  const changeSetId = (name: string, stack: string) =>
    `arn:aws:cloudformation:eu-west-1:${state.account}:changeSet/${name}/${stack}`;
  const changeSetKey = ({ ChangeSetName = '', StackName }: Input): string => {
    const [, name = ChangeSetName, stack = nameOf(StackName)] =
      /changeSet\/([^/]+)\/([^/]+)$/.exec(ChangeSetName) ?? [];
    return `${stack}/${name}`;
  };
  const changeSetOf = (input: Input) => {
    const key = changeSetKey(input);
    const found = changeSets.get(key);
    if (found === undefined) throw new Refused('ChangeSetNotFound', `ChangeSet [${key}] does not exist`, 404);
    return { key, ...found };
  };
  const nameOf = (idOrName = '') => /:stack\/([^/]+)/.exec(idOrName)?.[1] ?? idOrName;
  const stackOf = (input: Input): readonly [name: string, template: string] => {
    const name = nameOf(input.StackName);
    const template = state.stacks.get(name);
    if (template === undefined) throw new Refused('ValidationError', `Stack with id ${name} does not exist`);
    return [name, template];
  };
  /** A change set of a stack that does not exist yet makes one without a template. */
  const inReview = (input: Input): boolean => {
    const name = nameOf(input.StackName);
    return !state.stacks.has(name) && [...changeSets.values()].some(({ stack }) => stack === name);
  };
  const objectOf = (key: string): string => {
    const found = [...objects].find(([path]) => path.endsWith(`/${key}`));
    if (found === undefined) throw new Refused('ValidationError', `S3 error: no template ${key}`);
    return found[1].toString('utf8');
  };
  /** The nested stacks of a template, and the key in S3 at which each one's template is. */
  const nestedOf = (template: string): readonly { readonly id: string; readonly key: string }[] =>
    Object.entries(Template.parse(JSON.parse(template)).Resources).flatMap(([id, { Type, Properties }]) => {
      if (Type !== NESTED_STACK) return [];
      const key = /([0-9a-f]{64}\.json)/.exec(JSON.stringify(Properties?.TemplateURL))?.[1];
      if (key === undefined) throw new Refused('ValidationError', `the nested stack ${id} has no template in S3`);
      return [{ id, key }];
    });
  const metadataOf = (template: string): unknown => {
    const json: unknown = JSON.parse(template);
    return typeof json === 'object' && json !== null ? Reflect.get(json, 'Metadata') : undefined;
  };
  const member = (name: string, status: string): string => {
    const parent = [...state.stacks.keys()].find(
      (other) => name.startsWith(`${other}-`) && name.includes('NestedStack'),
    );
    const isOurs = JSON.stringify(metadataOf(state.stacks.get(name) ?? '{}') ?? {}).includes('fleetmend');
    return xml(
      'member',
      xmlLeaf('StackName', name),
      xmlLeaf('StackId', stackId(name)),
      xmlLeaf('StackStatus', status),
      xmlLeaf('CreationTime', new Date(0).toISOString()),
      xmlLeaf('EnableTerminationProtection', false),
      ...(parent === undefined ? [] : [xmlLeaf('ParentId', stackId(parent))]),
      ...(isOurs ? [xml('Tags', xml('member', xmlLeaf('Key', 'application'), xmlLeaf('Value', 'fleetmend')))] : []),
    );
  };
  const describe = (name: string, status: string): string => xml('Stacks', member(name, status));
  /** Every stack, one a page, so that a reader of the first page alone is found out. */
  const page = ({ NextToken = '0' }: Input): string => {
    const inReviewNow = [...changeSets.values()].map(({ stack }) => stack).filter((name) => !state.stacks.has(name));
    const all = [
      ...inReviewNow.map((name) => member(name, 'REVIEW_IN_PROGRESS')),
      ...[...state.stacks.keys()].map((name) => member(name, state.statuses.get(name) ?? 'UPDATE_COMPLETE')),
    ];
    const next = Number(NextToken) + 1;
    return xml('Stacks', all[next - 1] ?? '') + (next < all.length ? xmlLeaf('NextToken', next) : '');
  };

  return {
    GetTemplateSummary: (input) => {
      if (inReview(input)) {
        throw new Refused('ValidationError', 'GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.');
      }
      const metadata = metadataOf(stackOf(input)[1]);
      return metadata === undefined ? '' : xmlLeaf('Metadata', JSON.stringify(metadata));
    },
    GetTemplate: (input) => (inReview(input) ? '' : xmlLeaf('TemplateBody', stackOf(input)[1])),
    DescribeStacks: (input) =>
      input.StackName === undefined
        ? page(input)
        : inReview(input)
          ? describe(nameOf(input.StackName), 'REVIEW_IN_PROGRESS')
          : describe(stackOf(input)[0], 'UPDATE_COMPLETE'),
    CreateChangeSet: (input) => {
      const stack = nameOf(input.StackName);
      const url = new URL(input.TemplateURL ?? 'http://none/');
      const template = objects.get(decodeURIComponent(url.pathname.slice(1)))?.toString('utf8');
      if (template === undefined) throw new Refused('ValidationError', `S3 error: no template at ${url.pathname}`);
      const name = input.ChangeSetName ?? '';
      changeSets.set(`${stack}/${name}`, { name, stack, template });
      return xmlLeaf('Id', changeSetId(name, stack)) + xmlLeaf('StackId', stackId(stack));
    },
    DescribeChangeSet: (input) => {
      const { name, stack } = changeSetOf(input);
      return (
        xmlLeaf('ChangeSetName', name) +
        xmlLeaf('ChangeSetId', changeSetId(name, stack)) +
        xmlLeaf('StackId', stackId(stack)) +
        xmlLeaf('StackName', stack) +
        xmlLeaf('Status', 'CREATE_COMPLETE') +
        xmlLeaf('ExecutionStatus', 'AVAILABLE') +
        xml('Changes', xml('member', xmlLeaf('Type', 'Resource')))
      );
    },
    ExecuteChangeSet: (input) => {
      const { key, stack, template } = changeSetOf(input);
      state.stacks.set(stack, template);
      for (const nested of nestedOf(template)) state.stacks.set(`${stack}-${nested.id}`, objectOf(nested.key));
      changeSets.delete(key);
      return '';
    },
    DeleteChangeSet: (input) => {
      changeSets.delete(changeSetKey(input));
      return '';
    },
    DeleteStack: (input) => {
      for (const [key, { stack }] of changeSets) if (stack === nameOf(input.StackName)) changeSets.delete(key);
      return '';
    },
    DescribeStackEvents: () => xml('StackEvents'),
    ListStackResources: (input) => {
      const [name, template] = stackOf(input);
      const members = nestedOf(template).map(({ id }) =>
        xml(
          'member',
          xmlLeaf('LogicalResourceId', id),
          xmlLeaf('PhysicalResourceId', stackId(`${name}-${id}`)),
          xmlLeaf('ResourceType', NESTED_STACK),
          xmlLeaf('ResourceStatus', 'UPDATE_COMPLETE'),
        ),
      );
      return xml('StackResourceSummaries', ...members);
    },
    DescribeStackResources: () => xml('StackResources'),
    UpdateTerminationProtection: (input) => xmlLeaf('StackId', input.StackName ?? ''),
  };
};
