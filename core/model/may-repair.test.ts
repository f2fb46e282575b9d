import { expect, it } from 'vitest';
import { mayRepair } from './may-repair.ts';
import { ClusterPolicy } from './policy.ts';

const permission = (policy: object, disruptive: boolean) =>
  mayRepair(ClusterPolicy.parse({ name: 'shop', ...policy }), { name: 'cni-files', disruptive });
const path = 'clusters[name=shop]';

it.each([
  ['the mode of the cluster', {}, false, `${path}.mode`, 'observe'],
  [
    'the mode of the remediation',
    { mode: 'repair', remediations: { 'cni-files': { mode: 'observe' } } },
    false,
    `${path}.remediations.cni-files.mode`,
    'observe',
  ],
  ['disruption', { mode: 'repair' }, true, `${path}.remediations.cni-files.allowDisruptive`, false],
])('a repair is forbidden by the line about %s', (_, policy, disruptive, setting, value) => {
  expect(permission(policy, disruptive)).toMatchObject({ allowed: false, setting, value });
});

it('a repair is allowed that restarts nothing, or that may restart something', () => {
  expect(permission({ mode: 'repair' }, false)).toEqual({ allowed: true });
  const remediations = { 'cni-files': { allowDisruptive: true } };
  expect(permission({ mode: 'repair', remediations }, true)).toEqual({ allowed: true });
});
