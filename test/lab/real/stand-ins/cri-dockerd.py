#!/usr/bin/python3 -ISB
"""Stand-in for cri-dockerd, which is in no Debian package.

It takes the socket that systemd hands over (or opens its own), shows its flags in the journal, and says which network
plugin it would use, as cri-dockerd does; it ends where Docker cannot be reached. It answers no CRI call.
"""

import os
import socket
import sys

DOCKER = "/var/run/docker.sock"


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
    say("info", "Starting cri-dockerd (stand-in) " + " ".join(sys.argv[1:]))
    say("info", "Connecting to docker on the Endpoint unix://" + DOCKER)
    try:
        with socket.socket(socket.AF_UNIX) as docker:
            docker.connect(DOCKER)
    except OSError as error:
        say("fatal", "failed to get docker version: Cannot connect to the Docker daemon at unix://%s. Is the docker daemon running? (%s)" % (DOCKER, error.strerror))
        sys.exit(1)
    plugin = flag("network-plugin", "cni") or "no-op"
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
