import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEcrImage } from '../../core/model/ecr-image.ts';
import { EKS_ACCOUNTS, isInEksRegistry } from '../../core/model/eks-registries.ts';

const SCRIPT = join(import.meta.dirname, '../../ssm-documents/lib/ecr/ecr.sh');
const text = readFileSync(SCRIPT, 'utf8');
/** The regions that the script names, and one more of each partition. */
const REGIONS = [
  ...[...text.matchAll(/ (?<region>[a-z-]+-\d)=\d{12}/gu)].map(({ groups }) => groups?.region ?? ''),
  ...['us-east-1', 'cn-northwest-1', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1', 'us-isof-south-1'],
  ...['eu-isoe-west-1', 'eusc-de-east-1'],
];

const calls = REGIONS.map((region) => `eks_registry ${region}; printf '%s\\n' "$REPLY"`);
/** The registry of each region, as a node names it. */
const registries = execFileSync('bash', ['-euc', [text, ...calls].join('\n')], { encoding: 'utf8' })
  .trim()
  .split('\n');

describe('the registries of EKS', () => {
  it('are the same for a node and for a function, in every region', () => {
    expect(REGIONS.length).toBeGreaterThan(25);
    expect(registries).toHaveLength(REGIONS.length);
    const strange = registries.filter((host) => {
      const image = readEcrImage(`${host}/eks/pause:3.5`);
      return image === undefined || !isInEksRegistry(image);
    });
    expect(strange).toEqual([]);
  });

  it('have no account that the script does not know', () => {
    expect(EKS_ACCOUNTS.filter((account) => !text.includes(account))).toEqual([]);
  });

  it('of one region are none of another', () => {
    expect(isInEksRegistry({ registryId: '918309763551', region: 'cn-northwest-1' })).toBe(false);
  });
});
