"""The flags of kubelet, and what it logs at its start, which is much more than what is wrong: 25 to 270 lines, errors too."""

import json
import os
import sys
import time

# Those that the AMIs set, and as many others as kubelet prints at verbosity 1 and more (flags.go).
FLAGS = """
address allowed-unsafe-sysctls anonymous-auth authentication-token-webhook authentication-token-webhook-cache-ttl authorization-mode
authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl boot-id-file bootstrap-kubeconfig cert-dir
cgroup-driver cgroup-root cgroups-per-qos client-ca-file cloud-config cloud-provider cluster-dns cluster-domain cni-bin-dir cni-conf-dir
config config-dir container-hints container-log-max-files container-log-max-size container-runtime container-runtime-endpoint containerd
containerd-namespace contention-profiling cpu-cfs-quota cpu-cfs-quota-period cpu-manager-policy cpu-manager-policy-options
cpu-manager-reconcile-period enable-controller-attach-detach enable-debugging-handlers enable-load-reader enable-server
enforce-node-allocatable event-burst event-qps event-storage-age-limit event-storage-event-limit eviction-hard
eviction-max-pod-grace-period eviction-minimum-reclaim eviction-pressure-transition-period eviction-soft eviction-soft-grace-period
exit-on-lock-contention experimental-allocatable-ignore-eviction fail-swap-on feature-gates file-check-frequency
global-housekeeping-interval hairpin-mode healthz-bind-address healthz-port help hostname-override housekeeping-interval
http-check-frequency image-credential-provider-bin-dir image-credential-provider-config image-gc-high-threshold image-gc-low-threshold
image-service-endpoint keep-terminated-pod-volumes kernel-memcg-notification kube-api-burst kube-api-qps kube-reserved
kube-reserved-cgroup kubeconfig kubelet-cgroups local-storage-capacity-isolation lock-file log-cadvisor-usage log-flush-frequency
log-json-info-buffer-size log-json-split-stream log-text-info-buffer-size log-text-split-stream logging-format machine-id-file
make-iptables-util-chains manifest-url manifest-url-header max-open-files max-pods maximum-dead-containers
maximum-dead-containers-per-container memory-manager-policy minimum-container-ttl-duration minimum-image-ttl-duration network-plugin
node-ip node-labels node-status-max-images node-status-update-frequency oom-score-adj pod-cidr pod-infra-container-image
pod-manifest-path pod-max-pids pods-per-core port protect-kernel-defaults provider-id qos-reserved read-only-port register-node
register-schedulable register-with-taints registry-burst registry-qps reserved-cpus reserved-memory resolv-conf root-dir
rotate-certificates rotate-server-certificates runonce runtime-cgroups runtime-request-timeout seccomp-default
serialize-image-pulls storage-driver-buffer-duration storage-driver-db storage-driver-host storage-driver-password
storage-driver-secure storage-driver-table storage-driver-user streaming-connection-idle-timeout sync-frequency system-cgroups
system-reserved system-reserved-cgroup tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file topology-manager-policy
topology-manager-policy-options topology-manager-scope v version vmodule volume-plugin-dir volume-stats-agg-period
""".split()

SINCE_START = (
    ("W", "info.go:53", "Couldn't collect info from any of the files in \"/etc/machine-id,/var/lib/dbus/machine-id\""),
    ("I", "server.go:725", '"--cgroups-per-qos enabled, but --cgroup-root was not specified.  defaulting to /"'),
    ("I", "container_manager_linux.go:265", '"Container manager verified user specified cgroup-root exists" cgroupRoot=[]'),
    ("I", "topology_manager.go:138", '"Creating topology manager with none policy"'),
    ("I", "container_manager_linux.go:301", '"Creating device plugin manager"'),
    ("I", "state_mem.go:36", '"Initialized new in-memory state store"'),
    ("I", "kubelet.go:396", '"Attempting to sync node with API server"'),
    ("I", "kubelet.go:301", '"Adding static pod path" path="/etc/kubernetes/manifests"'),
    ("E", "file.go:104", '"Unable to read config path" err="path does not exist, ignoring" path="/etc/kubernetes/manifests"'),
    ("I", "kubelet.go:312", '"Adding apiserver pod source"'),
    ("I", "apiserver.go:42", '"Waiting for node sync before watching apiserver pods"'),
)
RUNNING = (
    ("I", "server.go:1256", '"Started kubelet"'),
    ("I", "ratelimit.go:55", '"Setting rate limiting for endpoint" service="podresources" qps=100 burstTokens=10'),
    ("E", "cri_stats_provider.go:448", '"Failed to get the info of the filesystem with mountpoint" err="unable to find data in memory cache" mountpoint="/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs"'),
    ("E", "kubelet.go:1476", '"Image garbage collection failed once. Stats initialization may not have completed yet" err="invalid capacity 0 on image filesystem"'),
    ("I", "server.go:461", '"Adding debug handlers to kubelet server"'),
    ("I", "volume_manager.go:291", '"Starting Kubelet Volume Manager"'),
    ("I", "kubelet_network_linux.go:50", '"Initialized iptables rules." protocol="IPv4"'),
    ("I", "kubelet.go:2321", '"Starting kubelet main sync loop"'),
    ("E", "kubelet.go:2345", '"Skipping pod synchronization" err="[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]"'),
    ("I", "kubelet_node_status.go:70", '"Attempting to register node"'),
    ("E", "kubelet_node_status.go:92", '"Unable to register node with API server" err="Post \\"https://api.example/api/v1/nodes\\": dial tcp: i/o timeout"'),
    ("I", "cpu_manager.go:214", '"Starting CPU manager" policy="none"'),
    ("I", "plugin_manager.go:118", '"Starting Kubelet Plugin Manager"'),
)


def log(severity, place, text):
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.gmtime(now)) + ".%06d" % (now % 1 * 1e6)
    print("%s%s %7d %s] %s" % (severity, stamp, os.getpid(), place, text), file=sys.stderr, flush=True)


def quoted(text):
    return json.dumps(str(text), ensure_ascii=False)


def say_flags(flags, version):
    """kubelet prints every flag where it is verbose, as bootstrap.sh makes it with --v=2."""
    if "pod-infra-container-image" in flags:
        print(
            "Flag --pod-infra-container-image has been deprecated, will be removed in a future release. "
            "Image garbage collector will get sandbox image information from CRI.",
            file=sys.stderr,
            flush=True,
        )
    if int(flags.get("v", "0")) < 1:
        return
    for name in FLAGS:
        log("I", "flags.go:64", "FLAG: --%s=%s" % (name, quoted(flags.get(name, ""))))
    gates = "CPUManager MemoryManager RotateKubeletServerCertificate KubeletCredentialProviders GracefulNodeShutdown".split()
    for gate in gates * 17:
        log("I", "feature_gate.go:249", "feature gates: &{map[%s:true]}" % gate)


def say_start(flags, version):
    log("I", "server.go:415", '"Kubelet version" kubeletVersion="v%s"' % version)
    log("I", "server.go:417", '"Golang settings" GOGC="" GOMAXPROCS="" GOTRACEBACK=""')
    for severity, place, text in SINCE_START:
        log(severity, place, text)


def say_running(version):
    for severity, place, text in RUNNING:
        log(severity, place, text)
