import { CONTAINERD_GENERATIONS } from '../../../lab/real/generations.ts';
import type { RealNode } from '../../../lab/real/node.ts';
import type { ExpectedResult, Fault } from '../fault.ts';
import { shell } from '../scenes.ts';

const KUBELET = '/usr/bin/kubelet';
const START =
  'systemctl daemon-reload; systemctl reset-failed; systemctl restart kubelet; for i in $(seq 100); do curl -fsS 127.0.0.1:10248/healthz > /dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1';
const HEADER = 'E0526 10:12:13.000123 4321';
const UNKNOWN_FLAG = `${HEADER} run.go:74] "command failed" err="failed to parse kubelet flag: unknown flag: --pod-infra-container-image"`;
const REFUSED = `${HEADER} kuberuntime_manager.go:274] "Failed to register CRI auth plugins" err="strict decoding error: unknown field"`;

/** A kubelet that logs `lines` lines and then the words with which it ends. */
const endingWith = (words: string, lines: number): string => `mv ${KUBELET} ${KUBELET}-kept
cat > ${KUBELET} <<'END'
#!/bin/sh
[ "$1" != --version ] || exec ${KUBELET}-kept --version
for i in $(seq ${lines}); do echo "I0526 10:12:13.000123 4321 flags.go:64] FLAG: --line-$i"; done >&2
echo '${words}' >&2
exit 1
END
chmod 755 ${KUBELET}
systemctl restart kubelet
for i in $(seq 100); do journalctl --quiet --output=cat --unit=kubelet | grep -q 'Main process exited' && break; sleep 0.1; done`;

const down = (kubeletFault: RegExp, more: Partial<ExpectedResult> = {}): ExpectedResult => ({
  outcome: 'Broken',
  reason: 'KubeletDown',
  evidence: { kubeletFault },
  ...more,
});

const withoutKubelet = (
  fault: Pick<Fault, 'name' | 'check' | 'repair'> & { readonly script: string; readonly undo: string },
): Fault => {
  const { script, undo, ...rest } = fault;
  return {
    ...rest,
    remediation: 'ecr-credentials',
    generations: CONTAINERD_GENERATIONS,
    break: async (node: RealNode) => {
      await shell(node, script);
    },
    restore: async (node: RealNode) => {
      await shell(node, `${undo}\n${START}`);
    },
  };
};

const MOVE_UNIT = `mv /etc/systemd/system/kubelet.service /root/; systemctl daemon-reload`;
const PUT_BACK = `mv ${KUBELET}-kept ${KUBELET}`;

/** The faults with which kubelet does not run, whatever the runtime does. */
export const faults: readonly Fault[] = [
  withoutKubelet({
    name: 'kubelet ends at an unknown flag',
    script: endingWith(UNKNOWN_FLAG, 120),
    undo: PUT_BACK,
    check: down(/^(restarting|failed)$/, { detail: /^"command failed" err=.*unknown flag: --pod-infra/ }),
  }),
  withoutKubelet({
    name: 'kubelet refuses its credential provider after 120 lines',
    script: endingWith(REFUSED, 120),
    undo: PUT_BACK,
    check: {
      outcome: 'Broken',
      reason: 'CredentialProviderInvalid',
      evidence: { configProblem: 'start' },
      detail: /strict decoding error/,
    },
  }),
  withoutKubelet({ name: 'kubelet stopped', script: 'systemctl stop kubelet', undo: '', check: down(/^stopped$/) }),
  withoutKubelet({
    name: 'kubelet masked',
    script:
      'systemctl stop kubelet; mv /etc/systemd/system/kubelet.service /root/; ln -s /dev/null /etc/systemd/system/kubelet.service; systemctl daemon-reload',
    undo: 'mv /root/kubelet.service /etc/systemd/system/kubelet.service',
    check: down(/^masked$/),
    repair: { outcome: 'Unsupported', reason: 'PlatformUnsupported' },
  }),
  {
    ...withoutKubelet({
      name: 'kubelet 1.36 with the flag --pod-infra-container-image',
      script: `sed -i.before 's|="|="--pod-infra-container-image=a/b:1 |' /etc/eks/kubelet/environment; systemctl restart kubelet; sleep 2`,
      undo: 'mv /etc/eks/kubelet/environment.before /etc/eks/kubelet/environment',
      check: down(/^(restarting|failed)$/, { detail: /unknown flag: --pod-infra-container-image/ }),
    }),
    generations: ['al2023-2'],
  },
  withoutKubelet({
    name: 'containerd runs, and systemd has no unit of kubelet',
    script: `systemctl stop kubelet; ${MOVE_UNIT}`,
    undo: 'mv /root/kubelet.service /etc/systemd/system/kubelet.service',
    check: { outcome: 'Unknown', reason: 'KubeletDown', evidence: { kubeletFault: 'not-found' } },
    repair: { outcome: 'Unsupported', reason: 'PlatformUnsupported' },
  }),
  withoutKubelet({
    name: "kubelet's program gone",
    script: `mv ${KUBELET} ${KUBELET}-kept; systemctl restart kubelet || true; sleep 1`,
    undo: PUT_BACK,
    check: down(/^(restarting|failed)$/, { detail: /kubelet/ }),
  }),
  withoutKubelet({
    name: 'kubelet hangs',
    script: 'systemctl kill --signal=STOP kubelet',
    undo: 'systemctl kill --signal=KILL kubelet',
    check: { outcome: 'Unknown', reason: 'KubeletDown', evidence: { kubeletFault: 'silent' } },
  }),
];
