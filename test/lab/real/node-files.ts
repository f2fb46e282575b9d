import { ADDRESSES, ecrApiHost, layerBucketHost, PREFIX_BITS, regionOfEcrHost } from './addresses.ts';
import type { LabSite, NodePlan } from './protocol.ts';

/** A file to write into a node's root: path without a leading slash. */
export type NodeFile = { readonly path: string; readonly content: string; readonly mode?: number };

/** The socket of containerd on the node. */
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

/** The regions that the lab's registries lie in. */
export function regionsOf(site: LabSite): string[] {
  return [...new Set([site.region, ...site.ecrHosts.map(regionOfEcrHost)])];
}

/** All files that make a plain Debian root a node of the plan's style. */
export function nodeFiles(site: LabSite, plan: NodePlan): NodeFile[] {
  return [
    { path: 'etc/machine-id', content: `${plan.instanceId.slice(2).padStart(32, '0')}\n` },
    { path: 'etc/hostname', content: `${plan.hostname}\n` },
    { path: 'etc/hosts', content: hostsFile(site, plan) },
    // Nobody listens there: a name that is not in the hosts file fails at once.
    { path: 'etc/resolv.conf', content: `nameserver ${ADDRESSES.bridge}\noptions timeout:1 attempts:1\n` },
    { path: 'etc/fstab', content: '' },
    { path: 'etc/systemd/journald.conf', content: '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n' },
    { path: 'etc/containerd/config.toml', content: containerdConfig(plan) },
    { path: 'etc/cni/net.d/10-lab.conflist', content: cniConfig() },
    ...unitFiles(plan),
    ...kubeletFiles(plan),
    ...(plan.tools.credentialProvider ? credentialProviderFiles() : []),
    ...(plan.sandboxImageUnit ? sandboxImageFiles() : []),
  ];
}

function hostsFile(site: LabSite, plan: NodePlan): string {
  const regions = regionsOf(site);
  return [
    '127.0.0.1 localhost',
    `${plan.address} ${plan.hostname}`,
    ...[...site.ecrHosts, ...site.openHosts].map((host) => `${ADDRESSES.registry} ${host}`),
    ...regions.map((region) => `${ADDRESSES.s3} ${layerBucketHost(region)}`),
    ...regions.map((region) => `${ADDRESSES.ecr} ${ecrApiHost(region)}`),
    '',
  ].join('\n');
}

/** As the AMIs write it; `restrict_oom_score_adj` is the lab's, for machines without CAP_SYS_RESOURCE. */
function containerdConfig(plan: NodePlan): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
imports = ["/etc/containerd/config.d/*.toml"]

[grpc]
address = "${CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${plan.sandboxImage}"
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"
discard_unpacked_layers = ${plan.discardUnpackedLayers}

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/opt/cni/bin"
conf_dir = "/etc/cni/net.d"
`;
}

function cniConfig(): string {
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: 'lab',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: false,
        ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

function unitFiles(plan: NodePlan): NodeFile[] {
  // runc makes its groups in the version 1 hierarchies, which nspawn mounts read-only.
  const network = `#!/bin/sh
set -e
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
  mountpoint -q "$hierarchy" && mount -o remount,rw,bind "$hierarchy" || true
done
ip link set lo up
ip link set host0 up
ip address add ${plan.address}/${PREFIX_BITS} dev host0
ip route add default via ${ADDRESSES.bridge}
`;
  return [
    { path: 'usr/local/sbin/lab-network', content: network, mode: 0o755 },
    {
      path: 'etc/systemd/system/lab-network.service',
      content:
        '[Unit]\nDescription=Network of the lab\nBefore=containerd.service\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/sbin/lab-network\n',
    },
    {
      path: 'etc/systemd/system/lab-node.target',
      content:
        '[Unit]\nDescription=Node of the lab\nRequires=basic.target lab-network.service\nWants=containerd.service kubelet.service\nAfter=basic.target\nAllowIsolate=yes\n',
    },
    {
      path: 'etc/systemd/system/containerd.service.d/10-lab.conf',
      content: '[Unit]\nAfter=lab-network.service\n\n[Service]\nExecStartPre=\n',
    },
  ];
}

/** Kubelet is a stand-in that does nothing but show the AMI's flags on its command line. */
function kubeletFiles(plan: NodePlan): NodeFile[] {
  const configuration = JSON.stringify(
    {
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' },
      ...(plan.style === 'al2023' ? { containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}` } : {}),
    },
    null,
    2,
  );
  const standIn: NodeFile = {
    path: 'usr/bin/kubelet',
    content: '#!/bin/sh\nwhile :; do sleep 3600; done\n',
    mode: 0o755,
  };
  const provider =
    '--image-credential-provider-config /etc/eks/image-credential-provider/config.json --image-credential-provider-bin-dir /etc/eks/image-credential-provider';
  if (plan.style === 'al2023') {
    return [
      standIn,
      { path: 'etc/kubernetes/kubelet/config.json', content: configuration },
      {
        path: 'etc/eks/kubelet/environment',
        content: `NODEADM_KUBELET_ARGS="--config=/etc/kubernetes/kubelet/config.json ${provider}"\n`,
      },
      {
        path: 'etc/systemd/system/kubelet.service',
        content:
          '[Unit]\nDescription=Kubernetes Kubelet\nWants=containerd.service\nAfter=containerd.service\n\n[Service]\nEnvironmentFile=/etc/eks/kubelet/environment\nExecStart=/usr/bin/kubelet $NODEADM_KUBELET_ARGS\nRestart=on-failure\n',
      },
    ];
  }
  const requires = plan.sandboxImageUnit ? 'containerd.service sandbox-image.service' : 'containerd.service';
  return [
    standIn,
    { path: 'etc/kubernetes/kubelet/kubelet-config.json', content: configuration },
    {
      path: 'etc/systemd/system/kubelet.service',
      content: `[Unit]\nDescription=Kubernetes Kubelet\nAfter=${requires}\nRequires=${requires}\n\n[Service]\nExecStart=/usr/bin/kubelet --config /etc/kubernetes/kubelet/kubelet-config.json --kubeconfig /var/lib/kubelet/kubeconfig --container-runtime-endpoint unix://${CONTAINERD_SOCKET} ${provider} $KUBELET_ARGS\nRestart=on-failure\n`,
    },
    {
      path: 'etc/systemd/system/kubelet.service.d/10-kubelet-args.conf',
      content: `[Service]\nEnvironment='KUBELET_ARGS=--node-ip=${plan.address} --pod-infra-container-image=${plan.sandboxImage} --v=2'\n`,
    },
  ];
}

function credentialProviderFiles(): NodeFile[] {
  const configuration = {
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [
      {
        name: 'ecr-credential-provider',
        matchImages: ['*.dkr.ecr.*.amazonaws.com', '*.dkr.ecr.*.amazonaws.com.cn', '*.dkr.ecr-fips.*.amazonaws.com'],
        defaultCacheDuration: '12h',
        apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      },
    ],
  };
  return [
    {
      path: 'etc/eks/image-credential-provider/config.json',
      content: JSON.stringify(configuration, null, 2),
    },
  ];
}

/** The AL2 AMI's unit, shaped as it was before it needed crictl: it trusts the name and pulls with the AWS CLI. */
function sandboxImageFiles(): NodeFile[] {
  const script = `#!/usr/bin/env bash
set -euo pipefail
source <(grep "sandbox_image" /etc/containerd/config.toml | tr -d ' ')
if [[ "$(ctr --namespace k8s.io image ls | grep "$sandbox_image")" != "" ]]; then exit 0; fi
region=$(echo "$sandbox_image" | cut -f4 -d ".")
ecr_password=$(aws ecr get-login-password --region "$region")
ctr --namespace k8s.io content fetch "$sandbox_image" --user "AWS:$ecr_password"
`;
  return [
    { path: 'etc/eks/containerd/pull-sandbox-image.sh', content: script, mode: 0o755 },
    {
      path: 'etc/systemd/system/sandbox-image.service',
      content:
        '[Unit]\nDescription=pull sandbox image defined in containerd config.toml\nAfter=containerd.service\nRequires=containerd.service\n\n[Service]\nType=oneshot\nExecStart=/etc/eks/containerd/pull-sandbox-image.sh\n\n[Install]\nWantedBy=multi-user.target\n',
    },
  ];
}
