#!/usr/bin/python3 -ISB
"""Stand-in for kubelet, which is in no Debian package.

It starts as kubelet does: it reads its flags and its configuration, asks the container runtime for its version, registers the
image credential provider plugins, and then answers /healthz; where one of these fails it ends with the words of its version
(texts and rules: kubernetes/kubernetes, pkg/credentialprovider/plugin, pkg/kubelet, cmd/kubelet). It logs as much as kubelet at
its start, errors too. It runs no pods. lab/README.md lists the versions.
"""

import os
import re
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import kubelet_lines
import kubelet_providers
from kubelet_lines import log, quoted
from kubelet_providers import Failure, Fatal, decode, read_file

VERSION = "1.29.14"
MINOR = int(VERSION.split(".")[1])
# The flags that are gone since a version.
REMOVED = {"network-plugin": 24, "cni-bin-dir": 24, "cni-conf-dir": 24, "container-runtime": 27, "pod-infra-container-image": 35}
CURL = "curl -qsS --noproxy * --http2-prior-knowledge --max-time 120 --data-binary @- -D - -o /dev/null --unix-socket"

def read_flags(words):
    flags, name = {}, None
    for word in words:
        if word.startswith("-"):
            name, equals, value = word.lstrip("-").partition("=")
            if name not in kubelet_lines.FLAGS or REMOVED.get(name, 99) <= MINOR:
                raise Failure("failed to parse kubelet flag: unknown flag: --%s" % name)
            flags[name] = value if equals else "true"
            name = None if equals else name
        elif name is not None:
            flags[name] = word
            name = None
        else:
            raise Failure("unknown command %s" % word)
    return flags

def read_config(path):
    if path is None:
        return {}
    try:
        config = decode(read_file(path))
        if not isinstance(config, dict) or config.get("kind") != "KubeletConfiguration":
            raise Failure("no kind \"KubeletConfiguration\" is registered in the file")
    except Failure as failure:
        raise Failure(
            "failed to load kubelet config file, path: %s, error: failed to load Kubelet config file %s, error %s"
            % (path, path, failure)
        )
    return config

def ask_version(path, api):
    """The status of gRPC that a Version call of this version of the CRI ends with, and its message."""
    url = "http://localhost/runtime.%s.RuntimeService/Version" % api
    for _ in range(4):
        command = CURL.split() + [path, "-H", "content-type: application/grpc", "-H", "te: trailers", url]
        asked = subprocess.run(command, input=b"\0\0\0\0\0", capture_output=True)
        # A server without the service may reset the stream before curl has read its answer.
        if asked.returncode != 92:
            break
    head = asked.stdout.decode("latin-1")
    status = re.search(r"grpc-status: *(\d+)", head)
    words = re.search(r"grpc-message: *([^\r\n]*)", head)
    if status is None:
        return 14, 'connection error: desc = "error reading server preface: %s"' % asked.stderr.decode("latin-1").strip()
    return int(status.group(1)), words.group(1) if words else ""

def connect(endpoint):
    path = endpoint[len("unix://"):] if endpoint.startswith("unix://") else endpoint
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(path)
        code, words = ask_version(path, "v1")
        if code == 12 and MINOR < 26:
            code, words = ask_version(path, "v1alpha2")
    except OSError as error:
        code = 14
        words = 'connection error: desc = "transport: Error while dialing: dial unix %s: connect: %s"' % (
            path,
            (error.strerror or str(error)).lower(),
        )
    if code == 0:
        return
    failure = "rpc error: code = %s desc = %s" % ({12: "Unimplemented", 14: "Unavailable"}.get(code, "Unknown"), words)
    what = "validate CRI v1 runtime API for endpoint"
    if MINOR < 26:
        what = "unable to determine runtime API version for endpoint"
    elif MINOR == 26 and code == 12:
        what = "CRI v1 runtime API is not implemented for endpoint"
    raise Failure("failed to run Kubelet: validate service connection: %s %s: %s" % (what, quoted(endpoint), failure))

def serve(address, port):
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen()
    while True:
        client, _ = server.accept()
        threading.Thread(target=answer, args=(client,), daemon=True).start()

def answer(client):
    with client:
        client.settimeout(10)
        try:
            request = b""
            while b"\r\n\r\n" not in request:
                part = client.recv(4096)
                if not part:
                    return
                request += part
            healthy = request.split(b" ")[1:2] == [b"/healthz"]
            client.sendall(b"HTTP/1.0 200 OK\r\n\r\nok" if healthy else b"HTTP/1.0 404 Not Found\r\n\r\n")
        except OSError:
            pass

def main():
    if sys.argv[1:] == ["--version"]:
        print("Kubernetes v" + VERSION)
        return
    try:
        flags = read_flags(sys.argv[1:])
        kubelet_lines.say_flags(flags, VERSION)
        config = read_config(flags.get("config"))
        kubelet_lines.say_start(flags, VERSION)
        endpoint = flags.get("container-runtime-endpoint") or config.get("containerRuntimeEndpoint")
        connect(endpoint or "unix:///run/containerd/containerd.sock")
    except Failure as failure:
        log("E", "run.go:%d" % (72 if MINOR > 29 else 74), '"command failed" err=%s' % quoted(failure))
        sys.exit(1)
    try:
        kubelet_providers.register(
            flags.get("image-credential-provider-config", ""), flags.get("image-credential-provider-bin-dir", ""), MINOR
        )
    except Fatal as fatal:
        log("F", "plugins.go:47", str(fatal))
        sys.exit(255)
    except Failure as failure:
        log("E", "kuberuntime_manager.go:%d" % 284, '"Failed to register CRI auth plugins" err=%s' % quoted(failure))
        sys.exit(1)
    kubelet_lines.say_running(VERSION)
    port = int(flags.get("healthz-port") or config.get("healthzPort", 10248))
    address = flags.get("healthz-bind-address") or config.get("healthzBindAddress") or "127.0.0.1"
    if port == 0:
        threading.Event().wait()
    serve(address, port)

main()
