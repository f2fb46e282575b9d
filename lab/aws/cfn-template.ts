/** A resource of a CloudFormation template. */
export type CfnResource = {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
};

/** A CloudFormation template, as `cdk synth` writes it. */
export type CfnTemplate = {
  readonly Resources: Readonly<Record<string, CfnResource>>;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
};

/** The identifiers of a resource: `Ref`, and its attributes. */
export type PhysicalIds = { readonly ref: string; readonly attributes: Readonly<Record<string, string>> };

/** The account and region of the stack. */
export type StackPlace = {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly urlSuffix: string;
  readonly stackName: string;
  /** The endpoint of the lab: queue URLs begin with it. */
  readonly endpointUrl: string;
};

/** Resolves a value's intrinsic functions. */
export type Resolve = (value: unknown) => unknown;

const NO_VALUE = Symbol('AWS::NoValue');

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`resolving the template: expected a text, got ${JSON.stringify(value)}`);
};

/** Creates the resolver of a template; `idsOf` names resources (and may resolve their names in turn). */
export const createResolver = (
  template: CfnTemplate,
  place: StackPlace,
  parameters: Readonly<Record<string, string>>,
  idsOf: (logicalId: string, resource: CfnResource, resolve: Resolve) => PhysicalIds,
): {
  readonly resolve: Resolve;
  readonly ids: (logicalId: string) => PhysicalIds;
  readonly holds: (condition: string | undefined) => boolean;
} => {
  const known = new Map<string, PhysicalIds>();
  const under = new Set<string>();

  const ids = (logicalId: string): PhysicalIds => {
    const done = known.get(logicalId);
    if (done !== undefined) return done;
    const resource = template.Resources[logicalId];
    if (resource === undefined) throw new Error(`resolving the template: no resource ${logicalId}`);
    if (under.has(logicalId)) throw new Error(`resolving the template: ${logicalId} refers to itself`);
    under.add(logicalId);
    const made = idsOf(logicalId, resource, resolve);
    under.delete(logicalId);
    known.set(logicalId, made);
    return made;
  };

  const pseudo: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': place.account,
    'AWS::Region': place.region,
    'AWS::Partition': place.partition,
    'AWS::URLSuffix': place.urlSuffix,
    'AWS::StackName': place.stackName,
    'AWS::StackId': `arn:${place.partition}:cloudformation:${place.region}:${place.account}:stack/${place.stackName}/lab`,
    'AWS::NotificationARNs': [],
    'AWS::NoValue': NO_VALUE,
  };
  const reference = (name: string): unknown => {
    if (name in pseudo) return pseudo[name];
    if (template.Parameters !== undefined && name in template.Parameters) {
      const value = parameters[name] ?? template.Parameters[name]?.Default;
      if (value === undefined)
        throw new Error(`resolving the template: parameter ${name} has no value; give it to bootLab`);
      return value;
    }
    return ids(name).ref;
  };
  const attribute = (logicalId: string, name: string): string => {
    const value = ids(logicalId).attributes[name];
    if (value === undefined)
      throw new Error(
        `resolving the template: the lab has no attribute ${name} of ${logicalId} (${template.Resources[logicalId]?.Type ?? ''})`,
      );
    return value;
  };
  const substitute = (pattern: string, variables: Readonly<Record<string, unknown>>): string =>
    pattern.replace(/\$\{(!?)([^}]+)\}/g, (_all, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      if (name in variables) return text(resolve(variables[name]));
      const [logicalId = '', ...rest] = name.split('.');
      return rest.length > 0 ? attribute(logicalId, rest.join('.')) : text(reference(name));
    });

  const condition = (value: unknown): boolean => {
    if (!isRecord(value)) throw new Error(`resolving the template: not a condition: ${JSON.stringify(value)}`);
    const [[name, argument] = ['', undefined]] = Object.entries(value);
    const list = Array.isArray(argument) ? argument : [];
    if (name === 'Condition') return holds(text(argument));
    if (name === 'Fn::Equals') return JSON.stringify(resolve(list[0])) === JSON.stringify(resolve(list[1]));
    if (name === 'Fn::And') return list.every(condition);
    if (name === 'Fn::Or') return list.some(condition);
    if (name === 'Fn::Not') return !condition(list[0]);
    throw new Error(`resolving the template: the lab does not know the condition ${name}`);
  };
  const holds = (name: string | undefined): boolean => {
    if (name === undefined) return true;
    const definition = template.Conditions?.[name];
    if (definition === undefined) throw new Error(`resolving the template: no condition ${name}`);
    return condition(definition);
  };

  const functions: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (a) => reference(text(a)),
    'Fn::GetAtt': (a) => {
      const [logicalId = '', ...rest] = Array.isArray(a) ? a.map(text) : text(a).split('.');
      return attribute(logicalId, rest.join('.'));
    },
    'Fn::Join': (a) => {
      const [separator, parts] = a as [string, unknown];
      return (resolve(parts) as unknown[]).map(text).join(separator);
    },
    'Fn::Sub': (a) =>
      Array.isArray(a) ? substitute(text(a[0]), a[1] as Record<string, unknown>) : substitute(text(a), {}),
    'Fn::Select': (a) => {
      const [at, list] = a as [unknown, unknown];
      return (resolve(list) as unknown[])[Number(resolve(at))];
    },
    'Fn::Split': (a) => {
      const [separator, whole] = a as [string, unknown];
      return text(resolve(whole)).split(separator);
    },
    'Fn::If': (a) => {
      const [name, yes, no] = a as [string, unknown, unknown];
      return resolve(holds(name) ? yes : no);
    },
    'Fn::FindInMap': (a) => {
      const [map = '', first = '', second = ''] = (a as unknown[]).map((part) => text(resolve(part)));
      const found = template.Mappings?.[map]?.[first]?.[second];
      if (found === undefined) throw new Error(`resolving the template: no mapping ${map}.${first}.${second}`);
      return found;
    },
    'Fn::Base64': (a) => Buffer.from(text(resolve(a))).toString('base64'),
    'Fn::ToJsonString': (a) => JSON.stringify(resolve(a)),
  };

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve).filter((v) => v !== NO_VALUE);
    if (!isRecord(value)) return value;
    const entries = Object.entries(value);
    const [[name, argument] = ['', undefined]] = entries;
    if (entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'))) {
      const intrinsic = functions[name];
      if (intrinsic === undefined) throw new Error(`resolving the template: the lab does not know ${name}`);
      return intrinsic(argument);
    }
    return Object.fromEntries(entries.map(([k, v]) => [k, resolve(v)] as const).filter(([, v]) => v !== NO_VALUE));
  }

  return { resolve, ids, holds };
};
