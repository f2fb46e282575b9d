import { expect, it } from 'vitest';
import { isInEksRegistry } from './eks-registries.ts';

it.each([
  ['602401143452', 'eu-west-1', true],
  ['961992271922', 'cn-northwest-1', true],
  ['918309763551', 'cn-north-1', true],
  ['961992271922', 'cn-north-1', false],
  ['123456789012', 'eu-west-1', false],
  ['602401143452', 'constructor', true],
])('the registry of account %s in region %s is that of EKS: %s', (registryId, region, expected) => {
  expect(isInEksRegistry({ registryId, region })).toBe(expected);
});
