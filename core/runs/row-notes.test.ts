import { describe, expect, it } from 'vitest';
import { at, node } from '../../test/support/runs.ts';
import { testSettings } from '../../test/support/settings.ts';
import { ResultRow } from '../state/results.ts';
import { noted } from './row-notes.ts';

const rules = { ...testSettings(), deployment: { version: '1.2.3', configuration: '3f9c01d2a7b4' }, sweepMinutes: 30 };
const row = (over: Partial<ResultRow> = {}): ResultRow =>
  ResultRow.parse({
    ...{ runId: 'r-1', cluster: 'careful', instanceId: node(1), remediation: 'node-check', action: 'check' },
    ...{ outcome: 'Broken', reason: 'CRIDockerdDown', message: 'm', endedAt: at(10), at: at(10) },
    ...over,
  });
const finding = (remediation: string, reason: string, outcome = 'Broken') =>
  ({ remediation, reason, outcome, title: 't', message: 'm' }) as const as NonNullable<ResultRow['findings']>[number];

describe('the row of a check', () => {
  it('has the decision of policy about each finding that it forbids to repair: line, value and configuration', () => {
    const findings = [
      finding('cri-dockerd', 'CRIDockerdDown'),
      finding('pause-image', 'SandboxImageMissing'),
      finding('cri-dockerd', 'Vague', 'Unknown'),
    ];
    expect(noted(row({ findings }), rules).decisions).toEqual([
      {
        ...{ remediation: 'cri-dockerd', reason: 'CRIDockerdDown', skipReason: 'NotAllowed', value: false },
        setting: 'clusters[name=careful].remediations.cri-dockerd.allowDisruptive',
        ...{ configuration: '3f9c01d2a7b4', version: '1.2.3' },
        message:
          'no repair by cri-dockerd: clusters[name=careful].remediations.cri-dockerd.allowDisruptive is false, and its repair restarts something (configuration 3f9c01d2a7b4, version 1.2.3)',
      },
    ]);
    const observed = noted(row({ cluster: 'watched', findings }), rules).decisions;
    expect(
      observed?.map(({ remediation, skipReason, setting, value }) => [remediation, skipReason, setting, value]),
    ).toEqual([
      ['cri-dockerd', 'Observe', 'clusters[name=watched].mode', 'observe'],
      ['pause-image', 'Observe', 'clusters[name=watched].mode', 'observe'],
    ]);
  });

  it('has it for its own remediation where it lists no findings', () => {
    const own = noted(row({ remediation: 'cri-dockerd' }), rules).decisions;
    expect(own).toMatchObject([{ remediation: 'cri-dockerd', skipReason: 'NotAllowed' }]);
  });

  it('has none where policy allows the repair, where nothing was found, and for a cluster or remediation that is no more', () => {
    const findings = [finding('pause-image', 'SandboxImageMissing')];
    for (const other of [
      row({ findings }),
      row({ outcome: 'Unknown', findings: [finding('cri-dockerd', 'Vague', 'Unknown')] }),
      row({ cluster: 'gone', remediation: 'cri-dockerd' }),
      row({ findings: [finding('gone', 'Gone')] }),
      row({ action: 'repair', remediation: 'cri-dockerd', outcome: 'NotRepaired' }),
    ])
      expect(noted(other, rules)).toEqual(other);
  });
});

describe('the row of a node that gave no answer', () => {
  it('says what to look at, and when the next look comes', () => {
    for (const [outcome, words] of [
      ['TimedOut', 'amazon-ssm-agent.log'],
      ['Unreachable', 'AmazonSSMManagedInstanceCore'],
    ] as const)
      expect(noted(row({ outcome, reason: undefined }), rules)).toMatchObject({
        advice: expect.stringContaining(words),
        nextLook: { what: 'the next sweep of the cluster', by: at(10 + 30 * 60) },
      });
  });

  it('keeps the advice that the row has, and says so where sweeps are off', () => {
    const clusters = rules.policy.clusters.map((cluster) => ({ ...cluster, sweeps: false }));
    const silent = row({ outcome: 'Unreachable', advice: 'start the agent' });
    expect(noted(silent, { ...rules, policy: { ...rules.policy, clusters } })).toMatchObject({
      advice: 'start the agent',
      nextLook: { what: expect.stringContaining('sweeps are off') },
    });
  });
});
