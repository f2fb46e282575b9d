import type { PolicyInput } from '../../core/model/policy.ts';
import { Settings } from '../../functions/runtime/settings.ts';

const document = (name: string) => ({
  name,
  sha256: 'a'.repeat(64),
  contentSha256: 'b'.repeat(64),
  executionTimeoutSeconds: 60,
});

/** The documents of `node-check`, in so many parts; one part has no number. */
export const checkDocuments = (parts: number): Settings['documents'] =>
  parts === 1
    ? { 'node-check': document('fleetmend-node-check-aaaaaaaaaaaa') }
    : Object.fromEntries(
        Array.from({ length: parts }, (_, i) => [
          `node-check-${i + 1}`,
          document(`fleetmend-node-check-${i + 1}-${String(parts).repeat(12)}`),
        ]),
      );

/**
 * Settings with two remediations, one of them disruptive, and clusters in every mode: `demo` repairs, `watched`
 * observes, `careful` repairs but allows nothing disruptive.
 */
export const testSettings = (limits: PolicyInput['limits'] = {}, checkParts = 1): Settings =>
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
      ...checkDocuments(checkParts),
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
