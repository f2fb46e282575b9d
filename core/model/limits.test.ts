import { describe, expect, it } from 'vitest';
import { ClusterPolicy, Limits, modeOf, Policy } from './policy.ts';

const MINUTE = 60;
const DAY = 86_400;

describe('a limit', () => {
  // Each line is a promise of docs/configuration.md: the default, the least and the greatest value.
  it.each<[keyof Limits, number, number, number]>([
    ['maxNodesPerRepairRun', 1000, 1, 1000],
    ['maxNodesPerCheckRun', 1000, 1, 1000],
    ['repairRunMaxSeconds', 900, 1, DAY],
    ['maxNodesPerCommand', 50, 1, 50],
    ['commandWindowPercent', 30, 1, 100],
    ['canaries', 3, 1, 50],
    ['budgetMaxNodes', 50, 1, 1000],
    ['budgetPercent', 10, 1, 100],
    ['attributableFailuresToOpenBreaker', 2, 1, 50],
    ['failurePercentToOpenBreaker', 20, 1, 100],
    ['breakerFirstSeconds', 8, 1, DAY],
    ['breakerMaxSeconds', DAY, 1, 7 * DAY],
    ['coolDownSeconds', 15 * MINUTE, 1, DAY],
    ['quarantineAttempts', 3, 1, 96],
    ['attemptWindowSeconds', DAY, 1, 7 * DAY],
    ['staleSeconds', 30 * MINUTE, 1, DAY],
    ['relapseSeconds', DAY, 1, 7 * DAY],
    ['checkCoolDownSeconds', 5 * MINUTE, 1, DAY],
    ['deliveryTimeoutSeconds', 60, 30, 30 * DAY],
    ['checkSoftDeadlineSeconds', 30, 1, 60 * MINUTE],
    ['repairSoftDeadlineSeconds', 90, 1, 60 * MINUTE],
    ['repairFirstLookSeconds', 15, 0, 900],
    ['repairSecondLookSeconds', 40, 0, 900],
    ['hardDeadlineSlackSeconds', 30, 1, 60 * MINUTE],
    ['runControllerTimeoutSeconds', 60, 1, 900],
    ['adoptionGraceSeconds', 300, 1, 60 * MINUTE],
    ['adoptionReadGapSeconds', 60, 1, 60 * MINUTE],
    ['retentionDays', 365, 1, 3650],
    ['maxForeignSignalsPerMinute', 60, 1, 10_000],
    ['foreignSourcePercent', 50, 1, 100],
    ['agentWaitSeconds', 20 * MINUTE, 1, DAY],
    ['clusterCheckCoolDownSeconds', 10 * MINUTE, 1, DAY],
    ['maxEc2CallsPerSecond', 2, 1, 20],
    ['settleSeconds', 10 * MINUTE, 1, DAY],
  ])('%s is %i by default, and from %i to %i', (name, usual, least, greatest) => {
    const accepts = (value: number): boolean => Limits.safeParse({ [name]: value }).success;
    expect(Limits.parse({})[name]).toBe(usual);
    expect([least - 1, least, greatest, greatest + 1].map(accepts)).toEqual([false, true, true, false]);
  });

  it('is one that is known', () => {
    expect(Limits.safeParse({ coolDownMinutes: 15 }).success).toBe(false);
  });
});

describe('the policy of a cluster', () => {
  const parse = (over: object) => ClusterPolicy.safeParse({ name: 'demo', ...over });

  it('is cautious where it says nothing', () => {
    expect(ClusterPolicy.parse({ name: 'demo', remediations: { cni: {} } })).toEqual({
      name: 'demo',
      mode: 'observe',
      remediations: { cni: { allowDisruptive: false } },
      freezeWindows: [],
      sweeps: true,
      alarms: [],
      nodeTags: ['eks:cluster-name', 'eks:eks-cluster-name'],
    });
    expect(Policy.parse({ limits: {} }).clusters).toEqual([]);
  });

  it.each<[string, object, boolean]>([
    ['a tag that nobody knows', { nodeTags: ['Name'] }, false],
    ['no tag', { nodeTags: [] }, false],
    ['every tag', { nodeTags: ['eks:cluster-name', 'eks:eks-cluster-name', 'kubernetes.io/cluster'] }, true],
    ['a name of a remediation', { remediations: { 'pause-image': {} } }, true],
    ['a name of none', { remediations: { 'Pause image': {} } }, false],
    ['a name of none, but for its beginning', { remediations: { 'pause-image!': {} } }, false],
    ['a name of none, but for its end', { remediations: { '!pause-image': {} } }, false],
    ['an alarm of 255 characters', { alarms: ['x'.repeat(255)] }, true],
    ['an alarm of 256', { alarms: ['x'.repeat(256)] }, false],
    ['an alarm without a name', { alarms: [''] }, false],
    ['101 alarms', { alarms: Array.from({ length: 101 }, (_, i) => `a${i}`) }, false],
    ['100 alarms', { alarms: Array.from({ length: 100 }, (_, i) => `a${i}`) }, true],
  ])('with %s is accepted: %s', (_, over, expected) => {
    expect(parse(over).success).toBe(expected);
  });

  it('is that of the remediation, or else that of the cluster', () => {
    const cluster = ClusterPolicy.parse({ name: 'demo', mode: 'repair', remediations: { cni: { mode: 'observe' } } });
    expect([modeOf(cluster, 'cni'), modeOf(cluster, 'pause-image')]).toEqual(['observe', 'repair']);
  });

  it.each(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])('may freeze on %s', (day) => {
    expect(parse({ freezeWindows: [{ days: [day], fromUtc: '00:00', toUtc: '23:59' }] }).success).toBe(true);
  });

  it.each([
    [{ days: [], fromUtc: '08:00', toUtc: '09:00' }],
    [{ days: ['Mon', 'Monday'], fromUtc: '08:00', toUtc: '09:00' }],
    [{ days: ['Mon'], fromUtc: '24:00', toUtc: '09:00' }],
    [{ days: ['Mon'], fromUtc: '8:00', toUtc: '09:00' }],
    [{ days: ['Mon'], fromUtc: '08:60', toUtc: '09:00' }],
    [{ days: ['Mon'], fromUtc: 'x08:00', toUtc: '09:00' }],
    [{ days: ['Mon'], fromUtc: '08:00:00', toUtc: '09:00' }],
  ])('may not freeze as %j', (window) => {
    expect(parse({ freezeWindows: [window] }).success).toBe(false);
  });

  it('says how a time is written', () => {
    const [issue] = parse({ freezeWindows: [{ days: ['Mon'], fromUtc: '8', toUtc: '09:00' }] }).error?.issues ?? [];
    expect(issue?.message).toBe('not a time of day in UTC, for example 08:30');
  });
});
