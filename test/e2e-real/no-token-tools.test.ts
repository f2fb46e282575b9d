import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { DocumentResult } from '../../core/model/document-result.ts';
import { documentName } from '../../events/ssm-command.ts';
import type { Fault, FaultTarget } from '../../lab/real/faults.ts';
import { type RealFleet, startRealFleet } from '../../lab/real/fleet.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { sampleOf } from '../support/sample.ts';
import { findTokens, tokenMarks } from './tokens.ts';
import { startPod } from './world.ts';

const API = 'api.ecr.cn-north-1.amazonaws.com.cn';
/** A node whose instance metadata never answers must say so long before the document's limit. */
const PATIENCE_MS = 120_000;

await describeWithRealNodes('a node without any tool for an ECR token', () => {
  let fleet: RealFleet;
  let node: RealNode;

  beforeAll(async () => {
    fleet = await startRealFleet({ nodes: [{ tools: { awsCli: false } }] });
    const [first] = fleet.nodes;
    if (first === undefined) throw new Error('starting the fleet: it has no node');
    node = first;
  });
  afterAll(async () => {
    await fleet.stop();
  });
  afterEach(async () => {
    await node.setRole('allowed');
    for (const target of ['registry', 'ecr', 'metadata'] as const) await fleet.setFault(target, null);
  });

  const shell = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await node.exec(['sh', '-euc', script]);
    if (code !== 0) throw new Error(`running ${script}: ${stderr}`);
    return stdout;
  };
  const repair = async () => {
    await node.breakNode('missing');
    const built = buildDocuments().find(({ key }) => key === 'pause-image-repair');
    if (built === undefined) throw new Error('looking for the repair: it is not built');
    const { key, sha256, content } = built;
    const document = { commandId: 'no-tools', documentName: documentName('fleetmend', key, sha256), content };
    const reply = await node.run(document, new AbortController().signal);
    return { reply, result: DocumentResult.parse(JSON.parse(reply.stdout)) };
  };
  const REPAIRED = { outcome: 'Repaired', reason: 'SandboxImageMissing', method: 'ecr' };

  // That the secrets are nowhere is tested with the node `removed` of four-ways.test.ts.
  it('is repaired by a request that the script signs', async () => {
    const { reply, result } = await repair();
    expect(result).toMatchObject(REPAIRED);
    expect(await startPod(node)).toBeUndefined();
    const { ecrTokens, roleSecrets } = await fleet.secrets();
    expect(ecrTokens).toHaveLength(1);
    expect(findTokens('the output', reply.stdout + reply.stderr, tokenMarks([...ecrTokens, ...roleSecrets]))).toEqual(
      [],
    );
  });

  it('is repaired where instance metadata answers for one hop alone', async () => {
    await fleet.setFault('metadata', { kind: 'hop-limit', hops: 1 });
    expect((await repair()).result).toMatchObject(REPAIRED);
  });

  type Unanswered = readonly [string, FaultTarget, Fault, string, RegExp, Record<string, unknown>];
  const unanswered: readonly Unanswered[] = [
    ['throttled', 'ecr', { kind: 'throttled' }, 'RegistryUnreachable', /ThrottlingException: Rate exceeded/, {}],
    [
      'an error of ECR itself',
      'ecr',
      { kind: 'status', status: 503 },
      'RegistryUnreachable',
      /StatusCode: 503/,
      { httpStatus: 503, failedHost: API },
    ],
    [
      'a closed port',
      'ecr',
      { kind: 'refused' },
      'RegistryUnreachable',
      /curl: \(7\)/,
      { networkError: 'refused', failedHost: API },
    ],
    [
      'an untrusted certificate',
      'ecr',
      { kind: 'untrusted-certificate' },
      'RegistryCertificate',
      /curl: \(60\)/,
      { networkError: 'certificate-issuer' },
    ],
    [
      'no instance metadata',
      'metadata',
      { kind: 'refused' },
      'TokenUnavailable',
      /169\.254\..*api\/token: curl: \(7\)/,
      {},
    ],
    [
      'instance metadata that is turned off',
      'metadata',
      { kind: 'status', status: 403 },
      'TokenUnavailable',
      /api\/token: curl: \(22\).*403/,
      {},
    ],
    [
      'instance metadata that never answers',
      'metadata',
      { kind: 'slow', delayMilliseconds: 600_000 },
      'TokenUnavailable',
      /169\.254\..*api\/token: .*(timed out|no answer)/,
      {},
    ],
  ];

  it.each(sampleOf('faults of what gives a token', unanswered, 2))(
    'names %s',
    async (_name, target, fault, reason, detail, evidence) => {
      await fleet.setFault(target, fault);
      const since = performance.now();
      const { result } = await repair();
      expect(result).toMatchObject({ outcome: 'NotRepaired', reason, evidence: { changed: false, ...evidence } });
      expect(result.detail).toMatch(detail);
      expect(performance.now() - since).toBeLessThan(PATIENCE_MS);
    },
  );

  it('names a role that lacks the permission, one that is missing, and one whose credentials have expired', async () => {
    await node.setRole('denied');
    expect((await repair()).result).toMatchObject({
      reason: 'NodeRoleLacksECR',
      evidence: { nodeRole: 'demo-node-role', changed: false },
    });
    await node.setRole('absent');
    const absent = (await repair()).result;
    expect(absent).toMatchObject({ reason: 'TokenUnavailable', evidence: { changed: false } });
    expect(absent.detail).toMatch(/iam\/security-credentials\/: curl: \(22\).*404/);
    await node.setRole('expired');
    const expired = (await repair()).result;
    expect(expired).toMatchObject({ reason: 'TokenUnavailable', evidence: { changed: false } });
    expect(expired.detail).toContain('ExpiredTokenException: The security token included in the request is expired');
  });

  it('names a wrong clock by the words of AWS', async () => {
    // The nodes of the lab share the clock of the machine.
    const shim = '#!/bin/bash\nexec /usr/bin/date --date="1 hour ago" "$@"\n';
    await node.exec(['sh', '-c', 'cat > /usr/local/sbin/date; chmod 755 /usr/local/sbin/date'], { input: shim });
    const { result } = await repair();
    await shell('rm /usr/local/sbin/date');
    expect(result).toMatchObject({ outcome: 'NotRepaired', reason: 'TokenUnavailable', evidence: { tool: 'curl' } });
    expect(result.detail).toMatch(/InvalidSignatureException: Signature expired: \w+ is now earlier than/);
  });

  it('names curl where that is missing too', async () => {
    await shell('mv /usr/bin/curl /usr/bin/curl.kept');
    const { result } = await repair();
    await shell('mv /usr/bin/curl.kept /usr/bin/curl');
    expect(result).toMatchObject({
      outcome: 'NotRepaired',
      reason: 'ToolMissing',
      evidence: { tool: 'ecr-credential-provider, docker-credential-ecr-login or curl with sha256sum', changed: false },
    });
  });
});
