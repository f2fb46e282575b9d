import { describe, expect, it } from 'vitest';
import { contentSha256 } from '../../functions/adapters/ssm/reviewed-documents.ts';
import { clusterStatus, explainedLane, page } from '../../test/support/cli-answers.ts';
import { CLI_NOW, runCli, stackOf } from '../../test/support/cli-world.ts';
import type { AwsAnswer } from '../../test/support/fake-aws.ts';

const GROUP = '/aws/containerinsights/shop/dataplane';
const BUILT = { schemaVersion: '2.2', mainSteps: [] };
const DEPLOYED = page(
  {
    kind: 'deployed-document',
    key: 'node-check-1',
    name: 'fleetmend-node-check-1-0',
    contentSha256: contentSha256(BUILT),
  },
  { kind: 'log-group', name: GROUP, cluster: 'shop' },
);
const NOW_MS = Date.parse(CLI_NOW);
const WELL = {
  ReviewDocument: { kind: 'built', hash: 'a' },
  ListNodegroups: { nodegroups: ['a', 'b'] },
  DescribeNodegroup: { nodegroup: { nodeRole: 'arn:aws:iam::1:role/Workers' } },
  region: 'eu-west-1',
  SimulatePrincipalPolicy: {
    EvaluationResults: [{ EvalActionName: 'ecr:GetAuthorizationToken', EvalDecision: 'allowed' }],
  },
  DescribeLogGroups: { logGroups: [{ logGroupName: `${GROUP}-old` }, { logGroupName: GROUP }] },
  DescribeSubscriptionFilters: { subscriptionFilters: [{ filterName: 'fleetmend' }] },
  DescribeLogStreams: { logStreams: [{ lastEventTimestamp: NOW_MS - 60_000 }] },
  FilterLogEvents: { events: [{}] },
  DescribeInstanceInformation: { InstanceInformationList: [{ InstanceId: 'i-1', AgentVersion: '3.3.40.0' }] },
  DescribeTrails: { trailList: [{ Name: 'all', TrailARN: 'arn:trail' }] },
  GetEventSelectors: { EventSelectors: [{ DataResources: [{ Type: 'AWS::Lambda::Function' }] }] },
};
const refused = (name: string) => Object.assign(new Error('no\nmore'), { name });

/** The lines of doctor about the account, where AWS answers as given by operation. */
const said = async (answers: Readonly<Record<string, unknown>> = {}, deployed: object = DEPLOYED) => {
  const calls: [string, string, object][] = [];
  const askAws: AwsAnswer = async (service, operation, body) => {
    calls.push([service, operation, body]);
    const answer = Object.hasOwn(answers, operation)
      ? answers[operation]
      : new Map(Object.entries<unknown>(WELL)).get(operation);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const status = () => page(clusterStatus({ unreachable: 0 }));
  const answer = stackOf({ status, explain: () => explainedLane, deployed: () => deployed });
  const { stdout, code } = await runCli({ answer, askAws }, 'doctor', '--utc');
  const lines = stdout
    .split('\n')
    .filter((line) => /^. (documents|log groups|agent|node roles|heartbeat|CloudTrail|not seen)/.test(line));
  return { lines, code, calls };
};

describe('fleetmend doctor in the account', () => {
  it('finds that documents, log groups, agents, ticks and the trail are as they should be', async () => {
    const { lines, code, calls } = await said();
    expect(lines).toEqual([
      '✓ documents     1 document at SSM as built, each with a Sha256 of SSM',
      `✓ log groups    shop: ${GROUP} is subscribed, last event 60 s ago`,
      '✓ agent         shop: 1 agent known to SSM, none older than 3.2.582.0',
      '✓ node roles    shop: the role Workers may pull the sandbox image from ECR and run the SSM Agent',
      '✓ heartbeat     scheduler has completed a tick in the last 5 min',
      '✓ CloudTrail    the trail all selects invocations of functions',
    ]);
    expect(code).toBe(0);
    expect(calls.find(([, operation]) => operation === 'FilterLogEvents')?.[2]).toMatchObject({
      logGroupName: '/aws/lambda/fleetmend-scheduler',
      startTime: NOW_MS - 300_000,
    });
    expect(
      [...new Set(calls.map(([, operation]) => operation))].filter(
        (name) => !/^(Get|Describe|List|Filter|Review|Simulate|region)/.test(name),
      ),
    ).toEqual([]);
  });

  it.each([
    [{ ReviewDocument: { kind: 'other', why: 'SSM reports no Sha256 for it' } }, '✗ documents', 'reports no Sha256'],
    [{ ReviewDocument: { kind: 'missing', problem: 'none' } }, '✗ documents', 'is not at SSM'],
    [{ DescribeLogGroups: { logGroups: [{ logGroupName: `${GROUP}-old` }] } }, '✗ log groups', 'does not exist'],
    [
      { DescribeSubscriptionFilters: { subscriptionFilters: [{ filterName: 'fleetmend-2' }] } },
      '✗ log groups',
      'has no subscription',
    ],
    [{ DescribeLogStreams: {} }, '! log groups', 'has no log stream with an event'],
    [
      { DescribeLogStreams: { logStreams: [{ lastEventTimestamp: NOW_MS - 3 * 3_600_000 }] } },
      '! log groups',
      'last event 3 h ago',
    ],
    [{ FilterLogEvents: {} }, '✗ heartbeat', 'no tick for 5 min'],
    [{ DescribeTrails: {} }, '! CloudTrail', 'none of 0 trails'],
    [{ GetEventSelectors: { EventSelectors: [] } }, '! CloudTrail', 'none of 1 trail selects'],
  ])('says what is not: %j', async (answers, begin, text) => {
    const { lines, code } = await said(answers);
    expect(lines.filter((line) => line.startsWith(begin) && line.includes(text))).toHaveLength(1);
    expect(lines.filter((line) => !line.startsWith('✓'))).toHaveLength(1);
    expect(code).toBe(begin.startsWith('✗') ? 1 : 0);
  });

  it('names the agents that are too old, over all pages', async () => {
    const old = ['3.2.581.9', '3.1', '2.3.9999.0', 'unknown', '3.2.0.0', '3.2.1.0'].map((AgentVersion, n) => ({
      InstanceId: `i-${n}`,
      AgentVersion,
    }));
    const pages = [
      { InstanceInformationList: old, NextToken: 'n' },
      {
        InstanceInformationList: ['3.2.582.0', '3.10.0.0', '4'].map((AgentVersion) => ({
          InstanceId: 'i-new',
          AgentVersion,
        })),
      },
    ];
    const { lines } = await said({
      get DescribeInstanceInformation() {
        return pages.shift();
      },
    });
    const [line] = lines.filter((text) => text.startsWith('! agent'));
    expect(line).toContain('shop: 6 of 9 agents are older than 3.2.582.0: i-0 (3.2.581.9)');
    expect(line).toMatch(/and 1 more$/);
  });

  it('names the role that may not pull or run the agent, over all pages of node groups', async () => {
    const pages = [{ nodegroups: ['a'], nextToken: 'n' }, { nodegroups: ['b'] }];
    const denies = { EvaluationResults: [{ EvalActionName: 'an:Action', EvalDecision: 'implicitDeny' }] };
    const { lines, calls } = await said({
      get ListNodegroups() {
        return pages.shift();
      },
      DescribeNodegroup: { nodegroup: { nodeRole: 'arn:aws-cn:iam::1:role/x/Workers' } },
      region: 'cn-north-1',
      SimulatePrincipalPolicy: denies,
    });
    expect(lines.filter((line) => line.includes('node roles'))).toEqual([
      '✗ node roles    shop: the role Workers may not an:Action, an:Action: attach AmazonEC2ContainerRegistryPullOnly',
      '! node roles    shop: the role Workers may not an:Action: attach AmazonSSMManagedInstanceCore, unless Default Host Management Configuration gives it',
    ]);
    const asked = calls.filter(([, operation]) => operation === 'SimulatePrincipalPolicy').map(([, , input]) => input);
    expect(asked).toMatchObject([
      { PolicySourceArn: 'arn:aws-cn:iam::1:role/x/Workers' },
      { ActionNames: ['ecr:GetAuthorizationToken'] },
      { ResourceArns: ['arn:aws-cn:ecr:cn-north-1:918309763551:repository/eks/pause'] },
    ]);
    expect(calls.filter(([, operation]) => operation === 'DescribeNodegroup')).toHaveLength(2);
    const none = await said({ ListNodegroups: {} });
    expect(none.lines.join()).toContain('! node roles    shop: no managed node group; look by hand');
    const denied = await said({ SimulatePrincipalPolicy: refused('AccessDenied') });
    expect(denied.lines).toContain(
      '! not seen      the rights of the roles of the nodes of shop: allow eks:ListNodegroups, eks:DescribeNodegroup and iam:SimulatePrincipalPolicy',
    );
  });

  it('names the permission that is missing, and goes on with the rest', async () => {
    const denied = refused('AccessDeniedException');
    const { lines, code } = await said({
      ReviewDocument: { kind: 'refused', problem: 'no' },
      DescribeTrails: denied,
      DescribeLogGroups: refused('ThrottlingException'),
    });
    expect(lines).toEqual(
      expect.arrayContaining([
        '! not seen      whether the documents at SSM are what was built: allow ssm:DescribeDocument and ssm:GetDocument',
        '! not seen      the log groups: ThrottlingException: no; needs logs:DescribeLogGroups, logs:DescribeSubscriptionFilters and logs:DescribeLogStreams',
        '! not seen      whether CloudTrail records who invokes the functions: allow cloudtrail:DescribeTrails and cloudtrail:GetEventSelectors',
        '✓ heartbeat     scheduler has completed a tick in the last 5 min',
      ]),
    );
    expect(code).toBe(0);
  });

  it('says so where the stack does not list what it deployed', async () => {
    const { lines, calls } = await said({}, { ok: false, error: { message: 'there is no query deployed' } });
    expect(lines).toEqual([expect.stringMatching(/^! not seen {6}what the account has: there is no query deployed/)]);
    expect(calls).toEqual([]);
  });
});
