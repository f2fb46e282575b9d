/**
 * The process inside the lab's namespaces (mounts, network, processes). It builds the network, serves the registry,
 * the ECR API and instance metadata, and boots the nodes. It is process 1 of its namespace: when it ends, by itself,
 * by its parent's end or by any signal, the kernel ends every process, mount and interface of the lab.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ecrApiHost, layerBucketHost } from './addresses.ts';
import { type LabCertificates, makeCertificates } from './certificates.ts';
import { joinControlGroups, makeControlGroups } from './cgroups.ts';
import { type CredentialStore, createCredentialStore } from './credentials.ts';
import { startEcrApi } from './ecr-api.ts';
import { type MetadataService, startMetadata } from './imds.ts';
import { BRIDGE, openNetwork } from './network.ts';
import { regionsOf } from './node-files.ts';
import { copyRuntime, makeNodeRoot, type NodeFolders } from './node-root.ts';
import { mustRun } from './process.ts';
import type { LabSite, NodePlan, ServiceCall, WardenAnswer, WardenMethods, WardenRequest } from './protocol.ts';
import { type RegistryService, startRegistry } from './registry.ts';
import { CONTAINERD_SOCKET } from './runtime-files.ts';
import type { TlsFront } from './tls-front.ts';

const BOOT_TIMEOUT_MILLISECONDS = 30_000;
const POLL_MILLISECONDS = 20;
const CONSOLE_CHARACTERS = 8_000;

type OpenLab = {
  readonly site: LabSite;
  readonly certificates: LabCertificates;
  readonly credentials: CredentialStore;
  readonly registry: RegistryService;
  readonly ecr: TlsFront;
  readonly metadata: MetadataService;
};

const calls: ServiceCall[] = [];
const machines = new Map<string, ChildProcess>();
let opened: OpenLab | undefined;

function lab(): OpenLab {
  if (opened === undefined) throw new Error('using the lab: it is not open yet');
  return opened;
}

const methods: WardenMethods = {
  open: async (site) => {
    mkdirSync(site.folder, { recursive: true });
    await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=0700', 'tmpfs', site.folder]);
    await openNetwork();
    const regions = regionsOf(site);
    const certificates = await makeCertificates(join(site.folder, 'certificates'), [
      ...site.ecrHosts,
      ...site.openHosts,
      ...regions.flatMap((region) => [ecrApiHost(region), layerBucketHost(region)]),
    ]);
    const credentials = createCredentialStore();
    const log = (call: ServiceCall) => calls.push(call);
    const [registry, ecr, metadata] = await Promise.all([
      startRegistry({ site, certificates, credentials, log }),
      startEcrApi({ site, regions, certificates, credentials, log }),
      startMetadata({ site, credentials, log }),
    ]);
    opened = { site, certificates, credentials, registry, ecr, metadata };
  },

  startNode: async (plan) => {
    const { site, certificates, credentials } = lab();
    credentials.addNode({ instanceId: plan.instanceId, address: plan.address, hostname: plan.hostname });
    const runtime =
      plan.runtimeFolder === undefined ? undefined : await copyRuntime(site, plan.runtime, plan.runtimeFolder);
    const folders = await makeNodeRoot(site, plan, certificates.authority, runtime);
    const groups = makeControlGroups(`${site.labId}/${plan.name}`);
    return { initPid: await bootMachine(plan, folders, groups) };
  },

  stopNode: async ({ name }) => {
    const machine = machines.get(name);
    if (machine === undefined) throw new Error(`stopping the node ${name}: there is none of that name`);
    machines.delete(name);
    const ended = new Promise((resolve) => machine.once('close', resolve));
    machine.kill('SIGKILL');
    await ended;
    await mustRun('umount', ['--recursive', '--lazy', join(lab().site.folder, name)]);
  },

  setFault: async ({ target, fault }) => {
    const { registry, ecr, metadata } = lab();
    await { registry: registry.registry, s3: registry.s3, ecr, metadata }[target].setFault(fault);
  },

  setRole: async ({ address, role }) => {
    const node = lab().credentials.nodeAt(address);
    if (node === undefined) throw new Error(`setting a role: no node has the address ${address}`);
    node.role = role;
  },

  expireTokens: async () => lab().credentials.expireTokens(Date.now()),
  calls: async () => calls,
  secrets: async () => lab().credentials.secrets(),
};

async function bootMachine(
  { name, hostname, runtime }: NodePlan,
  { root, containerd, docker }: NodeFolders,
  groups: readonly string[],
): Promise<number> {
  const args = [
    ...['--quiet', '--boot', `--directory=${root}`, `--machine=${name}`, `--hostname=${hostname}`],
    ...[`--network-bridge=${BRIDGE}`, '--register=no', '--keep-unit', '--capability=all', '--console=pipe'],
    ...[
      '--settings=no',
      '--link-journal=no',
      '--resolv-conf=off',
      '--timezone=off',
      '--system-call-filter=@keyring bpf',
    ],
    `--bind=${containerd}:/var/lib/containerd`,
    ...(runtime === 'docker' ? [`--bind=${docker}:/var/lib/docker`] : []),
  ];
  const [program = '', ...rest] = [...joinControlGroups(groups), 'systemd-nspawn', ...args];
  const machine = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  machines.set(name, machine);
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-CONSOLE_CHARACTERS);
  };
  machine.stdout.on('data', keep);
  machine.stderr.on('data', keep);
  machine.on('close', (code, signal) => {
    if (machines.delete(name)) console.error(`the node ${name} ended (${code ?? signal}): ${text}`);
  });

  const deadline = Date.now() + BOOT_TIMEOUT_MILLISECONDS;
  while (Date.now() < deadline && machine.exitCode === null) {
    const initPid = childOf(machine.pid ?? 0);
    if (initPid !== undefined && existsSync(`/proc/${initPid}/root${CONTAINERD_SOCKET}`)) return initPid;
    await delay(POLL_MILLISECONDS);
  }
  throw new Error(`booting the node ${name}: containerd's socket did not appear; its console says: ${text}`);
}

/** The machine's process 1: the child of systemd-nspawn that is first in a process namespace below the warden's. */
function childOf(pid: number): number | undefined {
  const path = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(path)) return undefined;
  return readFileSync(path, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .find((child) => /^NSpid:\s+\d+\s+1$/m.test(readStatus(child)));
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    // The process has ended: systemd-nspawn starts helpers.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return '';
    throw error;
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  const request = message as WardenRequest; // only this lab's own client writes to the channel
  const method = methods[request.method] as (params: unknown) => Promise<unknown>;
  method(request.params).then(
    (result) => answer({ id: request.id, result }),
    (error: unknown) => answer({ id: request.id, error: error instanceof Error ? error.message : String(error) }),
  );
});

function answer(message: WardenAnswer): void {
  process.send?.(message);
}
