import * as z from 'zod';
import { xml, xmlLeaf } from '../lab/aws/wire.ts';
import { Refused, type StandInState } from './stand-in-state.ts';

type Input = Readonly<Record<string, string>>;
/** Operations of a service that speaks the Query protocol: form fields in, the inner XML of the answer out. */
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
  const changeSets = new Map<string, { readonly stack: string; readonly template: string; readonly input: Input }>();

  const stackId = (name: string) => `arn:aws:cloudformation:eu-west-1:${state.account}:stack/${name}/0`;
  const changeSetId = (name: string) => `arn:aws:cloudformation:eu-west-1:${state.account}:changeSet/${name}/0`;
  const changeSetName = ({ ChangeSetName = '' }: Input): string =>
    /changeSet\/([^/]+)/.exec(ChangeSetName)?.[1] ?? ChangeSetName;
  const changeSetOf = (input: Input) => {
    const name = changeSetName(input);
    const found = changeSets.get(name);
    if (found === undefined) throw new Refused('ChangeSetNotFound', `ChangeSet [${name}] does not exist`, 404);
    return { name, ...found };
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
  const describe = (name: string, status: string): string =>
    xml(
      'Stacks',
      xml(
        'member',
        xmlLeaf('StackName', name),
        xmlLeaf('StackId', stackId(name)),
        xmlLeaf('StackStatus', status),
        xmlLeaf('CreationTime', new Date(0).toISOString()),
        xmlLeaf('EnableTerminationProtection', false),
        xml('Tags', xml('member', xmlLeaf('Key', 'application'), xmlLeaf('Value', 'fleetmend'))),
      ),
    );

  return {
    GetTemplateSummary: (input) => {
      const metadata = metadataOf(stackOf(input)[1]);
      return metadata === undefined ? '' : xmlLeaf('Metadata', JSON.stringify(metadata));
    },
    GetTemplate: (input) => (inReview(input) ? '' : xmlLeaf('TemplateBody', stackOf(input)[1])),
    DescribeStacks: (input) =>
      inReview(input)
        ? describe(nameOf(input.StackName), 'REVIEW_IN_PROGRESS')
        : describe(stackOf(input)[0], 'UPDATE_COMPLETE'),
    CreateChangeSet: (input) => {
      const stack = nameOf(input.StackName);
      const url = new URL(input.TemplateURL ?? 'http://none/');
      const template = objects.get(decodeURIComponent(url.pathname.slice(1)))?.toString('utf8');
      if (template === undefined) throw new Refused('ValidationError', `S3 error: no template at ${url.pathname}`);
      const name = input.ChangeSetName ?? '';
      changeSets.set(name, { stack, template, input });
      return xmlLeaf('Id', changeSetId(name)) + xmlLeaf('StackId', stackId(stack));
    },
    DescribeChangeSet: (input) => {
      const { name, stack } = changeSetOf(input);
      return (
        xmlLeaf('ChangeSetName', name) +
        xmlLeaf('ChangeSetId', changeSetId(name)) +
        xmlLeaf('StackId', stackId(stack)) +
        xmlLeaf('StackName', stack) +
        xmlLeaf('Status', 'CREATE_COMPLETE') +
        xmlLeaf('ExecutionStatus', 'AVAILABLE') +
        xml('Changes', xml('member', xmlLeaf('Type', 'Resource')))
      );
    },
    ExecuteChangeSet: (input) => {
      const { name, stack, template } = changeSetOf(input);
      state.stacks.set(stack, template);
      for (const { id, key } of nestedOf(template)) state.stacks.set(`${stack}-${id}`, objectOf(key));
      changeSets.delete(name);
      return '';
    },
    DeleteChangeSet: (input) => {
      changeSets.delete(changeSetName(input));
      return '';
    },
    DeleteStack: (input) => {
      for (const [name, { stack }] of changeSets) if (stack === nameOf(input.StackName)) changeSets.delete(name);
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
