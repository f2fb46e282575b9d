#!/usr/bin/env python3
"""Stand-in for aws-node, run in a real container: no Debian package ships it.

It does what amazon-vpc-cni-k8s does at its start, in the same order: it installs its plugin, opens ipamd's port (since 1.23 its
socket) and the introspection, and only then writes 10-aws.conflist. It gives no addresses; its plugin (aws-cni.sh) takes them
elsewhere.
"""
import http.server
import os
import shutil
import signal
import socket
import threading

VERSION = "1.22"
BINARIES = '/host/opt/cni/bin'
CONFIG = '/host/etc/cni/net.d/10-aws.conflist'
SOCKET = '/var/run/aws-node/ipamd.sock'
LOG = '/host/var/log/aws-routed-eni/ipamd.log'


class Introspection(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"TotalIPs":8,"AssignedIPs":0,"ENIs":{}}\n')

    def log_message(self, *_):
        pass


def install(source, target):
    shutil.copyfile(source, target + '.part')
    os.chmod(target + '.part', 0o755)
    os.replace(target + '.part', target)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


# The first process of a container gets no signal that it has no handler for.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
install('/app/aws-cni', BINARIES + '/aws-cni')
os.makedirs(os.path.dirname(LOG), exist_ok=True)
write(LOG, '{"level":"error","ts":"2026-01-14T09:12:03.123Z","caller":"ipamd/ipamd.go:1","msg":"Unable to reach API Server"}\n')
if VERSION == '1.22':
    ipamd = socket.create_server(('127.0.0.1', 50051))
else:
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    ipamd = socket.socket(socket.AF_UNIX)
    ipamd.bind(SOCKET)
    ipamd.listen()
introspection = http.server.ThreadingHTTPServer(('127.0.0.1', 61679), Introspection)
threading.Thread(target=introspection.serve_forever, daemon=True).start()
with open('/app/10-aws.conflist', encoding='utf-8') as template:
    write(CONFIG, template.read())
while True:
    connection, _ = ipamd.accept()
    connection.close()
