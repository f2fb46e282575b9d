#!/usr/bin/python3 -ISB
"""Stand-in for cri-dockerd, which is in no Debian package.

It takes the socket that systemd hands over (or opens its own), shows its flags in the journal, and says which network
plugin it would use, as cri-dockerd does; it ends where Docker cannot be reached. It answers no CRI call. Its help has the
lines of cri-dockerd's that tell defaults (cobra's form); with a file /etc/cri-dockerd-old those of version 0.2.3.
"""

import os
import socket
import sys

DOCKER = "/var/run/docker.sock"
IS_OLD = os.path.exists("/etc/cri-dockerd-old")
DEFAULT_PLUGIN = "" if IS_OLD else "cni"
HELP = """CRI that connects to the Docker Daemon

Usage:
  cri-dockerd [flags]

Flags:
      --cni-bin-dir string                      <Warning: Alpha feature> A comma-separated list of full paths of directories in which to search for CNI plugin binaries. (default "/opt/cni/bin")
      --container-runtime-endpoint string       The endpoint of backend runtime service. (default "unix:///var/run/cri-dockerd.sock")
      --network-plugin string                   <Warning: Alpha feature> The name of the network plugin to be invoked for various events in kubelet/pod lifecycle.%s
      --network-plugin-mtu int32                <Warning: Alpha feature> The MTU to be passed to the network plugin, to override the default.
      --pod-infra-container-image string        The image whose network/ipc namespaces containers in each pod will use (default "%s")
""" % (' (default "cni")' if DEFAULT_PLUGIN else "", "k8s.gcr.io/pause:3.6" if IS_OLD else "registry.k8s.io/pause:3.10")


def say(level, text):
    print('time="-" level=%s msg="%s"' % (level, text.replace('"', '\\"')), file=sys.stderr, flush=True)


def flag(name, default):
    found = default
    words = sys.argv[1:]
    for index, word in enumerate(words):
        if word.startswith("--%s=" % name):
            found = word.partition("=")[2]
        elif word == "--%s" % name and index + 1 < len(words) and not words[index + 1].startswith("-"):
            found = words[index + 1]
    return found


def notify(text):
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
            notifier.connect("\0" + address[1:] if address.startswith("@") else address)
            notifier.sendall(text.encode())


def listen():
    endpoint = flag("container-runtime-endpoint", "unix:///run/cri-dockerd.sock")
    if endpoint == "fd://":
        if os.environ.get("LISTEN_FDS", "0") == "0":
            say("fatal", "no sockets found via socket activation: make sure the service was started by systemd")
            sys.exit(1)
        return socket.socket(fileno=3)
    path = endpoint[len("unix://"):]
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    return listener


def main():
    if "--help" in sys.argv or "-h" in sys.argv:
        print(HELP, end="")
        return
    say("info", "Starting cri-dockerd (stand-in) " + " ".join(sys.argv[1:]))
    say("info", "Connecting to docker on the Endpoint unix://" + DOCKER)
    try:
        with socket.socket(socket.AF_UNIX) as docker:
            docker.connect(DOCKER)
    except OSError as error:
        say("fatal", "failed to get docker version: Cannot connect to the Docker daemon at unix://%s. Is the docker daemon running? (%s)" % (DOCKER, error.strerror))
        sys.exit(1)
    plugin = flag("network-plugin", DEFAULT_PLUGIN) or "no-op"
    if plugin not in ("cni", "kubenet", "no-op"):
        say("fatal", 'network plugin "%s" not found' % plugin)
        sys.exit(1)
    name = "kubernetes.io/no-op" if plugin == "no-op" else plugin
    say("info", "Docker cri networking managed by network plugin " + name)
    listener = listen()
    say("info", "Start cri-dockerd grpc backend")
    notify("READY=1")
    while True:
        connection, _ = listener.accept()
        connection.close()


main()
