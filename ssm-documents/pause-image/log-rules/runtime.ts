import { phrase, phrases, says } from '../../../core/logs/classify/text.ts';
import { statusFailed, unitFailed } from '../../../core/logs/classify/units.ts';
import { defineLogRule, type Fault, type LineKind, type Segment } from '../../../core/model/log-lines.ts';

// The gRPC server of a runtime whose CRI is switched off, or that did not load it. Source: grpc-go, `unknown service %v`.
const NO_CRI = phrases('unknown service runtime.');
const NOT_LOADED = phrase('failed to load plugin');
// The plugins without which containerd 1.x and 2.x serve no CRI. Others are optional.
const CRI_PLUGINS = phrases('io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.');
const SKIPPED = phrases('skip plugin', 'skip loading plugin', 'level=info');
// kubelet of every version, and kubeadm. A client that a person runs may only ask for another version of the CRI.
const KUBELET_ASKS = phrases(
  'remote_runtime.go',
  'kuberuntime_manager.go',
  'failed to run Kubelet',
  'from runtime service failed',
  '[ERROR CRI]: container runtime is not running',
);
const NO_RUNTIME =
  /dialunix(?:\/\/)?(?:\/var)?\/run\/containerd\/containerd\.sock:(?:connect:)?(?:connectionrefused|nosuchfileordirectory)/;
const UNIT_STATES = [unitFailed('containerd\\.service'), statusFailed('containerd\\.service')];

type Reason = 'CRINotServed' | 'RuntimeDown';

const isOfKubelet = (segment: Segment, kind: LineKind | undefined): boolean =>
  kind === 'kubelet' || says(segment, KUBELET_ASKS);

const isUnserved = (segment: Segment, kind: LineKind | undefined): boolean =>
  (says(segment, NO_CRI) && isOfKubelet(segment, kind)) ||
  (segment.lower.includes(NOT_LOADED) && says(segment, CRI_PLUGINS) && !says(segment, SKIPPED));

const isDown = (segment: Segment, kind: LineKind | undefined): boolean =>
  (NO_RUNTIME.test(segment.lower) && isOfKubelet(segment, kind)) ||
  UNIT_STATES.some((state) => state.test(segment.lower));

/** The runtime that kubelet uses. A restart looks the same for some seconds, so that the node is checked first. */
export const runtime = defineLogRule<Reason>({
  name: 'runtime',
  order: 25,
  reasons: { CRINotServed: 23, RuntimeDown: 24 },
  notFrom: ['ipamd'],
  read: (segment, kind): Fault<Reason> | null => {
    if (isUnserved(segment, kind)) return { reason: 'CRINotServed', hint: true };
    return isDown(segment, kind) ? { reason: 'RuntimeDown', hint: true } : null;
  },
});
