import { CloudFormationClient, GetTemplateSummaryCommand } from '@aws-sdk/client-cloudformation';
import { EXIT, firstLine, UserError } from '../user-error.ts';
import type { Target } from './caller.ts';
import { DeploymentScope, SCOPE_KEY } from './scope.ts';

/** What is known of the stack that is deployed now. */
export type DeployedStack =
  | { readonly kind: 'none' }
  | { readonly kind: 'known'; readonly scope: DeploymentScope }
  /** There is a stack of that name, and it does not say what it may do: an older one, or another product's. */
  | { readonly kind: 'unknown' };

/** Source: CloudFormation API, GetTemplateSummary: a stack that does not exist is a ValidationError with this text. */
const isMissing = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'ValidationError' && / does not exist/.test(thrown.message);

const read = (metadata: string | undefined): DeployedStack => {
  let json: unknown;
  try {
    json = JSON.parse(metadata ?? '{}');
  } catch {
    return { kind: 'unknown' };
  }
  const scope =
    typeof json === 'object' && json !== null ? DeploymentScope.safeParse(Reflect.get(json, SCOPE_KEY)) : undefined;
  return scope?.success === true ? { kind: 'known', scope: scope.data } : { kind: 'unknown' };
};

/**
 * Asks CloudFormation what the deployed stack may do: its template's metadata says it.
 *
 * @throws UserError where CloudFormation refuses: a deployment that cannot be compared is not made
 */
export const readDeployed = async (
  stackName: string,
  target: Target,
  client: Pick<CloudFormationClient, 'send'> = new CloudFormationClient({ ...target }),
): Promise<DeployedStack> => {
  try {
    const { Metadata } = await client.send(new GetTemplateSummaryCommand({ StackName: stackName }));
    return read(Metadata);
  } catch (thrown) {
    if (isMissing(thrown)) return { kind: 'none' };
    const name = thrown instanceof Error ? thrown.name : 'Error';
    throw new UserError(
      `cannot read the deployed stack ${stackName} in ${target.region}: ${name}: ${firstLine(thrown)}; allow cloudformation:GetTemplateSummary on it, so that the deployment can be compared`,
      EXIT.aws,
      thrown,
    );
  }
};
