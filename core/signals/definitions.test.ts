import { describe, expect, it } from 'vitest';
import { signalSample } from '../../test/support/signal-samples.ts';
import { Policy } from '../model/policy.ts';
import type { SignalDefinition } from './define-signal.ts';
import { readSignal, SIGNAL_SWITCHES, SIGNALS, signalSettings } from './read-signal.ts';

const settings = signalSettings(Policy.parse({ clusters: [{ name: 'demo' }] }));

describe('every signal', () => {
  it('has a bus, a switch, sources whose proofs lead to a repair, and reasons that lead to a check', () => {
    const declared = SIGNALS.map(({ name, bus, configKey, repairSources, checkReasons }) => [
      name,
      bus,
      configKey,
      repairSources,
      checkReasons,
    ]);
    expect(declared).toEqual([
      ['addons', 'default', 'eks', [], []],
      ['alarms', 'default', 'alarms', [], ['AlarmRaised']],
      ['eks-calls', 'default', 'eks', [], []],
      ['launches', 'default', 'newNodes', [], []],
      ['running', 'default', 'newNodes', [], []],
      ['symptoms', 'fleetmend', undefined, ['fleetmend.logs'], ['ForeignSymptom']],
    ]);
    expect(SIGNAL_SWITCHES).toEqual(['alarms', 'eks', 'newNodes']);
  });

  it.each(SIGNALS.map((signal): [string, SignalDefinition<string, string>] => [signal.name, signal]))(
    'is described: %s',
    (_, { title, documentation, bus, ways, ignored }) => {
      expect(title).toMatch(/^\S.+\.$/);
      expect(documentation === undefined).toBe(bus === 'fleetmend');
      if (documentation !== undefined) expect(documentation).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/.+\.html$/);
      for (const meaning of Object.values(ignored)) expect(meaning).toMatch(/^[A-Z].+\.$/);
      expect(ways.length).toBeGreaterThan(0);
      for (const { when, event = 'all', leadsTo, delay, cost } of ways) {
        expect(when).toMatch(/^[A-Z].+\.$/);
        expect(leadsTo).toMatch(/^a (?:check|repair) of /);
        for (const text of [event, delay, cost]) expect(text).not.toBe('');
      }
    },
  );

  it('of a call names the calls, and those of the CNI alone', () => {
    const calls = SIGNALS.find(({ name }) => name === 'eks-calls') ?? expect.fail();
    expect(calls.ways[0]?.event).toBe(
      'CreateNodegroup, UpdateNodegroupConfig, UpdateNodegroupVersion, UpdateClusterVersion, CreateAddon of vpc-cni, UpdateAddon of vpc-cni',
    );
  });
});

describe('an event', () => {
  const launch = signalSample('launches/match-launch');

  it('may have a time of another zone, and no resources', () => {
    const { resources, ...event } = { ...launch, time: '2026-08-22T12:00:01+02:00' };
    expect(readSignal(event, settings)).toMatchObject({ ok: true, signal: { kind: 'new-node' } });
  });

  it('about an alarm may have no configuration', () => {
    const { configuration, ...detail } = signalSample('alarms/match-metric').detail;
    expect(readSignal({ ...signalSample('alarms/match-metric'), detail }, settings)).toMatchObject({
      signal: { kind: 'cluster', cluster: 'demo' },
    });
  });

  it.each(['aDiskFull', 'DiskFull!', 'D', `D${'x'.repeat(64)}`])(
    'about a node may not have the reason %s',
    (reason) => {
      const event = signalSample('symptoms/match-by-name');
      expect(readSignal({ ...event, detail: { ...event.detail, reason } }, settings)).toMatchObject({
        ok: false,
        field: 'detail.reason',
      });
    },
  );
});

describe('an ARN of an add-on or a cluster', () => {
  const event = signalSample('addons/match-health-degraded');
  const clusterOf = (arn: string) => {
    const reading = readSignal({ ...event, resources: [arn], detail: {} }, settings);
    return reading.ok && reading.signal.kind === 'cluster' ? reading.signal.cluster : undefined;
  };

  it.each<[string, string | undefined]>([
    ['arn:aws:eks:eu-west-1:123456789012:addon/shop/vpc-cni/1ac7', 'shop'],
    ['arn:aws:eks:eu-west-1:123456789012:addon/shop/vpc-cni', 'shop'],
    ['arn:aws-cn:eks:cn-north-1:123456789012:cluster/shop', 'shop'],
    ['arn:aws:eks:eu-west-1:123456789012:cluster/shop/x', undefined],
    ['see arn:aws:eks:eu-west-1:123456789012:addon/shop/vpc-cni/1ac7', undefined],
    ['see arn:aws:eks:eu-west-1:123456789012:cluster/shop', undefined],
  ])('%s names the cluster %s', (arn, cluster) => {
    expect(clusterOf(arn)).toBe(cluster);
  });
});
