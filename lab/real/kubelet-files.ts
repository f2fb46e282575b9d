import type { NodeFile } from './node-file.ts';
import type { LabSite, NodePlan } from './protocol.ts';
import { criSocket } from './runtime-files.ts';

const PROVIDER_FOLDER = '/etc/eks/image-credential-provider';

/**
 * Kubelet's unit, flags and configuration as the AMI has them (awslabs/amazon-eks-ami). Kubelet itself is a
 * stand-in that reads them.
 */
export function kubeletFiles(site: LabSite, plan: NodePlan): NodeFile[] {
  return plan.style.startsWith('al2023') ? nodeadmFiles(site, plan) : bootstrapFiles(plan);
}

/** Amazon Linux 2023: what nodeadm writes. */
function nodeadmFiles(site: LabSite, plan: NodePlan): NodeFile[] {
  const flags = ['--config=/etc/kubernetes/kubelet/config.json', ...providerFlags(plan)];
  return [
    {
      path: 'etc/kubernetes/kubelet/config.json',
      content: configuration({
        containerRuntimeEndpoint: `unix://${criSocket(plan)}`,
        providerID: `aws:///${site.region}a/${plan.instanceId}`,
      }),
    },
    { path: 'etc/eks/kubelet/environment', content: `NODEADM_KUBELET_ARGS="${flags.join(' ')}"\n` },
    unit(
      'Wants=containerd.service\nAfter=containerd.service',
      'EnvironmentFile=/etc/eks/kubelet/environment',
      '$NODEADM_KUBELET_ARGS',
    ),
  ];
}

/** Amazon Linux 2, Ubuntu and a custom image with Docker: what bootstrap.sh writes. */
function bootstrapFiles(plan: NodePlan): NodeFile[] {
  const endpoint = `unix://${criSocket(plan)}`;
  const runtime = plan.runtime === 'docker' ? 'docker.service cri-docker.service' : 'containerd.service';
  const requires = plan.sandboxImageUnit ? `${runtime} sandbox-image.service` : runtime;
  const flags = [
    '--config /etc/kubernetes/kubelet/kubelet-config.json',
    '--kubeconfig /var/lib/kubelet/kubeconfig',
    `--container-runtime-endpoint ${endpoint}`,
    ...providerFlags(plan),
    '$KUBELET_ARGS',
  ];
  return [
    { path: 'etc/kubernetes/kubelet/kubelet-config.json', content: configuration({}) },
    unit(`After=${requires}\nRequires=${requires}`, '', flags.join(' ')),
    {
      path: 'etc/systemd/system/kubelet.service.d/10-kubelet-args.conf',
      content: `[Service]\nEnvironment='KUBELET_ARGS=--node-ip=${plan.address} --pod-infra-container-image=${plan.sandboxImage} --v=2'\n`,
    },
  ];
}

function unit(relations: string, environment: string, flags: string): NodeFile {
  return {
    path: 'etc/systemd/system/kubelet.service',
    content: `[Unit]
Description=Kubernetes Kubelet
Documentation=https://github.com/kubernetes/kubernetes
${relations}

[Service]
${environment}
ExecStart=/usr/bin/kubelet ${flags}
Restart=on-failure
RestartForceExitStatus=SIGPIPE
RestartSec=5
KillMode=process

[Install]
WantedBy=multi-user.target
`,
  };
}

function providerFlags(plan: NodePlan): string[] {
  if (!plan.tools.credentialProvider) return [];
  return [
    `--image-credential-provider-config ${PROVIDER_FOLDER}/config.json`,
    `--image-credential-provider-bin-dir ${PROVIDER_FOLDER}`,
  ];
}

function configuration(extra: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    {
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' },
      ...extra,
    },
    null,
    2,
  );
}
