#!/usr/bin/python3 -ISB
"""Stand-in for cri-dockerd, which is in no Debian package.

It takes the socket that systemd hands over (or opens its own), shows its flags in the journal, and says which network
plugin it would use, as cri-dockerd does; it ends where Docker cannot be reached. Whatever it is called with, it answers
as RuntimeService/Status of the CRI's v1alpha2, and since 0.3.0 of its v1: the runtime is ready, and the network too, unless the
plugin is CNI and its first configuration or one of its programs is missing. Its help has the lines of cri-dockerd's that tell
defaults (cobra's form).
"""

import json
import os
import socket
import sys
import threading

VERSION = "0.4.3"
DOCKER = "/var/run/docker.sock"
NUMBER = tuple(int(part) for part in VERSION.split("."))
DEFAULT_PLUGIN = "cni" if NUMBER >= (0, 2, 5) else ""
DEFAULT_IMAGE = "k8s.gcr.io/pause:3.6" if NUMBER < (0, 2, 5) else "registry.k8s.io/pause:" + ("3.10" if NUMBER >= (0, 4) else "3.6")
# The versions of the CRI that it serves.
APIS = (b"v1alpha2", b"v1") if NUMBER >= (0, 3) else (b"v1alpha2",)
# HPACK's code for the characters of a path of the CRI (RFC 7541, appendix B).
HUFFMAN = {
    "/": "011000", "r": "101100", "u": "101101", "n": "101010", "t": "01001", "i": "00110", "m": "101001", "e": "00101",
    ".": "010111", "v": "1110111", "1": "00001", "a": "00011", "l": "101000", "p": "101011", "h": "100111", "2": "00010",
    "R": "1101101",
}
HELP = """CRI that connects to the Docker Daemon

Usage:
  cri-dockerd [flags]

Flags:
      --cni-bin-dir string                      <Warning: Alpha feature> A comma-separated list of full paths of directories in which to search for CNI plugin binaries. (default "/opt/cni/bin")
      --container-runtime-endpoint string       The endpoint of backend runtime service. (default "unix:///var/run/cri-dockerd.sock")
      --network-plugin string                   <Warning: Alpha feature> The name of the network plugin to be invoked for various events in kubelet/pod lifecycle.%s
      --network-plugin-mtu int32                <Warning: Alpha feature> The MTU to be passed to the network plugin, to override the default.
      --pod-infra-container-image string        The image whose network/ipc namespaces containers in each pod will use (default "%s")
""" % (' (default "cni")' if DEFAULT_PLUGIN else "", DEFAULT_IMAGE)


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


def network_fault():
    """Why the network is not ready: cri-dockerd, unlike containerd, looks for the programs too."""
    if (flag("network-plugin", DEFAULT_PLUGIN) or "no-op") != "cni":
        return ""
    folder, programs = flag("cni-conf-dir", "/etc/cni/net.d"), flag("cni-bin-dir", "/opt/cni/bin")
    try:
        files = sorted(n for n in os.listdir(folder) if n.endswith((".conf", ".conflist", ".json")))
        for name in files:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                config = json.load(file)
            types = [plugin["type"] for plugin in config.get("plugins", [config])]
            if all(os.access(os.path.join(programs, program), os.X_OK) for program in types):
                return ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return "docker: network plugin is not ready: cni config uninitialized"


def field(number, content):
    return bytes([number << 3 | 2]) + length(len(content)) + content


def length(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def condition(kind, fault):
    if fault == "":
        return field(1, field(1, kind.encode()) + b"\x10\x01")
    return field(1, field(1, kind.encode()) + field(3, b"NetworkPluginNotReady") + field(4, fault.encode()))


def frame(kind, flags, stream, content=b""):
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def forms(text):
    """A text as it may stand in a block of headers: as it is, or in Huffman's code, as far as whole bytes go."""
    bits = "".join(HUFFMAN[character] for character in text)
    yield text.encode()
    yield bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8))


def is_served(block):
    return any(form in block for api in APIS for form in forms("/runtime.%s.R" % api.decode()))


def read(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if part == b"":
            raise OSError("closed")
        data += part
    return data


def answer(connection):
    """HTTP/2 as far as one call of gRPC needs it (RFC 9113; gRPC over HTTP2)."""
    data, headers, settings, ping, end_stream, end_headers, ack = 0, 1, 4, 6, 1, 4, 1
    # The status, and the content type as a literal that is not indexed.
    start = b"\x88\x0f\x10\x10application/grpc"
    served = False
    with connection:
        connection.settimeout(10)
        try:
            read(connection, 24)
            connection.sendall(frame(settings, 0, 0))
            while True:
                head = read(connection, 9)
                kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
                content = read(connection, int.from_bytes(head[:3], "big"))
                if kind in (settings, ping) and not flags & ack:
                    connection.sendall(frame(kind, ack, 0, content if kind == ping else b""))
                if kind == headers:
                    served = is_served(content)
                if kind not in (data, headers) or not flags & end_stream:
                    continue
                if not served:
                    words = b"unknown service runtime.v1.RuntimeService"
                    trailers = b"\0\x0bgrpc-status\x0212\0\x0cgrpc-message" + bytes([len(words)]) + words
                    connection.sendall(frame(headers, end_headers | end_stream, stream, start + trailers))
                    continue
                status = field(1, condition("RuntimeReady", "") + condition("NetworkReady", network_fault()))
                message = b"\0" + len(status).to_bytes(4, "big") + status
                connection.sendall(
                    frame(headers, end_headers, stream, start)
                    + frame(data, 0, stream, message)
                    + frame(headers, end_headers | end_stream, stream, b"\0\x0bgrpc-status\x010")
                )
        except OSError:
            pass


def main():
    if "--help" in sys.argv or "-h" in sys.argv:
        print(HELP, end="")
        return
    if "--version" in sys.argv:
        print("cri-dockerd %s (stand-in)" % VERSION)
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
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


main()
