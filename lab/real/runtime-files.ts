import type { NodeFile } from './node-file.ts';
import type { NodePlan } from './protocol.ts';

/** The socket of containerd on a node. */
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
const CRI_DOCKERD_SOCKET = '/run/cri-dockerd.sock';

/** The socket that kubelet is configured to use. */
export function criSocket(plan: NodePlan): string {
  return plan.runtime === 'docker' ? CRI_DOCKERD_SOCKET : CONTAINERD_SOCKET;
}

/** The units that a node starts for its pods. */
export function runtimeUnits(plan: NodePlan): string[] {
  if (plan.runtime !== 'docker') return ['containerd.service'];
  return ['containerd.service', 'docker.socket', 'docker.service', 'cri-docker.socket', 'cri-docker.service'];
}

/** The configuration of the node's runtime. */
export function runtimeFiles(plan: NodePlan): NodeFile[] {
  if (plan.runtime === 'docker') return dockerFiles(plan);
  const content = plan.runtime === '2' ? containerdConfig3(plan) : containerdConfig2(plan);
  return [{ path: 'etc/containerd/config.toml', content }];
}

/** As the AMIs write it; `restrict_oom_score_adj` is the lab's, for machines without CAP_SYS_RESOURCE. */
function containerdConfig2(plan: NodePlan): string {
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

/** As nodeadm writes it for containerd 2 (config2.template.toml). */
function containerdConfig3(plan: NodePlan): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
imports = ["/etc/containerd/config.d/*.toml"]

[grpc]
address = "${CONTAINERD_SOCKET}"

[plugins.'io.containerd.cri.v1.images']
discard_unpacked_layers = ${plan.discardUnpackedLayers}

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "${plan.sandboxImage}"

[plugins."io.containerd.cri.v1.images".registry]
config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"

[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true

[plugins.'io.containerd.cri.v1.runtime'.containerd]
default_runtime_name = "runc"

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dir = "/opt/cni/bin"
conf_dir = "/etc/cni/net.d"
`;
}

/** Docker with AL2's daemon.json, and cri-dockerd's own units (Mirantis/cri-dockerd, packaging/systemd). */
function dockerFiles(plan: NodePlan): NodeFile[] {
  const daemon = {
    bridge: 'none',
    'log-driver': 'json-file',
    'log-opts': { 'max-size': '10m', 'max-file': '10' },
    'live-restore': true,
    'max-concurrent-downloads': 10,
    iptables: false,
  };
  return [
    { path: 'etc/docker/daemon.json', content: `${JSON.stringify(daemon, null, 2)}\n` },
    // The node has no group docker.
    { path: 'etc/systemd/system/docker.socket.d/10-lab.conf', content: '[Socket]\nSocketGroup=root\n' },
    {
      path: 'etc/systemd/system/cri-docker.socket',
      content: `[Unit]
Description=CRI Docker Socket for the API
PartOf=cri-docker.service

[Socket]
ListenStream=%t/cri-dockerd.sock
SocketMode=0660
SocketUser=root
SocketGroup=root

[Install]
WantedBy=sockets.target
`,
    },
    {
      path: 'etc/systemd/system/cri-docker.service',
      content: `[Unit]
Description=CRI Interface for Docker Application Container Engine
Documentation=https://docs.mirantis.com
After=network-online.target firewalld.service docker.service
Wants=network-online.target
Requires=cri-docker.socket

[Service]
Type=notify
ExecStart=/usr/bin/cri-dockerd --container-runtime-endpoint fd:// --pod-infra-container-image=${plan.sandboxImage}
ExecReload=/bin/kill -s HUP $MAINPID
TimeoutSec=0
RestartSec=2
Restart=always
StartLimitBurst=3
StartLimitInterval=60s
TasksMax=infinity
Delegate=yes
KillMode=process

[Install]
WantedBy=multi-user.target
`,
    },
  ];
}
