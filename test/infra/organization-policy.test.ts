import { readFileSync } from 'node:fs';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
const Policy = z.object({
  Version: z.string(),
  Statement: z.array(z.looseObject({ Action: z.array(z.string()), Resource: z.string() })),
});
const policy = Policy.parse(JSON.parse(/```json\n(.+?)```/s.exec(page)?.[1] ?? ''));
const ALL = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
const ACCOUNT = '123456789012';
const DEPLOYMENT = `arn:aws:iam::${ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-${ACCOUNT}-eu-west-1`;

/** What IAM says to somebody whose own policy allows everything, in an organization with the policy of the page. */
const ask = async (principal: string, action: string, resource: string): Promise<string | undefined> => {
  const answer = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: { 'aws:PrincipalArn': principal },
      },
      identityPolicies: [{ name: 'all', policy: ALL }],
      serviceControlPolicies: [
        {
          orgIdentifier: 'r-1',
          policies: [
            { name: 'FullAWSAccess', policy: ALL },
            { name: 'fleetmend', policy },
          ],
        },
      ],
      resourceControlPolicies: [],
      resourcePolicy: undefined,
    },
    {},
  );
  return answer.resultType === 'error' ? JSON.stringify(answer.errors) : answer.overallResult;
};

const own = policy.Statement.flatMap(({ Action, Resource }) =>
  Action.map((action): [string, string, string] => {
    const resource = Resource.replace(/^arn:aws:(\w+):\*?:\*:/, (_, service: string) =>
      service === 'iam' ? `arn:aws:iam::${ACCOUNT}:` : `arn:aws:${service}:eu-west-1:${ACCOUNT}:`,
    );
    return [action, resource.replace('*', 'run-controller'), resource.replace('fleetmend-*', 'somebody-else')];
  }),
);

describe('the policy for organizations of docs/security.md', () => {
  it.each(own)('leaves %s on %s to deployments, and nothing else', async (action, ours, others) => {
    const admin = `arn:aws:iam::${ACCOUNT}:user/admin`;
    expect(await ask(admin, action, ours)).toBe('ExplicitlyDenied');
    expect(await ask(DEPLOYMENT, action, ours)).toBe('Allowed');
    expect(await ask(admin, action, others)).toBe('Allowed');
  });

  it('covers each way to change what runs as root', () => {
    expect(own.map(([action]) => action)).toEqual(
      expect.arrayContaining([
        'ssm:CreateDocument',
        'ssm:UpdateDocument',
        'ssm:UpdateDocumentDefaultVersion',
        'ssm:DeleteDocument',
        'lambda:UpdateFunctionCode',
        'iam:PassRole',
      ]),
    );
  });
});
