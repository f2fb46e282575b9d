import * as z from 'zod';
import type { CfnResource, CfnTemplate } from '../../lab/aws/cfn-template.ts';
import {
  type AccessRequest,
  createIam,
  type DecisionListener,
  type PolicyDocument,
  type Principal,
} from '../../lab/aws/iam.ts';
import { LAB_ENVIRONMENT } from '../../lab/synth.ts';

/** One authorization request in a scene, and its answer. */
export type Asked = { readonly principal: Principal; readonly request: AccessRequest; readonly allowed: boolean };

/** Records every distinct request. */
export const createDecisionLog = (): { readonly listen: DecisionListener; readonly asked: () => readonly Asked[] } => {
  const asked = new Map<string, Asked>();
  return {
    listen: (principal, request, { allowed }) => {
      const key = JSON.stringify([principal.arn, request.action, request.resource, request.context, allowed]);
      if (!asked.has(key)) asked.set(key, { principal, request, allowed });
    },
    asked: () => [...asked.values()],
  };
};

type Statement = {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
};

/** The policies of a role without one permission. */
export type Weakened = {
  /** The function, the action and the removed part. */
  readonly what: string;
  readonly action: string;
  readonly policies: Principal['policies'];
};

const list = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);
const statementsOf = (policy: PolicyDocument): readonly Statement[] =>
  (Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement]) as readonly Statement[];

/** A statement in which one action is granted to less: nothing, or one resource or one condition's value fewer. */
const lesserGrants = (statement: Statement, action: string): readonly (readonly [string, Statement | undefined])[] => {
  const alone = { ...statement, Action: [action] };
  const resources = list(statement.Resource);
  const fewerResources =
    resources.length < 2
      ? []
      : resources.map((r) => [r, { ...alone, Resource: resources.filter((x) => x !== r) }] as const);
  const fewerValues = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).flatMap(([key, values]) => {
      const all = list(values);
      if (all.length < 2) return [];
      return all.map((value) => {
        const Condition = { ...statement.Condition, [operator]: { ...keys, [key]: all.filter((x) => x !== value) } };
        return [`${key} ${value}`, { ...alone, Condition }] as const;
      });
    }),
  );
  const parts = [...fewerResources, ...fewerValues];
  return parts.length > 0 ? parts : [['all of it', undefined]];
};

/** Every way to take one action, on one resource or one family of rows, away from a role. */
export const weakenings = (principal: Principal): readonly Weakened[] =>
  principal.policies.flatMap(({ name, policy }, p) =>
    statementsOf(policy).flatMap((statement, s) =>
      list(statement.Action).flatMap((action) =>
        lesserGrants(statement, action).map(([part, lesser]): Weakened => {
          const others = list(statement.Action).filter((a) => a !== action);
          const changed = [
            ...(others.length === 0 ? [] : [{ ...statement, Action: others }]),
            ...(lesser === undefined ? [] : [lesser]),
          ];
          const Statement = statementsOf(policy).flatMap((kept, i) => (i === s ? changed : [kept]));
          const policies = principal.policies.map((kept, i) =>
            i === p ? { name, policy: { ...policy, Statement } } : kept,
          );
          return {
            what: `${principal.functionName ?? principal.arn.split('/').at(-1)} ${action} ${part}`,
            action,
            policies,
          };
        }),
      ),
    ),
  );

/** Whether these policies would deny any of the requests. */
export const wouldDeny = async (asked: readonly Asked[], policies: Principal['policies']): Promise<boolean> => {
  const iam = createIam(LAB_ENVIRONMENT.account, LAB_ENVIRONMENT.region);
  for (const { principal, request } of asked) {
    const { allowed } = await iam.decide({ ...principal, policies }, request);
    if (!allowed) return true;
  }
  return false;
};

/** A statement of a template that can be taken out of it. */
export type TemplateStatement = {
  readonly what: string;
  readonly effect: string;
  readonly isIdentity: boolean;
  /** The template without it, or without one action of it. */
  readonly without: (template: CfnTemplate, action?: string) => CfnTemplate;
  readonly actions: readonly string[];
};

const PolicyProperties = z.looseObject({ PolicyDocument: z.looseObject({ Statement: z.array(z.looseObject({})) }) });
const Shown = z.looseObject({ Effect: z.string(), Action: z.union([z.string(), z.array(z.string())]) });
const HOLDERS = ['AWS::IAM::Policy', 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy'];

const withResource = (template: CfnTemplate, id: string, resource: CfnResource | undefined): CfnTemplate => {
  const { [id]: _, ...others } = template.Resources;
  return { ...template, Resources: resource === undefined ? others : { ...others, [id]: resource } };
};

/** The resource that a statement lets in, as ` from <logical id>`; empty where the statement names none. */
const sourceOf = (statement: Readonly<Record<string, unknown>>): string => {
  const [, id] = /"aws:SourceArn":\{"Fn::GetAtt":\["(\w+)"/.exec(JSON.stringify(statement)) ?? [];
  return id === undefined ? '' : ` from ${id}`;
};

/** Every statement of roles, queues, topics and buses, and every permission to call a function. */
export const templateStatements = (template: CfnTemplate): readonly TemplateStatement[] =>
  Object.entries(template.Resources).flatMap(([id, resource]): readonly TemplateStatement[] => {
    if (resource.Type === 'AWS::Lambda::Permission' || resource.Type === 'AWS::Events::EventBusPolicy') {
      const effect = resource.Type === 'AWS::Lambda::Permission' ? 'Allow' : 'Deny';
      const without = (from: CfnTemplate) => withResource(from, id, undefined);
      return [{ what: id, effect, isIdentity: false, without, actions: [] }];
    }
    if (!HOLDERS.includes(resource.Type)) return [];
    const properties = PolicyProperties.parse(resource.Properties);
    const statements = properties.PolicyDocument.Statement;
    return statements.map((statement, i) => {
      const { Effect: effect, Action } = Shown.parse(statement);
      const actions = list(Action);
      const without: TemplateStatement['without'] = (from, action) => {
        const left = action === undefined ? [] : actions.filter((a) => a !== action);
        const Statement = statements.flatMap((kept, k) => {
          if (k !== i) return [kept];
          return left.length === 0 ? [] : [{ ...kept, Action: left }];
        });
        const PolicyDocument = { ...properties.PolicyDocument, Statement };
        return withResource(from, id, { ...resource, Properties: { ...properties, PolicyDocument } });
      };
      return {
        what: `${id} ${i} ${actions.join()}${sourceOf(statement)}`,
        effect,
        isIdentity: resource.Type === 'AWS::IAM::Policy',
        without,
        actions,
      };
    });
  });
