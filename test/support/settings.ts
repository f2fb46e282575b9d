import type { PolicyInput } from '../../core/model/policy.ts';
import { Settings } from '../../functions/runtime/settings.ts';

const document = (name: string) => ({ name, sha256: 'a'.repeat(64), executionTimeoutSeconds: 60 });

/**
 * Settings with two remediations, one of them disruptive, and clusters in every mode: `demo` repairs, `watched`
 * observes, `careful` repairs but allows nothing disruptive.
 */
export const testSettings = (limits: PolicyInput['limits'] = {}): Settings =>
  Settings.parse({
    policy: {
      clusters: [
        { name: 'demo', mode: 'repair', remediations: { 'cri-dockerd': { allowDisruptive: true } } },
        { name: 'watched' },
        { name: 'careful', mode: 'repair' },
      ],
      limits,
    },
    logGroups: {
      '/aws/containerinsights/demo/dataplane': 'demo',
      '/aws/containerinsights/watched/dataplane': 'watched',
    },
    documents: {
      'pause-image-check': document('fleetmend-pause-image-check-aaaaaaaaaaaa'),
      'pause-image-repair': document('fleetmend-pause-image-repair-aaaaaaaaaaaa'),
      'cri-dockerd-check': document('fleetmend-cri-dockerd-check-aaaaaaaaaaaa'),
      'cri-dockerd-repair': document('fleetmend-cri-dockerd-repair-aaaaaaaaaaaa'),
      'node-check': document('fleetmend-node-check-aaaaaaaaaaaa'),
    },
    remediations: [
      { name: 'cri-dockerd', order: 2, disruptive: true, reasons: { CRIDockerdDown: 'attributable' } },
      {
        name: 'pause-image',
        order: 1,
        disruptive: false,
        reasons: {
          SandboxImageMissing: 'attributable',
          SandboxImageIncomplete: 'attributable',
          DiskFull: 'node-local',
          ImageGCPressure: 'node-local',
        },
      },
    ],
  });
