import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { sampleOf } from '../../test/support/sample.ts';
import type { Fault, FaultTarget } from './faults.ts';
import { type RealFleet, startRealFleet } from './fleet.ts';
import type { RealNode } from './node.ts';
import { describeWithRealNodes } from './suite.ts';

const HOST = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn';
const REF = `${HOST}/eks/pause:3.5`;
const PROVIDER = '/etc/eks/image-credential-provider/ecr-credential-provider';

await describeWithRealNodes('the services of a real node', () => {
  let fleet: RealFleet;
  let node: RealNode;

  beforeAll(async () => {
    fleet = await startRealFleet({ nodes: [{ tools: { awsCli: true, credentialProvider: true, ecrLogin: true } }] });
    const [first] = fleet.nodes;
    if (first === undefined) throw new Error('starting the fleet: it has no node');
    node = first;
  });
  afterAll(async () => {
    await fleet.stop();
  });
  afterEach(async () => {
    await node.setRole('allowed');
    for (const target of ['registry', 's3', 'ecr'] as const) await fleet.setFault(target, null);
  });

  const shell = async (command: string) => await node.exec(['bash', '-c', command]);
  const awsToken = async () =>
    (await node.exec(['aws', 'ecr', 'get-login-password', '--region', 'cn-north-1'])).stdout.trim();
  const fetchImage = async (token: string, ref = REF) =>
    await node.exec(['ctr', '-n', 'k8s.io', 'content', 'fetch', '--user', `AWS:${token}`, ref]);
  const providerToken = async () =>
    await node.exec([PROVIDER], {
      input: JSON.stringify({
        apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
        kind: 'CredentialProviderRequest',
        image: REF,
      }),
    });

  it('gives a token to the AWS CLI, to the credential provider and to the Docker helper', async () => {
    const cli = await awsToken();
    const provider = JSON.parse((await providerToken()).stdout);
    const helper = JSON.parse(
      (await node.exec(['env', 'HOME=/root', 'docker-credential-ecr-login', 'get'], { input: HOST })).stdout,
    );
    const { ecrTokens } = await fleet.secrets();
    expect(ecrTokens).toEqual(expect.arrayContaining([cli, provider.auth[HOST].password, helper.Secret]));
    expect(provider.auth[HOST].username).toBe('AWS');
    expect(new Set(ecrTokens).size).toBe(ecrTokens.length);
  });

  it('challenges as ECR does, and redirects blobs to a bucket that refuses a second authorization', async () => {
    const challenge = await shell(`curl -sS -o /dev/null -D - https://${HOST}/v2/eks/pause/manifests/3.5`);
    expect(challenge.stdout).toMatch(/^HTTP\/1.1 401/);
    expect(challenge.stdout).toMatch(
      /www-authenticate: Basic realm="https:\/\/918309763551[^"]*",service="ecr.amazonaws.com"/i,
    );

    const token = await awsToken();
    const blob = `https://${HOST}/v2/eks/pause/blobs/${node.pauseImage.config.digest}`;
    const redirected = await node.exec([
      'curl',
      '-sS',
      '-u',
      `AWS:${token}`,
      '-w',
      '%{http_code} %{redirect_url}',
      blob,
    ]);
    expect(redirected.stdout).toMatch(/^307 https:\/\/prod-cn-north-1-starport-layer-bucket\.s3\./);
    const location = redirected.stdout.split(' ')[1] ?? '';
    const both = await node.exec(['curl', '-sS', '-u', `AWS:${token}`, '-w', '%{http_code}', location]);
    expect(both.stdout).toMatch(/Only one auth mechanism allowed.*400$/);
    const alone = await node.exec(['curl', '-sS', location]);
    expect(alone.stdout).toBe(node.pauseImage.config.content.toString());
  });

  const refusals: readonly (readonly [string, FaultTarget, Fault, RegExp])[] = [
    ['a refusal', 'registry', { kind: 'status', status: 403 }, /\[manifests 3\.5\]: 403 Forbidden/],
    ['a refused token', 'registry', { kind: 'status', status: 401 }, /\[manifests 3\.5\]: 401 Unauthorized/],
    ['no such image', 'registry', { kind: 'status', status: 404 }, /pause:3\.5: not found/],
    ['a closed port', 'registry', { kind: 'refused' }, /connect: connection refused/],
    [
      'an untrusted certificate',
      'registry',
      { kind: 'untrusted-certificate' },
      /x509: certificate signed by unknown authority/,
    ],
    ['a bucket out of order', 's3', { kind: 'status', status: 403 }, /403 Forbidden/],
  ];
  it.each(sampleOf('refusals of the registry', refusals, 2))(
    'shows ctr %s of the registry',
    async (_name, target, fault, text) => {
      const token = await awsToken();
      await node.breakNode('missing');
      await fleet.setFault(target, fault);
      const result = await fetchImage(token);
      expect(result.code).not.toBe(0);
      expect(result.stderr).toMatch(text);
      await fleet.setFault(target, null);
      expect(await fetchImage(token)).toMatchObject({ code: 0 });
    },
  );

  it('refuses a token of another region, and one that has expired', async () => {
    const foreign = (await node.exec(['aws', 'ecr', 'get-login-password', '--region', 'us-west-2'])).stdout.trim();
    expect((await fetchImage(foreign)).stderr).toContain('403 Forbidden');
    const token = await awsToken();
    expect((await fetchImage(token)).code).toBe(0);
    await fleet.expireTokens();
    expect((await fetchImage(token)).stderr).toContain('403 Forbidden');
    expect((await fetchImage('made-up')).stderr).toContain('401 Unauthorized');
  });

  it('refuses a role without the permission, with the error of AWS', async () => {
    await node.setRole('denied');
    const words = `User: arn:aws-cn:sts::123456789012:assumed-role/demo-node-role/${node.instanceId} is not authorized to perform: ecr:GetAuthorizationToken on resource: *`;
    const cli = await shell('aws ecr get-login-password --region cn-north-1');
    expect(cli.code).not.toBe(0);
    expect(cli.stderr).toContain(
      'An error occurred (AccessDeniedException) when calling the GetAuthorizationToken operation',
    );
    expect(cli.stderr).toContain(words);
    const provider = await providerToken();
    expect(provider).toMatchObject({ code: 1, stdout: '' });
    expect(provider.stderr).toContain(words);
  });

  it('has no credentials on a node without a role', async () => {
    await node.setRole('absent');
    const cli = await shell('AWS_METADATA_SERVICE_NUM_ATTEMPTS=1 aws ecr get-login-password --region cn-north-1');
    expect(cli.stderr).toContain('Unable to locate credentials');
    expect((await providerToken()).stderr).toContain('no EC2 IMDS role found');
  });

  it('refuses credentials that it did not hand out, and a signature by another key', async () => {
    const call = 'aws ecr get-login-password --region cn-north-1';
    const strange = await shell(
      `AWS_ACCESS_KEY_ID=ASIAABCDEFGHIJKLMNOP AWS_SECRET_ACCESS_KEY=x AWS_SESSION_TOKEN=y ${call}`,
    );
    expect(strange.stderr).toContain('UnrecognizedClientException');
    const metadata =
      'curl -sS -H "X-aws-ec2-metadata-token: $(curl -sS -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token)" http://169.254.169.254/latest/meta-data/iam/security-credentials/demo-node-role';
    const { AccessKeyId, Token } = JSON.parse((await shell(metadata)).stdout);
    const forged = await shell(
      `AWS_ACCESS_KEY_ID=${AccessKeyId} AWS_SECRET_ACCESS_KEY=x AWS_SESSION_TOKEN='${Token}' ${call}`,
    );
    expect(forged.stderr).toContain('InvalidSignatureException');
  });

  it('supports instance metadata of version 2 only', async () => {
    const status = 'curl -sS -o /dev/null -w %{http_code}';
    const base = 'http://169.254.169.254/latest';
    expect((await shell(`${status} ${base}/meta-data/instance-id`)).stdout).toBe('401');
    expect((await shell(`${status} -X PUT ${base}/api/token`)).stdout).toBe('400');
    const session = `$(curl -sS -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" ${base}/api/token)`;
    const get = (path: string) => `curl -sS -H "X-aws-ec2-metadata-token: ${session}" ${base}/${path}`;
    expect((await shell(get('meta-data/instance-id'))).stdout).toBe(node.instanceId);
    expect((await shell(get('meta-data/services/domain'))).stdout).toBe('amazonaws.com.cn');
    expect(JSON.parse((await shell(get('dynamic/instance-identity/document'))).stdout)).toMatchObject({
      region: 'cn-north-1',
      instanceId: node.instanceId,
      privateIp: node.address,
    });
  });
});
