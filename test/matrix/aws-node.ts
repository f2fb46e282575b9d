import { readFileSync } from 'node:fs';
import type { RealNode } from '../../lab/real/node.ts';

/** Where the stand-in for aws-node writes its configuration. */
export const AWS_CONFLIST = '/etc/cni/net.d/10-aws.conflist';

const APP = '/var/lib/lab-aws-node';
const SAVED_PROGRAMS = '/var/lib/lab-cni-bin';
const SAVED_CONFIG = '/var/lib/lab-10-lab.conflist';
const UNIT = 'lab-aws-node.service';
/** What `ctr run` gives the container: aws-node's own host paths, and the node's /usr to run in. */
const MOUNTS = [
  'src=/usr,dst=/usr,options=rbind:ro',
  `src=${APP}/app,dst=/app,options=rbind:ro`,
  'src=/opt/cni/bin,dst=/host/opt/cni/bin,options=rbind:rw',
  'src=/etc/cni/net.d,dst=/host/etc/cni/net.d,options=rbind:rw',
  'src=/var/log,dst=/host/var/log,options=rbind:rw',
  'src=/run/aws-node,dst=/var/run/aws-node,options=rbind:rw',
];

const CONFLIST = {
  cniVersion: '0.4.0',
  name: 'aws-cni',
  plugins: [
    {
      name: 'aws-cni',
      type: 'aws-cni',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: false,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

/** kubelet's part is the unit's: it starts the container again whenever it ends. */
const UNIT_FILE = `[Unit]
Description=Stand-in for aws-node and for the kubelet that restarts it
After=containerd.service
StartLimitIntervalSec=0

[Service]
ExecStartPre=-/bin/sh -c 'ctr -n k8s.io tasks rm -f aws-node; ctr -n k8s.io containers rm aws-node'
ExecStart=/usr/bin/env ctr -n k8s.io run --rm --null-io --net-host --rootfs --label io.kubernetes.container.name=aws-node --label io.kubernetes.pod.namespace=kube-system ${MOUNTS.map((mount) => `--mount type=bind,${mount}`).join(' ')} ${APP}/root aws-node /usr/bin/python3 /app/aws-node.py
Restart=always
RestartSec=1
`;

/** The version of aws-node on a generation: since 1.23 its ipamd listens on a socket. */
const versionOn = ({ generation }: RealNode): string => (generation === 'al2023-2' ? '1.23' : '1.22');

const read = (name: string, version: string): string =>
  readFileSync(new URL(`../../lab/real/stand-ins/${name}`, import.meta.url), 'utf8').replace(
    /^(VERSION ?= ?)".*"$/m,
    `$1"${version}"`,
  );

/** Runs a shell script on a node; throws where it fails. */
export async function shell(node: RealNode, script: string, input = ''): Promise<string> {
  const result = await node.exec(['bash', '-o', 'errexit', '-c', script], { input });
  if (result.code !== 0) throw new Error(`breaking ${node.name}: ${script}: ${result.stderr.trim()}`);
  return result.stdout;
}

/**
 * Makes a node one of aws-node's: a stand-in for it in a real container of containerd, labelled as kubelet labels it, with
 * its plugin and its conflist. The time of its start, and of containerd's, are set back, so that nothing is taken for a
 * node that has only just started.
 */
export async function startAwsNode(node: RealNode): Promise<void> {
  await shell(
    node,
    `[ -d ${SAVED_PROGRAMS} ] || cp -a /opt/cni/bin ${SAVED_PROGRAMS}; [ -f ${SAVED_CONFIG} ] || cp -a /etc/cni/net.d/10-lab.conflist ${SAVED_CONFIG}; mkdir -p /run/aws-node ${APP}/app ${APP}/root/{usr,app,host,tmp,var/run/aws-node}`,
  );
  await shell(
    node,
    `ln -sfn usr/bin ${APP}/root/bin; ln -sfn usr/lib ${APP}/root/lib; ln -sfn usr/lib64 ${APP}/root/lib64`,
  );
  await shell(node, `cat > ${APP}/app/aws-node.py`, read('aws-node.py', versionOn(node)));
  await shell(node, `cat > ${APP}/app/aws-cni`, read('aws-cni.sh', versionOn(node)));
  await shell(node, `cat > ${APP}/app/10-aws.conflist`, JSON.stringify(CONFLIST));
  await shell(node, `cat > /etc/systemd/system/${UNIT}`, UNIT_FILE);
  await shell(
    node,
    `systemctl daemon-reload; systemctl start ${UNIT}; for i in {1..200}; do [ -s ${AWS_CONFLIST} ] && exit; sleep 0.1; done; exit 1`,
  );
  await age(node);
}

/** Sets the start of containerd and of the stand-in back by an hour. */
export async function age(node: RealNode): Promise<void> {
  await shell(
    node,
    'touch -d "1 hour ago" /run/containerd/containerd.sock /run/containerd/io.containerd.runtime.v2.task/k8s.io/aws-node',
  );
}

/** Takes aws-node off a node again, with all that it brought and all that a fault or a repair left. */
export async function stopAwsNode(node: RealNode): Promise<void> {
  await shell(
    node,
    `systemctl kill --signal=KILL ${UNIT} || true; systemctl stop ${UNIT}; rm -f /etc/systemd/system/${UNIT}; systemctl daemon-reload`,
  );
  await shell(
    node,
    `ctr -n k8s.io tasks rm -f aws-node || true; ctr -n k8s.io containers rm aws-node || true;
     find /etc/cni/net.d -mindepth 1 -delete; cp -a ${SAVED_CONFIG} /etc/cni/net.d/10-lab.conflist; rm -rf /etc/cni/net.d.fleetmend-backup;
     find /opt/cni/bin -mindepth 1 -delete; cp -a ${SAVED_PROGRAMS}/. /opt/cni/bin/; rm -rf ${SAVED_PROGRAMS} ${SAVED_CONFIG} ${APP} /run/aws-node`,
  );
}
