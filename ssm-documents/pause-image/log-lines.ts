import { defineLogLines } from '../../core/model/log-lines.ts';
import { disk } from './log-rules/disk.ts';
import { runtime } from './log-rules/runtime.ts';
import { sandboxImage } from './log-rules/sandbox-image.ts';

/**
 * The log lines of a sandbox that does not start (kubelet of every version; `failed, error` of containerd; `andbox for pod`
 * matches both spellings), of a runtime that does not answer, of what comes before it, and of the unit that pulls the sandbox image on AL2.
 */
export const logLines = defineLogLines({
  phrases: {
    kubelet: [
      'runtime service',
      'get sandbox image',
      'andbox for pod',
      'create pod sandbox',
      'infra container',
      'high threshold',
      'garbage collect',
      'unused images',
      'imagefs pressure',
      'to reclaim',
      'HasDiskPressure',
      'no space left',
    ],
    containerd: [
      'failed, error',
      'get sandbox image',
      'ImageDelete event',
      'no space left',
      'to load plugin',
      'localhost/v2/',
    ],
    docker: ['no space left'],
    'cri-dockerd': ['andbox for pod', 'no space left'],
    system: [
      'get sandbox image',
      'pull sandbox',
      'sandbox-image',
      'failed for Kube',
      'containerd.service',
      'no space left',
    ],
    event: [
      'get sandbox image',
      'to pull sandbox',
      'create pod sandbox',
      'andbox for pod',
      'image pull failed for',
      'garbage collect',
      'to reclaim',
      'low on resource',
      'HasDiskPressure',
      'condition: [Disk',
      'no space left',
    ],
  },
  rules: [sandboxImage, runtime, disk],
});
