import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defined } from '../../core/model/defined.ts';
import { hostArchitecture } from '../image/elf.ts';
import { buildPauseImage, imageArchive, type PauseImage } from '../image/pause-image.ts';
import type { AgentReply, DeliveredDocument, LabNode } from '../node.ts';
import { runDocument } from './agent.ts';
import { type BreakKind, breakNode } from './breaks.ts';
import { joinControlGroups, makeControlGroups } from './cgroups.ts';
import type { RoleState } from './credentials.ts';
import { type Cri, connectCri, type SandboxOptions, type SandboxResult } from './cri.ts';
import { connectDocker, type Docker } from './docker.ts';
import type { GenerationName, NodeStyle, RealNodeSpec } from './generations.ts';
import { type ImageRecord, parseImageTable } from './image-records.ts';
import { LOCAL_IMAGE, planNode, platformOf, runtimeOf } from './node-plan.ts';
import { nodeProcesses, processorMilliseconds } from './node-processes.ts';
import { type ProgramResult, runProgram } from './process.ts';
import type { NodePlan } from './protocol.ts';
import { LOOK_ALIKE_MARKER } from './registry.ts';
import { CONTAINERD_SOCKET } from './runtime-files.ts';
import { prepareRuntime } from './runtimes.ts';
import { type FileHashes, hashFiles } from './snapshot.ts';
import { type Trace, traceProcesses } from './trace.ts';
import type { Warden } from './warden-client.ts';

/** The state that a check must not change. */
export type NodeSnapshot = {
  readonly files: FileHashes;
  readonly containerd: FileHashes;
  readonly images: readonly ImageRecord[];
  /** Rows of the lists of containerd, or its error. */
  readonly content: readonly string[];
  readonly snapshots: readonly string[];
  readonly containers: readonly string[];
  readonly docker?: {
    readonly files: FileHashes;
    readonly images: readonly string[];
    readonly containers: readonly string[];
  };
};

/** A node of the lab with a real systemd, containerd and runc. */
export type RealNode = LabNode & {
  readonly kind: 'real';
  readonly name: string;
  readonly address: string;
  readonly region: string;
  readonly style: NodeStyle;
  readonly generation: GenerationName | undefined;
  /** The packages of another Debian suite that the node's runtime comes from, with their versions. */
  readonly runtimeVersions: string | undefined;
  readonly sandboxImage: string;
  /** The image that `sandboxImage` stands for, and one that looks like it. */
  readonly pauseImage: PauseImage;
  readonly lookAlikeImage: PauseImage;
  /** containerd's own CRI: on a node with Docker kubelet does not use it. */
  readonly cri: Cri;
  /** Where the node's pods are Docker's. */
  readonly docker: Docker | undefined;
  /** Program and arguments that run a command line on the node, from outside. */
  readonly enter: (command: readonly string[]) => string[];
  /** Runs a program on the node. */
  readonly exec: (command: readonly string[], options?: { input?: string | Buffer }) => Promise<ProgramResult>;
  /** Runs `ctr -n k8s.io` on the node; throws where it fails. */
  readonly ctr: (args: readonly string[]) => Promise<ProgramResult>;
  readonly journal: (unit?: string) => Promise<string>;
  /**
   * Starts a pod sandbox as the node's runtime does: by the CRI; with Docker, a container of the
   * pause image by `docker run` (cri-dockerd is a stand-in), without a network.
   */
  readonly runPodSandbox: (options?: SandboxOptions) => Promise<SandboxResult>;
  readonly removeSandboxes: () => Promise<void>;
  readonly images: () => Promise<ImageRecord[]>;
  readonly importImage: (image: PauseImage, name: string) => Promise<void>;
  readonly snapshot: () => Promise<NodeSnapshot>;
  readonly breakNode: (kind: BreakKind) => Promise<void>;
  readonly setRole: (role: RoleState) => Promise<void>;
  /** Processor time that containerd and its ended children have used so far. */
  readonly containerdProcessorMilliseconds: () => number;
  /**
   * Writes every execve on the node to files that start with `path`, arguments and environments in full, until
   * stopped: of all processes that run now, their children, and the documents run meanwhile.
   */
  readonly trace: (path: string) => Promise<Trace>;
  /** Ends the connections to a node that is going to end. */
  readonly detach: () => void;
  /** Ends the node as a terminated instance ends: a document that runs on it gets no reply. */
  readonly stop: () => Promise<void>;
};

const NSENTER = ['nsenter', '--mount', '--pid', '--ipc', '--net', '--uts', '--cgroup', '--root', '--wdns=/'];
const EXEC_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const READY_TIMEOUT_MILLISECONDS = 20_000;
const LOCAL_ARCHIVE = '/etc/eks/pause.tar';
/** The agent's own files: each document that it runs lies there. */
const AGENT_FOLDER = 'var/lib/amazon';
/** Even a sandbox that fails writes there (a lease, taken and given back); its contents are listed instead. */
const CONTAINERD_DATABASE = 'io.containerd.metadata.v1.bolt/meta.db';

/** Boots a node in the lab, gives it its pause image, and resolves when its runtime is ready for pods. */
export async function startRealNode(
  warden: Warden,
  number: number,
  spec: RealNodeSpec & { instanceId: string; cluster: string },
): Promise<RealNode> {
  const runtime = await prepareRuntime(runtimeOf(spec));
  const plan = planNode(warden.site, number, spec, runtime?.folder);
  const { initPid } = await warden.startNode(plan);
  const node = describeNode(warden, plan, { ...spec, runtimeVersions: runtime?.versions }, warden.hostPid(initPid));
  await waitForRuntime(node);
  await giveImage(node);
  // The unit pulls the image at boot, and would repair a node that is broken during that time.
  if (plan.sandboxImageUnit) await node.exec(['systemctl', 'start', 'sandbox-image.service']);
  return node;
}

function describeNode(
  warden: Warden,
  plan: NodePlan,
  spec: RealNodeSpec & { cluster: string; runtimeVersions: string | undefined },
  pid: number,
): RealNode {
  const root = `/proc/${pid}/root`;
  const upper = warden.rootPath() + join(warden.site.folder, plan.name, 'upper');
  const cri = connectCri(root + CONTAINERD_SOCKET);
  const agentGroups = makeControlGroups(`${warden.labId}/${plan.name}/agent`);
  let running = true;
  let trace: Trace | undefined;
  const gap = spec.documentGapMilliseconds ?? 0;
  /** When the agent starts its next document. */
  let freeAt = 0;
  const nextStart = async (): Promise<void> => {
    const at = Math.max(Date.now(), freeAt);
    freeAt = at + gap;
    if (at > Date.now()) await delay(at - Date.now());
  };
  const enter = (command: readonly string[]) => [...NSENTER, '--target', String(pid), '--', ...command];
  const exec: RealNode['exec'] = async (command, options) => {
    const [program = '', ...args] = enter(command);
    return await runProgram(program, args, { env: { PATH: EXEC_PATH }, ...options });
  };
  const docker = plan.runtime === 'docker' ? connectDocker(exec) : undefined;
  const platform = platformOf(plan.style);

  const list = async (args: readonly string[]) => {
    const result = await exec(['ctr', '--namespace', 'k8s.io', ...args]);
    return result.code === 0 ? lines(result) : [result.stderr];
  };

  const node: RealNode = {
    instanceId: plan.instanceId,
    kind: 'real',
    cluster: spec.cluster,
    tags: { 'eks:cluster-name': spec.cluster, [`kubernetes.io/cluster/${spec.cluster}`]: 'owned', ...spec.tags },
    privateDnsName: plan.hostname,
    platformName: platform.name,
    agentVersion: '3.3.987.0',
    state: () => (running ? 'running' : 'terminated'),
    pingStatus: () => (running ? 'Online' : 'ConnectionLost'),
    name: plan.name,
    address: plan.address,
    region: warden.site.region,
    style: plan.style,
    generation: plan.generation,
    runtimeVersions: spec.runtimeVersions,
    sandboxImage: plan.sandboxImage,
    pauseImage: buildPauseImage({ architecture: hostArchitecture() }),
    lookAlikeImage: buildPauseImage({ architecture: hostArchitecture(), marker: LOOK_ALIKE_MARKER }),
    cri,
    docker,
    enter,
    exec,
    ctr: async (args) => {
      const result = await node.exec(['ctr', '--namespace', 'k8s.io', ...args]);
      if (result.code !== 0) throw new Error(`running ctr ${args.join(' ')} on ${plan.name}: ${result.stderr.trim()}`);
      return result;
    },
    journal: async (unit = 'containerd') => {
      const result = await node.exec(['journalctl', '--no-pager', '--output=cat', '--unit', unit]);
      return result.stdout;
    },
    runPodSandbox: async (options) =>
      docker === undefined ? await cri.runPodSandbox(options) : await docker.startSandbox(plan.sandboxImage),
    removeSandboxes: async () => await (docker === undefined ? cri.removeSandboxes() : docker.removeContainers()),
    images: async () => parseImageTable((await node.ctr(['images', 'ls'])).stdout),
    importImage: async (image, name) => {
      const result = await node.exec(['ctr', '--namespace', 'k8s.io', 'images', 'import', '-'], {
        input: imageArchive(image, name),
      });
      if (result.code !== 0) throw new Error(`importing ${name} on ${plan.name}: ${result.stderr.trim()}`);
      await cri.waitForImage(name, image.config.digest);
    },
    snapshot: async () => ({
      files: hashFiles(upper, [AGENT_FOLDER]),
      containerd: hashFiles(`${root}/var/lib/containerd`, [CONTAINERD_DATABASE]),
      images: parseImageTable((await list(['images', 'ls'])).join('\n')),
      content: await list(['content', 'ls', '--quiet']),
      snapshots: await list(['snapshots', 'ls']),
      containers: await list(['containers', 'ls', '--quiet']),
      ...(docker === undefined
        ? {}
        : {
            docker: {
              files: hashFiles(`${root}/var/lib/docker`),
              images: await docker.images(),
              containers: await docker.containers(),
            },
          }),
    }),
    breakNode: (kind) => breakNode(node, kind),
    setRole: (role) => warden.setRole({ address: plan.address, role }),
    containerdProcessorMilliseconds: () => {
      const containerd = nodeProcesses(pid).find(({ command }) => command === 'containerd');
      if (containerd === undefined) throw new Error(`measuring containerd on ${plan.name}: it does not run`);
      return processorMilliseconds(containerd.pid);
    },
    trace: async (path) => {
      trace = await traceProcesses(path, pid, () => {
        trace = undefined;
      });
      return trace;
    },
    run: async (document: DeliveredDocument, signal: AbortSignal): Promise<AgentReply> => {
      const host = {
        instanceId: plan.instanceId,
        region: warden.site.region,
        platformName: platform.name,
        platformVersion: platform.version,
        environment: spec.agentEnvironment ?? {},
        enter: (command: readonly string[]) => [...joinControlGroups(agentGroups), ...enter(command)],
        writeFile: async (path: string, content: string, mode: number) => {
          mkdirSync(dirname(root + path), { recursive: true, mode: 0o700 });
          writeFileSync(root + path, content, { mode });
        },
      };
      await nextStart();
      const reply = await runDocument(host, document, signal, defined({ traceTo: trace?.nextFile() }));
      freeAt = Math.max(freeAt, Date.now() + gap);
      // The agent of a node that has ended never replies.
      return running ? reply : await new Promise<never>(() => undefined);
    },
    detach: () => {
      running = false;
      cri.close();
    },
    stop: async () => {
      if (!running) return;
      node.detach();
      await warden.stopNode({ name: plan.name });
    },
  };
  return node;
}

/** containerd's socket is there before the CRI answers. */
async function waitForRuntime(node: RealNode): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MILLISECONDS;
  for (;;) {
    try {
      if ((await node.cri.status()).runtimeReady) return;
    } catch (cause) {
      if (Date.now() > deadline) throw new Error(`waiting for containerd on ${node.name}: no answer`, { cause });
    }
    await delay(20);
  }
}

/** Gives a node its pause image as its AMI does: pulled from ECR at boot, or cached, renamed, pinned and archived. */
async function giveImage(node: RealNode): Promise<void> {
  if (node.docker !== undefined) {
    await node.docker.wait();
    await node.docker.load(node.pauseImage, node.sandboxImage);
    return;
  }
  if (node.style !== 'al2023') {
    await node.importImage(node.pauseImage, node.sandboxImage);
    return;
  }
  const name = `${LOCAL_IMAGE}:latest`;
  await node.importImage(node.pauseImage, name);
  await node.ctr(['images', 'label', name, 'io.cri-containerd.pinned=pinned']);
  // containerd 2's ctr may end before the transfer service's last bytes are in the file (seen 10 times in 150).
  const local = node.generation === 'al2023-2' ? ['--local'] : [];
  await node.ctr(['images', 'export', ...local, LOCAL_ARCHIVE, name]);
}

function lines(result: ProgramResult): string[] {
  return result.stdout.split('\n').filter((line) => line.trim() !== '');
}
