import {
  type CloudFormationClient,
  GetTemplateSummaryCommand,
  paginateDescribeStacks,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { EXIT, firstLine, UserError } from '../user-error.ts';
import { DeploymentScope, SCOPE_KEY } from './scope.ts';

/** The deployed stack, as far as CloudFormation describes it. */
export type DeployedStack =
  | { readonly kind: 'none' }
  | { readonly kind: 'known'; readonly scope: DeploymentScope }
  /** A stack of that name exists, and its template has no scope. */
  | { readonly kind: 'unknown' };

/** The stacks of a Region, as far as a deployment is concerned. */
export type DeployedStacks = {
  readonly own: DeployedStack;
  /** The scopes of other stacks of fleetmend, by the name of the stack. */
  readonly others: Readonly<Record<string, DeploymentScope>>;
};

/**
 * Stacks that have no resources: a change set was made and never executed, or the creation was rolled back. Their template
 * cannot be asked for, or is of no account. Source: CloudFormation user guide, "Stack status codes".
 */
const EMPTY = new Set(['REVIEW_IN_PROGRESS', 'ROLLBACK_COMPLETE', 'DELETE_COMPLETE']);

const refused = (what: string, action: string) => (thrown: unknown) => {
  const name = thrown instanceof Error ? thrown.name : 'Error';
  throw new UserError(
    `${what} failed: ${name}: ${firstLine(thrown)}; allow cloudformation:${action}, so that the deployment can be compared`,
    EXIT.aws,
    thrown,
  );
};

const scopeIn = (metadata: string | undefined): DeploymentScope | undefined => {
  let json: unknown;
  try {
    json = JSON.parse(metadata ?? '{}');
  } catch {
    return undefined;
  }
  return typeof json === 'object' && json !== null
    ? DeploymentScope.safeParse(Reflect.get(json, SCOPE_KEY)).data
    : undefined;
};

const isFleetmend = ({ Tags = [] }: Stack): boolean =>
  Tags.some(({ Key, Value }) => Key === 'application' && Value === 'fleetmend');

/**
 * Reads the scope of the deployed stack, and of other stacks of fleetmend in the Region, from CloudFormation: the
 * metadata of their templates. Nested stacks are left out.
 *
 * @throws UserError where CloudFormation refuses: a deployment that cannot be compared is not made
 */
export const readDeployed = async (client: CloudFormationClient, stackName: string): Promise<DeployedStacks> => {
  const stacks: Stack[] = [];
  try {
    for await (const page of paginateDescribeStacks({ client }, {})) stacks.push(...(page.Stacks ?? []));
  } catch (thrown) {
    refused('listing the stacks', 'DescribeStacks')(thrown);
  }
  const filled = stacks.filter(({ StackStatus = '', ParentId }) => !EMPTY.has(StackStatus) && ParentId === undefined);
  const scopeOfStack = async (name: string): Promise<DeploymentScope | undefined> => {
    const answer = await client
      .send(new GetTemplateSummaryCommand({ StackName: name }))
      .catch(refused(`reading the template of the stack ${name}`, 'GetTemplateSummary'));
    return scopeIn(answer?.Metadata);
  };
  const others: Record<string, DeploymentScope> = {};
  for (const stack of filled.filter(isFleetmend)) {
    const name = stack.StackName;
    const scope = name === undefined || name === stackName ? undefined : await scopeOfStack(name);
    if (name !== undefined && scope !== undefined) others[name] = scope;
  }
  if (!filled.some(({ StackName }) => StackName === stackName)) return { own: { kind: 'none' }, others };
  const scope = await scopeOfStack(stackName);
  return { own: scope === undefined ? { kind: 'unknown' } : { kind: 'known', scope }, others };
};
