import { ADDRESSES, ecrApiHost, layerBucketHost, PREFIX_BITS, regionOfEcrHost } from './addresses.ts';
import { kubeletFiles } from './kubelet-files.ts';
import type { NodeFile } from './node-file.ts';
import type { LabSite, NodePlan } from './protocol.ts';
import { runtimeFiles, runtimeUnits } from './runtime-files.ts';

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
    // No resolver listens at this address: a name that is not in the hosts file fails at once.
    { path: 'etc/resolv.conf', content: `nameserver ${ADDRESSES.bridge}\noptions timeout:1 attempts:1\n` },
    { path: 'etc/fstab', content: '' },
    { path: 'etc/systemd/journald.conf', content: '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n' },
    ...runtimeFiles(plan),
    cniConfig(),
    ...unitFiles(plan),
    ...kubeletFiles(site, plan),
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

/** A network without an agent: the VPC CNI is in no Debian package. Faults of it bring a stand-in for aws-node. */
function cniConfig(): NodeFile {
  const content = JSON.stringify({
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
  return { path: 'etc/cni/net.d/10-lab.conflist', content };
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
      content: `[Unit]\nDescription=Node of the lab\nRequires=basic.target lab-network.service\nWants=${runtimeUnits(plan).join(' ')} kubelet.service\nAfter=basic.target\nAllowIsolate=yes\n`,
    },
    {
      path: 'etc/systemd/system/containerd.service.d/10-lab.conf',
      content: '[Unit]\nAfter=lab-network.service\n\n[Service]\nExecStartPre=\n',
    },
  ];
}

/** The list of the AMIs (awslabs/amazon-eks-ami). */
const MATCH_IMAGES = [
  '*.dkr.ecr.*.amazonaws.com',
  '*.dkr-ecr.*.on.aws',
  '*.dkr.ecr.*.amazonaws.com.cn',
  '*.dkr-ecr.*.on.amazonwebservices.com.cn',
  '*.dkr.ecr-fips.*.amazonaws.com',
  '*.dkr-ecr-fips.*.on.aws',
  '*.dkr.ecr.*.c2s.ic.gov',
  '*.dkr.ecr.*.sc2s.sgov.gov',
  '*.dkr.ecr.*.cloud.adc-e.uk',
  '*.dkr.ecr.*.csp.hci.ic.gov',
  '*.dkr.ecr.*.amazonaws.eu',
  'public.ecr.aws',
];

function credentialProviderFiles(): NodeFile[] {
  const configuration = {
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [
      {
        name: 'ecr-credential-provider',
        matchImages: MATCH_IMAGES,
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
