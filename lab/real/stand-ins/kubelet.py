#!/usr/bin/python3 -ISB
"""Stand-in for kubelet, which is in no Debian package.

It starts as kubelet does: it reads its configuration, registers the image credential provider plugins, connects to the
container runtime and then answers /healthz; where one of these fails it exits with kubelet's own words (texts and rules:
kubernetes/kubernetes, pkg/credentialprovider/plugin and pkg/kubelet). It runs no pods.
"""

import glob
import json
import os
import socket
import sys
import threading
import time

KINDS = ("kubelet.config.k8s.io/v1", "kubelet.config.k8s.io/v1beta1", "kubelet.config.k8s.io/v1alpha1")
PLUGIN_VERSIONS = (
    "credentialprovider.kubelet.k8s.io/v1",
    "credentialprovider.kubelet.k8s.io/v1alpha1",
    "credentialprovider.kubelet.k8s.io/v1beta1",
)


class Failure(Exception):
    pass


def log(severity, place, text):
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.gmtime(now)) + ".%06d" % (now % 1 * 1e6)
    print("%s%s %7d %s] %s" % (severity, stamp, os.getpid(), place, text), file=sys.stderr, flush=True)


def quoted(text):
    return json.dumps(str(text))


def read_flags(words):
    flags, name = {}, None
    for word in words:
        if word.startswith("-"):
            name, equals, value = word.lstrip("-").partition("=")
            flags[name] = value if equals else "true"
            name = None if equals else name
        elif name is not None:
            flags[name] = word
            name = None
    return flags


def decode(text):
    try:
        return json.loads(text)
    except ValueError:
        # Kept out of the usual start, which JSON makes quicker.
        sys.path.append("/usr/lib/python3/dist-packages")
        from ruamel.yaml import YAML, YAMLError

        try:
            return YAML(typ="safe", pure=True).load(text)
        except YAMLError as error:
            raise Failure("yaml: %s" % str(error).replace("\n", " "))


def read_file(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError as error:
        raise Failure("open %s: %s" % (path, error.strerror.lower()))


def read_config(flags):
    path = flags.get("config")
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


def read_providers(path):
    if not os.path.exists(path):
        raise Failure('unable to access path "%s": stat %s: no such file or directory' % (path, path))
    files = [path]
    if os.path.isdir(path):
        files = sorted(f for e in ("json", "yaml", "yml") for f in glob.glob(os.path.join(path, "*." + e)))
        if not files:
            raise Failure('no configuration files found in directory "%s"' % path)
    providers = []
    for file in files:
        try:
            config = decode(read_file(file))
            if not isinstance(config, dict):
                raise Failure("couldn't get version/kind; json parse error")
            if config.get("kind") != "CredentialProviderConfig" or config.get("apiVersion") not in KINDS:
                raise Failure(
                    'no kind "%s" is registered for version "%s" in scheme'
                    % (config.get("kind", ""), config.get("apiVersion", ""))
                )
        except Failure as failure:
            raise Failure('error decoding config "%s": %s' % (file, failure))
        providers += config.get("providers") or []
    return providers


def validate_providers(providers):
    faults = []
    if not providers:
        faults.append("providers: Required value: at least 1 item in plugins is required")
    names = []
    for provider in providers:
        name = str(provider.get("name", ""))
        if "/" in name:
            faults.append('providers.name: Invalid value: "%s": provider name cannot contain \'/\'' % name)
        if name in names:
            faults.append('providers.name: Duplicate value: "%s"' % name)
        names.append(name)
        version = provider.get("apiVersion", "")
        if version == "":
            faults.append("providers.apiVersion: Required value")
        elif version not in PLUGIN_VERSIONS:
            faults.append(
                'providers.apiVersion: Unsupported value: "%s": supported values: %s'
                % (version, ", ".join('"%s"' % known for known in sorted(PLUGIN_VERSIONS)))
            )
        if not provider.get("matchImages"):
            faults.append("providers.matchImages: Required value: at least 1 item in matchImages is required")
        if provider.get("defaultCacheDuration") is None:
            faults.append("providers.defaultCacheDuration: Required value")
    if len(faults) == 1:
        raise Failure("failed to validate credential provider config: %s" % faults[0])
    if faults:
        raise Failure("failed to validate credential provider config: [%s]" % ", ".join(faults))


def register_plugins(flags):
    path = flags.get("image-credential-provider-config", "")
    folder = flags.get("image-credential-provider-bin-dir", "")
    if path == "" and folder == "":
        return
    if not os.path.exists(folder):
        raise Failure("plugin binary directory %s did not exist" % folder)
    providers = read_providers(path)
    validate_providers(providers)
    for provider in providers:
        binary = os.path.join(folder, provider["name"])
        if not os.path.exists(binary):
            raise Failure("plugin binary executable %s did not exist" % binary)
        if os.path.isdir(binary) or not os.access(binary, os.X_OK):
            raise Failure('error inspecting binary executable %s: exec: "%s": permission denied' % (binary, binary))


def connect(endpoint):
    path = endpoint[len("unix://"):] if endpoint.startswith("unix://") else endpoint
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(path)
        except OSError as error:
            raise Failure(
                'failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint %s: rpc '
                'error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix '
                '%s: connect: %s"' % (quoted(endpoint), path, (error.strerror or str(error)).lower())
            )


def serve(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
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
    flags = read_flags(sys.argv[1:])
    if "version" in flags:
        # The last one that asks ECR by itself, where it is given no provider.
        print("Kubernetes v1.26.15")
        return
    try:
        config = read_config(flags)
        endpoint = flags.get("container-runtime-endpoint") or config.get("containerRuntimeEndpoint")
        connect(endpoint or "unix:///run/containerd/containerd.sock")
    except Failure as failure:
        log("E", "run.go:74", '"command failed" err=%s' % quoted(failure))
        sys.exit(1)
    try:
        register_plugins(flags)
    except Failure as failure:
        log("E", "kuberuntime_manager.go:274", '"Failed to register CRI auth plugins" err=%s' % quoted(failure))
        sys.exit(1)
    log("I", "server.go:1256", '"Started kubelet"')
    serve(int(config.get("healthzPort", 10248)))


main()
