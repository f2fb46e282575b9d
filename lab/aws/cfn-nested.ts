import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CfnResource, CfnTemplate } from './cfn-template.ts';

const NESTED = 'AWS::CloudFormation::Stack';

type Properties = Readonly<Record<string, unknown>>;
/** Replaces a reference; returns undefined to keep it unchanged. */
type Replace = (kind: 'Ref' | 'Fn::GetAtt', logicalId: string, attribute: string) => unknown;

const isRecord = (value: unknown): value is Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refuse = (what: string): never => {
  throw new Error(`reading the nested templates: ${what}; teach it in lab/aws/cfn-nested.ts`);
};

const referencesReplaced = (value: unknown, replace: Replace): unknown => {
  if (Array.isArray(value)) return value.map((inner) => referencesReplaced(inner, replace));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value);
  const [[name, argument] = ['', undefined]] = entries;
  if (entries.length === 1 && name === 'Ref') return replace('Ref', String(argument), '') ?? value;
  if (entries.length === 1 && name === 'Fn::GetAtt') {
    const [id = '', ...rest] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.');
    return replace('Fn::GetAtt', id, rest.join('.')) ?? value;
  }
  if (name === 'Fn::Sub') {
    const [pattern, variables = {}] = Array.isArray(argument) ? argument : [argument];
    const foreign = [...String(pattern).matchAll(/\$\{([^!}][^}]*)\}/g)]
      .map(([, id = '']) => id)
      .find((id) => !id.startsWith('AWS::') && !(id in (variables as Properties)));
    if (foreign !== undefined) refuse(`Fn::Sub names ${foreign}`);
  }
  return Object.fromEntries(entries.map(([key, inner]) => [key, referencesReplaced(inner, replace)]));
};

const dependenciesOf = (resource: CfnResource): readonly string[] => [resource.DependsOn ?? []].flat();

type Inlined = {
  readonly resources: Readonly<Record<string, CfnResource>>;
  readonly outputs: Readonly<Record<string, unknown>>;
};

/** The resources of one nested stack as the parent would name them, and the values of its outputs. */
const inlined = (id: string, stack: CfnResource, template: CfnTemplate): Inlined => {
  if (template.Conditions !== undefined || template.Mappings !== undefined)
    refuse(`the template of ${id} has conditions or mappings`);
  const given = (stack.Properties?.Parameters ?? {}) as Properties;
  // No logical id has a hyphen: without one, Filters1 with 2A and Filters12 with A would be one resource.
  const nameOf = (inner: string): string => `${id}-${inner}`;
  const replace: Replace = (kind, inner, attribute) => {
    if (kind === 'Ref' && template.Parameters !== undefined && Object.hasOwn(template.Parameters, inner)) {
      const value = given[inner] ?? template.Parameters[inner]?.Default;
      return value ?? refuse(`the parameter ${inner} of ${id} has no value`);
    }
    if (!Object.hasOwn(template.Resources, inner)) return undefined;
    return kind === 'Ref' ? { Ref: nameOf(inner) } : { 'Fn::GetAtt': [nameOf(inner), attribute] };
  };
  const resources = Object.entries(template.Resources).map(([inner, resource]): [string, CfnResource] => {
    const DependsOn = [...dependenciesOf(stack), ...dependenciesOf(resource).map(nameOf)];
    const Properties = referencesReplaced(resource.Properties ?? {}, replace) as Properties;
    return [nameOf(inner), { ...resource, Properties, ...(DependsOn.length === 0 ? {} : { DependsOn }) }];
  });
  const outputs = Object.entries(template.Outputs ?? {}).map(([name, { Value }]): [string, unknown] => [
    name,
    referencesReplaced(Value, replace),
  ]);
  return { resources: Object.fromEntries(resources), outputs: Object.fromEntries(outputs) };
};

/**
 * A template of an assembly with its nested stacks in it, as one template: a resource of a nested stack has the nested
 * stack's logical id and a hyphen before its own, its parameters have the values that the parent gives, and it has the
 * dependencies of the nested stack too. The nested template is the file that the parent's `aws:asset:path` names.
 */
export const readWithNested = (assembly: string, file: string): CfnTemplate => {
  const template = JSON.parse(readFileSync(join(assembly, file), 'utf8')) as CfnTemplate;
  const nested = Object.entries(template.Resources).filter(([, { Type }]) => Type === NESTED);
  if (nested.length === 0) return template;
  const parts = new Map(
    nested.map(([id, stack]): [string, Inlined] => {
      const path = stack.Metadata?.['aws:asset:path'];
      if (typeof path !== 'string') return refuse(`${id} has no aws:asset:path`);
      return [id, inlined(id, stack, readWithNested(assembly, path))];
    }),
  );
  const own = Object.fromEntries(Object.entries(template.Resources).filter(([id]) => !parts.has(id)));
  const all = Object.assign(
    {},
    own,
    ...[...parts.values()].map(({ resources }) => resources),
  ) as CfnTemplate['Resources'];
  const outputOf: Replace = (kind, id, attribute) => {
    const part = parts.get(id);
    if (part === undefined) return undefined;
    const name = attribute.replace(/^Outputs\./, '');
    if (kind === 'Ref' || !Object.hasOwn(part.outputs, name)) return refuse(`${kind} ${id} ${attribute}`);
    return part.outputs[name];
  };
  const flat = referencesReplaced({ Resources: all, Outputs: template.Outputs ?? {} }, outputOf) as CfnTemplate;
  return { ...template, ...flat };
};
