import { expect, it } from 'vitest';
import { readEcrImage } from './ecr-image.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

it.each<[string, object]>([
  [
    '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5',
    { registryId: '602401143452', region: 'us-west-2', repository: 'eks/pause', tag: '3.5' },
  ],
  [
    '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.1-eksbuild.1',
    { registryId: '918309763551', region: 'cn-north-1', repository: 'eks/pause', tag: '3.1-eksbuild.1' },
  ],
  [
    '013241004608.dkr.ecr-fips.us-gov-west-1.amazonaws.com/eks/pause:3.5',
    { registryId: '013241004608', region: 'us-gov-west-1' },
  ],
  ['602401143452.dkr-ecr.us-west-2.on.aws/eks/pause:3.5', { region: 'us-west-2' }],
  ['602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause', { tag: 'latest' }],
  [`602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause@${DIGEST}`, { digest: DIGEST }],
  [`602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5@${DIGEST}`, { tag: '3.5', digest: DIGEST }],
])('%s is private ECR', (image, expected) => {
  expect(readEcrImage(image)).toMatchObject(expected);
});

it.each([
  '',
  '/',
  'pause:3.5',
  'localhost/kubernetes/pause',
  'registry.k8s.io/pause:3.5',
  'public.ecr.aws/eks-distro/kubernetes/pause:3.5',
  '60240114345.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5',
  '602401143452.dkr.ecr.us-west-2.amazonaws.com.evil.example/eks/pause:3.5',
  'x602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5',
  'evil.example/602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5',
  '602401143452.dkr.ecr.us-west-2.amazonaws.com/',
  '602401143452.dkr.ecr.us-west-2.amazonaws.com/../pause:3.5',
  '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause $(reboot)',
])('%s is not', (image) => {
  expect(readEcrImage(image)).toBeUndefined();
});
