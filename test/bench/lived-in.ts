import { setTimeout as delay } from 'node:timers/promises';
import { hostArchitecture } from '../../lab/image/elf.ts';
import { buildPauseImage } from '../../lab/image/pause-image.ts';
import type { RealNodeSpec } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';

/** What a node has gathered after some months. kubelet keeps three names of an image: by tag, by digest, by id. */
export const LIVED_IN = { imageNames: 302, containers: 50, journalLines: 20_000 } as const;
/** Amazon Linux 2 as its AMI is: kubelet's provider, the AWS CLI and the sandbox-image unit. */
export const LIVED_IN_NODE = {
  style: 'al2',
  sandboxImageUnit: true,
  tools: { awsCli: true, credentialProvider: true },
} as const satisfies RealNodeSpec;

const REGISTRY = '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn';
const IMAGES = Math.ceil(LIVED_IN.imageNames / 3);
const AT_ONCE = 8;
const PATIENCE_MS = 60_000;

const run = async (node: RealNode, script: string, input?: string): Promise<string> => {
  const { code, stdout, stderr } = await node.exec(['bash', '-euc', script], input === undefined ? {} : { input });
  if (code !== 0) throw new Error(`filling ${node.name}: ${script.slice(0, 80)}: exit code ${code}: ${stderr.trim()}`);
  return stdout;
};

const addImages = async (node: RealNode): Promise<void> => {
  const numbers = Array.from({ length: IMAGES }, (_, i) => i);
  const digests: string[] = [];
  for (let at = 0; at < IMAGES; at += AT_ONCE) {
    await Promise.all(
      numbers.slice(at, at + AT_ONCE).map(async (i) => {
        const image = buildPauseImage({ architecture: hostArchitecture(), marker: `app ${i}` });
        digests[i] = image.manifest.digest;
        await node.importImage(image, `${REGISTRY}/app-${i}:1.${i}`);
      }),
    );
  }
  const tag = 'while read -r from to; do ctr -n k8s.io images tag "$from" "$to" > /dev/null; done';
  await run(node, tag, numbers.map((i) => `${REGISTRY}/app-${i}:1.${i} ${REGISTRY}/app-${i}@${digests[i]}\n`).join(''));
  // The CRI adds the name by id when it is told of the image.
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const names = (await node.images()).length;
    if (names >= LIVED_IN.imageNames) return;
    if (Date.now() > end) throw new Error(`filling ${node.name}: it has ${names} names of images`);
    await delay(100);
  }
};

const addContainers = async (node: RealNode): Promise<void> => {
  const start = `ctr -n k8s.io run --detach --null-io --cgroup "/bench/$i" ${REGISTRY}/app-1:1.1 "bench-$i"`;
  await run(node, `for ((i = 0; i < ${LIVED_IN.containers}; i++)); do ${start}; done`);
  const running = Number(await run(node, 'ctr -n k8s.io tasks ls | grep -c RUNNING'));
  if (running < LIVED_IN.containers) throw new Error(`filling ${node.name}: ${running} containers run`);
};

/** Lines as kubelet writes them of pods that start and end well, and of volumes. */
const journalLine = (_: unknown, i: number): string => {
  const pod = `pod="team-${i % 7}/app-${i % 50}-6d4cf56db6-${(i * 7919).toString(36).slice(-5).padStart(5, 'x')}"`;
  const texts = [
    `kubelet.go:2187] "SyncLoop (PLEG): event for pod" ${pod} event=&{ID:${i} Type:ContainerStarted Data:${'0'.repeat(64)}}`,
    `reconciler.go:156] "operationExecutor.VerifyControllerAttachedVolume started for volume \\"kube-api-access\\"" ${pod}`,
    `kubelet.go:2120] "SyncLoop UPDATE" source="api" pods=[team-${i % 7}/app-${i % 50}]`,
    `prober.go:107] "Probe failed" probeType="Readiness" ${pod} probeResult=failure output="HTTP probe failed with statuscode: 503"`,
  ];
  return `I1130 10:00:00.${String(i % 1_000_000).padStart(6, '0')}    4242 ${texts[i % texts.length]}\n`;
};

/** The unit's own output before it starts is in the journal as kubelet's. */
const fillJournal = async (node: RealNode): Promise<void> => {
  const lines = Array.from({ length: LIVED_IN.journalLines }, journalLine).join('');
  await run(
    node,
    `mkdir -p /etc/systemd/journald.conf.d /run/systemd/system/kubelet.service.d
printf '[Journal]\\nRuntimeMaxUse=128M\\nRateLimitIntervalSec=0\\n' > /etc/systemd/journald.conf.d/90-bench.conf
printf '[Service]\\nExecStartPre=/usr/bin/cat /run/bench-lines\\n' > /run/systemd/system/kubelet.service.d/90-bench.conf
cat > /run/bench-lines
systemctl daemon-reload; systemctl restart systemd-journald; systemctl restart kubelet
rm -r /run/bench-lines /run/systemd/system/kubelet.service.d; systemctl daemon-reload`,
    lines,
  );
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const count = Number(await run(node, 'journalctl --quiet --no-pager --unit=kubelet.service --output=cat | wc -l'));
    if (count >= LIVED_IN.journalLines) return;
    if (Date.now() > end) throw new Error(`filling ${node.name}: its journal has ${count} lines of kubelet`);
    await delay(200);
  }
};

/** Makes a fresh node one that has been lived in. */
export const liveIn = async (node: RealNode): Promise<void> => {
  await addImages(node);
  await addContainers(node);
  await fillJournal(node);
};
