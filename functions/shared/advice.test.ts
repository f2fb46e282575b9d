import type { ECRClient } from '@aws-sdk/client-ecr';
import type { EKSClient } from '@aws-sdk/client-eks';
import { describe, expect, it } from 'vitest';
import { createRegistryProbe } from '../adapters/ecr/registry-probe.ts';
import { createNodegroups } from '../adapters/eks/nodegroups.ts';

const IMAGE = '013241004608.dkr.ecr.us-gov-west-1.amazonaws.com/eks/pause:3.5';

describe('the registry probe', () => {
  const probe = (answer: () => Promise<unknown>) => {
    const asked: { readonly region: string; readonly input: unknown }[] = [];
    const { ask } = createRegistryProbe({
      clientFor: (region) => ({
        send: (async (command: { input: unknown }) => {
          asked.push({ region, input: command.input });
          return await answer();
        }) as ECRClient['send'],
      }),
    });
    return { asked, ask: (image: string) => ask(image, new AbortController().signal) };
  };

  it("calls ECR in the image's account and Region, and keeps the leading zeros of an id", async () => {
    const { ask, asked } = probe(async () => ({ images: [{}] }));
    expect(await ask(IMAGE)).toBe('ECR has the image');
    expect(asked).toEqual([
      {
        region: 'us-gov-west-1',
        input: { registryId: '013241004608', repositoryName: 'eks/pause', imageIds: [{ imageTag: '3.5' }] },
      },
    ]);
  });

  it('uses the digest if there is one', async () => {
    const { ask, asked } = probe(async () => ({}));
    await ask(`${IMAGE}@sha256:abc`);
    expect(asked[0]?.input).toMatchObject({ imageIds: [{ imageDigest: 'sha256:abc' }] });
  });

  it("returns ECR's answer, and never throws", async () => {
    const missing = probe(async () => ({ failures: [{ failureCode: 'ImageNotFound', failureReason: 'no such tag' }] }));
    expect(await missing.ask(IMAGE)).toBe('ECR: ImageNotFound: no such tag');
    const away = probe(async () => Promise.reject(new Error('x'.repeat(1000))));
    expect(await away.ask(IMAGE)).toMatch(/^ECR could not be asked: Error: x{200,270}$/);
  });

  it.each([
    ['that is not in private ECR', 'registry.k8s.io/pause:3.5'],
    ['of an account that is not of EKS', '123456789012.dkr.ecr.us-east-1.amazonaws.com/eks/pause:3.5'],
    ['of EKS in another region', '918309763551.dkr.ecr.us-east-1.amazonaws.com/eks/pause:3.5'],
  ])('makes no call for an image %s, because anyone may have written its name', async (_, image) => {
    const { ask, asked } = probe(async () => ({}));
    expect(await ask(image)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe("a node group's status", () => {
  const of = (answer: () => Promise<unknown>) =>
    createNodegroups({ client: { send: answer as EKSClient['send'] } }).status('demo', 'blue');

  it('is the status that EKS returns, or unknown without one', async () => {
    expect(await of(async () => ({ nodegroup: { status: 'UPDATING' } }))).toBe('UPDATING');
    expect(await of(async () => ({}))).toBe('UNKNOWN');
  });

  it('that cannot be read is an answer: a failed call passes, and a node group that is not there does not', async () => {
    const failed = (name: string, httpStatusCode: number) => () =>
      Promise.reject(Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } }));
    expect(await of(failed('ServerException', 500))).toMatchObject({ kind: 'retry' });
    expect(await of(failed('ResourceNotFoundException', 404))).toEqual({
      kind: 'refused',
      problem: 'EKS DescribeNodegroup of blue: ResourceNotFoundException: no',
    });
  });
});
