import { runSimulation } from '@cloud-copilot/iam-simulate';
import { createAlike } from './alike-values.ts';
import { AwsError } from './aws-error.ts';

/** A policy document as the template has it, intrinsics resolved. */
export type PolicyDocument = { readonly Version?: string; readonly Statement: unknown };

/** The caller. */
export type Principal = {
  readonly kind: 'role' | 'user' | 'service';
  /** The ARN that AWS would show: an assumed-role session, a user, or a service name such as `events.amazonaws.com`. */
  readonly arn: string;
  /** What `aws:PrincipalArn` holds: the role's ARN for a session. */
  readonly principalArn: string;
  readonly policies: readonly { readonly name: string; readonly policy: PolicyDocument }[];
  readonly functionName?: string;
  /** The execution environment that holds the credentials, which a crash fault kills. */
  readonly environmentId?: string;
};

/** One thing that IAM must allow for a call. */
export type AccessRequest = {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
};

/** IAM's answer. */
export type AccessDecision = { readonly allowed: true } | { readonly allowed: false; readonly message: string };

/** Fake credentials of a principal. */
export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** A key with its secret; the session token is empty for a user's key. */
export type SigningKey = Credentials & { readonly sessionToken: string };

/** The session token of every role. */
export const LAB_SESSION_TOKEN = 'lab-session-token';

/** Called for every decision, cached ones too; must not throw. */
export type DecisionListener = (principal: Principal, request: AccessRequest, decision: AccessDecision) => void;

/** The part of IAM that the lab uses: principals by access key, resource policies by ARN, decisions. */
export type Iam = {
  readonly issue: (principal: Principal) => Credentials;
  readonly revoke: (accessKeyId: string) => void;
  readonly principalOf: (accessKeyId: string) => Principal | undefined;
  /** What a key signs with, for services that check signatures. */
  readonly secretOf: (accessKeyId: string) => SigningKey | undefined;
  readonly setResourcePolicy: (resourceArn: string, statements: readonly unknown[]) => void;
  /** Adds statements to a resource's policy (Lambda permissions come one by one). */
  readonly addResourceStatements: (resourceArn: string, statements: readonly unknown[]) => void;
  /** Gives all sessions of a role these policies, whatever policies they were issued with. */
  readonly setRolePolicies: (roleArn: string, policies: Principal['policies']) => void;
  readonly decide: (principal: Principal, request: AccessRequest) => Promise<AccessDecision>;
  /** Throws AccessDeniedException with AWS's text unless every request is allowed. */
  readonly authorize: (principal: Principal, requests: readonly AccessRequest[]) => Promise<void>;
};

const INSTANCE = /:instance\/i-[0-9a-f]+$/;
const MAX_CACHED_DECISIONS = 50_000;
const NO_STATEMENTS: readonly unknown[] = [];

/** The parent of a resource that carries the policy: a table's index has its table's. */
const policyHolder = (resource: string): string => resource.replace(/\/index\/[^/]+$/, '');

/**
 * A service principal of China as the simulator accepts it: it takes only names that end in `amazonaws.com` for services.
 * The names stay different, so a policy for one does not apply to the other.
 */
const simulated = (service: string): string => service.replace(/\.amazonaws\.com\.cn$/, '.cn.amazonaws.com');

type WithPrincipal = { readonly Principal?: string | Readonly<Record<string, string | readonly string[]>> };

const withSimulatedServices = (statement: unknown): unknown => {
  const { Principal } = statement as WithPrincipal;
  if (typeof Principal !== 'object' || Principal.Service === undefined) return statement;
  return { ...(statement as object), Principal: { ...Principal, Service: [Principal.Service].flat().map(simulated) } };
};

const denialText = (
  principal: Principal,
  request: AccessRequest,
  result: string,
  hasResourcePolicy: boolean,
): string => {
  const who = principal.kind === 'service' ? `Service: ${principal.arn}` : `User: ${principal.arn}`;
  const what = `${who} is not authorized to perform: ${request.action} on resource: ${request.resource}`;
  if (result === 'ExplicitlyDenied') return `${what} with an explicit deny in a policy`;
  const kind = principal.kind === 'service' || hasResourcePolicy ? 'resource-based' : 'identity-based';
  return `${what} because no ${kind} policy allows the ${request.action} action`;
};

/** Creates IAM for one account. Decisions come from `@cloud-copilot/iam-simulate`. */
export const createIam = (account: string, region: string, onDecision?: DecisionListener): Iam => {
  const principals = new Map<string, Principal>();
  const keys = new Map<string, SigningKey>();
  const resourcePolicies = new Map<string, readonly unknown[]>();
  const rolePolicies = new Map<string, Principal['policies']>();
  const cache = new Map<string, AccessDecision>();
  const texts = new WeakMap<object, { readonly id: number; readonly text: string }>();
  const alike = new Map<string, (value: string) => string>();
  let issued = 0;
  let textCount = 0;

  const textOf = (policies: object): { readonly id: number; readonly text: string } => {
    const known = texts.get(policies);
    if (known !== undefined) return known;
    textCount += 1;
    const made = { id: textCount, text: JSON.stringify(policies).toLowerCase() };
    texts.set(policies, made);
    return made;
  };

  const simulate: Iam['decide'] = async (session, request) => {
    const principal = { ...session, policies: rolePolicies.get(session.principalArn) ?? session.policies };
    const statements = resourcePolicies.get(policyHolder(request.resource)) ?? NO_STATEMENTS;
    const identity = textOf(principal.policies);
    const resourceBased = textOf(statements);
    const isMentioned = (text: string): boolean => identity.text.includes(text) || resourceBased.text.includes(text);
    const context: Record<string, string | string[]> = {
      'aws:PrincipalArn': principal.principalArn,
      'aws:PrincipalAccount': account,
      'aws:RequestedRegion': region,
      'aws:SecureTransport': 'true',
      ...(principal.kind === 'service'
        ? { 'aws:PrincipalIsAWSService': 'true', 'aws:PrincipalServiceName': principal.arn }
        : {}),
    };
    // Keys that no policy mentions cannot change the decision; leaving them out makes ten thousand tagged nodes cheap.
    for (const [key, value] of Object.entries(request.context ?? {})) {
      const name = key.toLowerCase();
      if (!isMentioned(name)) continue;
      const alikeKey = `${identity.id} ${resourceBased.id} ${name}`;
      const same =
        alike.get(alikeKey) ??
        createAlike([...principal.policies.flatMap(({ policy }) => policy.Statement), ...statements], name);
      alike.set(alikeKey, same);
      context[key] = typeof value === 'string' ? same(value) : [...new Set(value.map(same))].toSorted();
    }
    const resource =
      INSTANCE.test(request.resource) && !isMentioned(':instance/i-')
        ? request.resource.replace(INSTANCE, ':instance/i-00000000000000000')
        : request.resource;
    const cacheKey = JSON.stringify([principal.arn, identity.id, resourceBased.id, request.action, resource, context]);
    const known = cache.get(cacheKey);
    if (known !== undefined) return known;
    const answer = await runSimulation(
      {
        request: {
          principal: simulated(principal.arn),
          action: request.action,
          resource: { resource, accountId: account },
          contextVariables: context,
        },
        identityPolicies: principal.policies.map(({ name, policy }) => ({ name, policy })),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        resourcePolicy: statements.length === 0 ? undefined : { Version: '2012-10-17', Statement: [...statements] },
      },
      {},
    );
    if (answer.resultType === 'error') {
      throw new Error(
        `deciding ${request.action} on ${request.resource} for ${principal.arn}: ${JSON.stringify(answer.errors)}; correct the policy or the lab's request`,
      );
    }
    const decision: AccessDecision =
      answer.overallResult === 'Allowed'
        ? { allowed: true }
        : { allowed: false, message: denialText(principal, request, answer.overallResult, statements.length > 0) };
    if (cache.size >= MAX_CACHED_DECISIONS) cache.clear();
    cache.set(cacheKey, decision);
    return decision;
  };

  const decide: Iam['decide'] = async (principal, request) => {
    const decision = await simulate(principal, request);
    onDecision?.(principal, request, decision);
    return decision;
  };

  return {
    issue: (principal) => {
      issued += 1;
      const accessKeyId = `ASIALAB${String(issued).padStart(13, '0')}`;
      principals.set(accessKeyId, principal);
      const credentials = { accessKeyId, secretAccessKey: `lab-secret-${issued}` };
      keys.set(accessKeyId, { ...credentials, sessionToken: principal.kind === 'role' ? LAB_SESSION_TOKEN : '' });
      return credentials;
    },
    revoke: (accessKeyId) => {
      principals.delete(accessKeyId);
      keys.delete(accessKeyId);
    },
    principalOf: (accessKeyId) => principals.get(accessKeyId),
    secretOf: (accessKeyId) => keys.get(accessKeyId),
    setResourcePolicy: (arn, statements) => {
      resourcePolicies.set(arn, statements.map(withSimulatedServices));
    },
    addResourceStatements: (arn, statements) => {
      resourcePolicies.set(arn, [...(resourcePolicies.get(arn) ?? []), ...statements.map(withSimulatedServices)]);
    },
    setRolePolicies: (roleArn, policies) => {
      rolePolicies.set(roleArn, policies);
    },
    decide,
    authorize: async (principal, requests) => {
      for (const request of requests) {
        const decision = await decide(principal, request);
        if (!decision.allowed) throw new AwsError('AccessDeniedException', decision.message);
      }
    },
  };
};

/** A service principal, such as EventBridge delivering to a queue. */
export const servicePrincipal = (name: string): Principal => ({
  kind: 'service',
  arn: name,
  principalArn: name,
  policies: [],
});
