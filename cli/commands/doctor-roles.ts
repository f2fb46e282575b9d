import pMap from 'p-map';
import { defined } from '../../core/model/defined.ts';
import { eksAccountOf } from '../../core/model/eks-registries.ts';
import type { AwsFinding, Look } from './doctor-look.ts';

/** What the SSM Agent calls. Source: AWS managed policy AmazonSSMManagedInstanceCore. */
const AGENT = [
  'ssm:UpdateInstanceInformation',
  'ssmmessages:CreateControlChannel',
  'ssmmessages:CreateDataChannel',
  'ssmmessages:OpenControlChannel',
  'ssmmessages:OpenDataChannel',
  'ec2messages:GetMessages',
] as const;
const TOKEN = ['ecr:GetAuthorizationToken'] as const;
/** Of the repository of the sandbox image. Source: AWS managed policy AmazonEC2ContainerRegistryPullOnly. */
const PULL = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'] as const;
const CONCURRENCY = 4;

/** The roles of a cluster's managed node groups. */
const rolesOf = async ({ ask }: Look, clusterName: string): Promise<readonly string[]> => {
  const eks = await ask('eks');
  const names: string[] = [];
  let next: string | undefined;
  do {
    const { nodegroups = [], nextToken } = await eks.ListNodegroups({ clusterName, ...defined({ nextToken: next }) });
    names.push(...nodegroups);
    next = nextToken;
  } while (next !== undefined);
  const roles = await pMap(
    names,
    async (nodegroupName) => (await eks.DescribeNodegroup({ clusterName, nodegroupName })).nodegroup?.nodeRole ?? [],
    { concurrency: CONCURRENCY },
  );
  return [...new Set(roles.flat())].toSorted();
};

/** Those of the actions that the policies of a role do not allow. */
const deniedTo = async (
  { ask }: Look,
  role: string,
  actions: readonly string[],
  resource?: string,
): Promise<readonly string[]> => {
  const iam = await ask('iam');
  const denied: string[] = [];
  let next: string | undefined;
  do {
    const { EvaluationResults = [], Marker } = await iam.SimulatePrincipalPolicy({
      PolicySourceArn: role,
      ActionNames: [...actions],
      ...defined({ ResourceArns: resource === undefined ? undefined : [resource], Marker: next }),
    });
    for (const { EvalActionName = '', EvalDecision } of EvaluationResults)
      if (EvalDecision !== 'allowed') denied.push(EvalActionName);
    next = Marker;
  } while (next !== undefined);
  return denied;
};

const roleFindings = async (look: Look, cluster: string, role: string, region: string): Promise<AwsFinding[]> => {
  const said = (level: AwsFinding['level'], text: string): AwsFinding => ({
    ...{ check: 'node roles', level },
    text: `${cluster}: ${text}`,
  });
  const name = role.split('/').at(-1) ?? role;
  const partition = role.split(':')[1] ?? 'aws';
  const pause = `arn:${partition}:ecr:${region}:${eksAccountOf(region)}:repository/eks/pause`;
  const [agent, token, pull] = await Promise.all([
    deniedTo(look, role, AGENT),
    deniedTo(look, role, TOKEN),
    deniedTo(look, role, PULL, pause),
  ]);
  const ecr = [...token, ...pull];
  if (agent.length + ecr.length === 0)
    return [said('ok', `the role ${name} may pull the sandbox image from ECR and run the SSM Agent`)];
  return [
    ...(ecr.length === 0
      ? []
      : [said('error', `the role ${name} may not ${ecr.join(', ')}: attach AmazonEC2ContainerRegistryPullOnly`)]),
    ...(agent.length === 0
      ? []
      : [
          said(
            'warning',
            `the role ${name} may not ${agent.join(', ')}: attach AmazonSSMManagedInstanceCore, unless Default Host Management Configuration gives it`,
          ),
        ]),
  ];
};

/** Whether the roles of a cluster's managed node groups may do what the documents and the SSM Agent need, by their policies. */
export const nodeRoles = async (look: Look, cluster: string): Promise<readonly AwsFinding[]> => {
  const roles = await rolesOf(look, cluster);
  const region = await (await look.ask('eks')).region();
  if (roles.length === 0) {
    const text = `${cluster}: no managed node group; look by hand whether the roles of its nodes have AmazonEC2ContainerRegistryPullOnly and AmazonSSMManagedInstanceCore`;
    return [{ check: 'node roles', level: 'warning', text }];
  }
  return (await pMap(roles, (role) => roleFindings(look, cluster, role, region), { concurrency: CONCURRENCY })).flat();
};
