import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import type { Assembly } from '../synthesize.ts';
import { firstLine } from '../user-error.ts';
import type { DeployedStack } from './deployed-stack.ts';
import type { DeployedBy } from './scope.ts';

/**
 * Whether the stack has this template already. The templates of its nested stacks and its assets are in it by their hashes.
 *
 * @throws where CloudFormation refuses to show the template
 */
const isDeployed = async (
  client: Pick<CloudFormationClient, 'send'>,
  stackName: string,
  { folder }: Assembly,
): Promise<boolean> => {
  const { TemplateBody } = await client.send(
    new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' }),
  );
  const built: unknown = JSON.parse(readFileSync(join(folder, `${stackName}.template.json`), 'utf8'));
  try {
    return isDeepStrictEqual(JSON.parse(TemplateBody ?? ''), built);
  } catch {
    // YAML, of another tool: it is no template of this version.
    return false;
  }
};

/**
 * Synthesizes the stack with the caller and the time of its deployment. Where nothing else has changed these are the ones of the
 * deployment before: the template and every asset stay the same, and a deployment changes nothing.
 */
export const synthesizeDeployment = async (
  /** Each call has folders of its own, by this name. */
  synthesize: (deployed: DeployedBy, name: 'same' | 'new') => Assembly,
  {
    client,
    stackName,
    before,
    now,
    say,
  }: {
    readonly client: Pick<CloudFormationClient, 'send'>;
    readonly stackName: string;
    readonly before: DeployedStack;
    /** The caller and the time of this deployment. */
    readonly now: DeployedBy;
    readonly say: (line: string) => void;
  },
): Promise<Assembly> => {
  const { deployedAt, deployedBy } = before.kind === 'known' ? before.scope : {};
  if (deployedAt === undefined || deployedBy === undefined) return synthesize(now, 'new');
  const same = synthesize({ deployedAt, deployedBy }, 'same');
  try {
    if (await isDeployed(client, stackName, same)) {
      say(`nothing has changed since ${deployedBy} deployed this at ${deployedAt}`);
      return same;
    }
  } catch (thrown) {
    const name = thrown instanceof Error ? thrown.name : 'Error';
    say(
      `cannot see whether anything has changed, and deploys all of it: ${name}: ${firstLine(thrown)}; allow cloudformation:GetTemplate`,
    );
  }
  return synthesize(now, 'new');
};
