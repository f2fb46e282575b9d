import { phrases, says } from '../../core/logs/classify/text.ts';
import { statusFailed, unitFailed } from '../../core/logs/classify/units.ts';
import { defineLogRule, type LineKind, type Segment } from '../../core/model/log-lines.ts';

// The last words of kubelets of every version. Source: kubernetes/kubernetes, cmd/kubelet/app/server.go and
// staging/src/k8s.io/component-base/cli/run.go.
const LAST_WORDS = phrases(
  'failed to run Kubelet',
  'failed to parse kubelet flag',
  'failed to load Kubelet config file',
  'failed to validate kubelet flags',
  'failed to validate kubelet configuration',
  'failed to construct kubelet dependencies',
);
const COMMAND_FAILED = phrases('"command failed" err=');
const UNIT_FAILED = phrases('Failed to start kubelet: The Kubernetes Node Agent', 'Failed to start Kubernetes Kubelet');
const UNIT_STATES = [unitFailed('kubelet\\.service'), statusFailed('kubelet\\.service')];

const isDown = (segment: Segment, kind: LineKind | undefined): boolean =>
  says(segment, LAST_WORDS) ||
  (kind === 'kubelet' && says(segment, COMMAND_FAILED)) ||
  says(segment, UNIT_FAILED) ||
  UNIT_STATES.some((state) => state.test(segment.lower));

/** A kubelet that ends. It is read last: a rule that knows the cause answers before it. */
export const kubelet = defineLogRule<'KubeletDown'>({
  name: 'kubelet',
  order: 60,
  reasons: { KubeletDown: 75 },
  notFrom: ['ipamd'],
  read: (segment, kind) => (isDown(segment, kind) ? { reason: 'KubeletDown', hint: true } : null),
});
