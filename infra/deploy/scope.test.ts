import { describe, expect, it } from 'vitest';
import type { Remediation } from '../../core/model/remediation.ts';
import type { ConfigInput } from '../config.ts';
import { parseConfig } from '../parse-config.ts';
import { compareScopes, sharedClusters } from './compare-scopes.ts';
import { DeploymentScope, scopeOf } from './scope.ts';

const remediation = (name: string, disruptive: boolean): Remediation => ({
  name,
  summary: '',
  order: 1,
  disruptive,
  reasons: {},
  guide: {},
  evidence: {},
  healthy: [],
  repaired: [],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines: { phrases: {}, rules: [] },
});
const REMEDIATIONS = [remediation('pause-image', false), remediation('cni-files', true)];
const names = REMEDIATIONS.map(({ name }) => name);
const scope = (...clusters: ConfigInput['clusters']) =>
  scopeOf(parseConfig({ clusters }, names), REMEDIATIONS, '1.0.0', []);
const limited = (limits: ConfigInput['limits']) =>
  scopeOf(parseConfig({ clusters: [{ name: 'a' }], limits }, names), REMEDIATIONS, '1.0.0', []);

describe('the scope of a deployment', () => {
  it('lists the remediations that may repair: disruptive ones only where the policy allows them', () => {
    const repairs = (cluster: object) => scope({ name: 'a', ...cluster }).clusters.a?.repairs;
    expect(repairs({})).toEqual([]);
    expect(repairs({ mode: 'repair' })).toEqual(['pause-image']);
    expect(repairs({ mode: 'repair', remediations: { 'cni-files': { allowDisruptive: true } } })).toEqual([
      'pause-image',
      'cni-files (disruptive)',
    ]);
    expect(repairs({ mode: 'repair', remediations: { 'pause-image': { mode: 'observe' } } })).toEqual([]);
  });

  it('is read from its JSON, with fields of a later version', () => {
    const written = scope({ name: 'a', mode: 'repair' });
    const json = JSON.parse(JSON.stringify({ ...written, later: true }));
    expect(DeploymentScope.parse(json)).toEqual(written);
  });
});

describe('comparing a deployment with the deployed stack', () => {
  const window = { days: ['Mon' as const], fromUtc: '08:00', toUtc: '10:00' };

  it('reports nothing for the same configuration', () => {
    const same = scope({ name: 'a', mode: 'repair', freezeWindows: [window] });
    expect(compareScopes(same, same)).toEqual({ asks: [], notes: [] });
  });

  it('asks nothing for a first deployment that observes', () => {
    expect(compareScopes(undefined, scope({ name: 'a' }))).toEqual({ asks: [], notes: ['adds the cluster a'] });
  });

  it('asks for a first deployment that repairs', () => {
    expect(compareScopes(undefined, scope({ name: 'a', mode: 'repair' })).asks).toEqual([
      'a: pause-image changes from observe to repair',
    ]);
  });

  it.each<[string, ConfigInput['clusters'], ConfigInput['clusters'], RegExp]>([
    [
      'a cluster that goes',
      [{ name: 'a' }, { name: 'b' }],
      [{ name: 'b' }],
      /^removes the cluster a: its nodes are no/,
    ],
    ['a mode that widens', [{ name: 'a' }], [{ name: 'a', mode: 'repair' }], /^a: pause-image changes from observe/],
    [
      'a disruptive repair that is allowed',
      [{ name: 'a', mode: 'repair' }],
      [{ name: 'a', mode: 'repair', remediations: { 'cni-files': { allowDisruptive: true } } }],
      /^a: cni-files \(disruptive\) changes from observe to repair/,
    ],
    [
      'a mode of one remediation that widens',
      [{ name: 'a' }],
      [{ name: 'a', remediations: { 'pause-image': { mode: 'repair' } } }],
      /^a: pause-image changes/,
    ],
    [
      'a freeze window that goes',
      [{ name: 'a', freezeWindows: [window] }],
      [{ name: 'a' }],
      /^a: the freeze window Mon 08:00-10:00 UTC is removed/,
    ],
    [
      'nodes by a further tag',
      [{ name: 'a' }],
      [{ name: 'a', nodeTags: ['eks:cluster-name', 'eks:eks-cluster-name', 'kubernetes.io/cluster'] }],
      /^a: nodes with the tag kubernetes\.io\/cluster are added/,
    ],
  ])('asks for %s; the way back narrows', (_, before, after, line) => {
    const { asks } = compareScopes(scope(...before), scope(...after));
    expect(asks).toEqual([expect.stringMatching(line)]);
    expect(compareScopes(scope(...after), scope(...before)).asks).toEqual([]);
    expect(compareScopes(scope(...after), scope(...before)).notes).not.toEqual([]);
  });

  it('takes the default for a limit that the deployed version lacks', () => {
    const { canaries: _unknown, ...limits } = limited({}).limits;
    const before = { ...limited({}), limits };
    expect(compareScopes(before, limited({ canaries: 1 })).asks).toEqual(['limits.canaries: 3 becomes 1']);
    expect(compareScopes(before, limited({})).asks).toEqual([]);
  });

  it('treats the same days in another order as the same window', () => {
    const days = (...names: readonly ('Mon' | 'Tue')[]) =>
      scope({ name: 'a', freezeWindows: [{ ...window, days: [...names] }] });
    expect(compareScopes(days('Mon', 'Tue'), days('Tue', 'Mon'))).toEqual({ asks: [], notes: [] });
  });

  it('reports log groups, alarms, notices and records that are no longer used', () => {
    const before = scopeOf(
      parseConfig({ clusters: [{ name: 'a', logGroups: ['/g'] }], notifications: { email: 'a@example.com' } }, names),
      REMEDIATIONS,
      '1.0.0',
      [],
    );
    const input = {
      clusters: [{ name: 'a' }],
      alarms: false,
      signals: { alarms: false },
      limits: { retentionDays: 1 },
    };
    const after = scopeOf(parseConfig(input, names), REMEDIATIONS, '1.0.0', []);
    expect(compareScopes(before, after)).toEqual({
      asks: [],
      notes: [
        'a: the log group /g is no longer read',
        'alarms: true becomes false',
        'signals.alarms: true becomes false',
        'notifications.email: a@example.com becomes none',
        'limits.retentionDays: 365 becomes 1',
      ],
    });
  });

  it('names the clusters that another stack manages', () => {
    const others = { old: scope({ name: 'a' }, { name: 'c' }), far: scope({ name: 'd' }) };
    expect(sharedClusters(others, scope({ name: 'a' }, { name: 'b' }))).toEqual([
      'the stack old manages the cluster a already: two stacks would repair the same nodes',
    ]);
  });

  it('asks for a further variant of a repair document', () => {
    const varied = (...documentVariants: readonly string[]) =>
      scopeOf(parseConfig({ clusters: [{ name: 'a' }], documentVariants }, names), REMEDIATIONS, '1.0.0', []);
    expect(compareScopes(varied(), varied('pause-image-repair-mirror')).asks).toEqual([
      'the document pause-image-repair-mirror may be sent too',
    ]);
    expect(compareScopes(varied('pause-image-repair-mirror'), varied()).asks).toEqual([]);
  });

  it('reports sweeps that are turned off, and no limit that bounds no repair', () => {
    expect(compareScopes(scope({ name: 'a' }), scope({ name: 'a', sweeps: false }))).toEqual({
      asks: [],
      notes: ['a: sweeps are turned off'],
    });
    const neutral = { checkCoolDownSeconds: 30, repairSoftDeadlineSeconds: 30, commandWindowPercent: 1 };
    expect(compareScopes(limited({}), limited(neutral))).toEqual({ asks: [], notes: [] });
  });

  it.each<[ConfigInput['limits'], string]>([
    [{ budgetPercent: 50 }, 'limits.budgetPercent: 10 becomes 50'],
    [{ budgetMaxNodes: 60 }, 'limits.budgetMaxNodes: 50 becomes 60'],
    [{ canaries: 1 }, 'limits.canaries: 3 becomes 1'],
    [{ coolDownSeconds: 60 }, 'limits.coolDownSeconds: 900 becomes 60'],
    [{ quarantineAttempts: 5 }, 'limits.quarantineAttempts: 3 becomes 5'],
    [{ failurePercentToOpenBreaker: 90 }, 'limits.failurePercentToOpenBreaker: 20 becomes 90'],
    [{ attemptWindowSeconds: 60 }, 'limits.attemptWindowSeconds: 86400 becomes 60'],
  ])('asks for the limits %j; the way back narrows', (limits, line) => {
    expect(compareScopes(limited({}), limited(limits))).toEqual({ asks: [line], notes: [] });
    expect(compareScopes(limited(limits), limited({})).asks).toEqual([]);
  });
});
