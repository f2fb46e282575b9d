import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { hostArchitecture } from '../image/elf.ts';
import { launcherOf } from './launcher.ts';
import { nodeFiles } from './node-files.ts';
import { mustRun } from './process.ts';
import type { LabSite, NodePlan } from './protocol.ts';
import type { RuntimeName } from './runtimes.ts';

/** The folders of one node, in the warden's mount namespace. */
export type NodeFolders = {
  /** The node's root, to boot. */
  readonly root: string;
  /** The layer with the differences from the machine's root. */
  readonly upper: string;
  readonly containerd: string;
  readonly docker: string;
};

const RUNTIME_MEGABYTES = 512;
const copies = new Map<string, Promise<string>>();

/**
 * Copies a runtime's files to a tmpfs of the lab, once, and returns the folder: an overlay's layers may not lie in one
 * another, and the machine's root is one of them.
 */
export function copyRuntime(site: LabSite, name: RuntimeName, folder: string): Promise<string> {
  const copy = async () => {
    const target = join(site.folder, `runtime-${name}`);
    mkdirSync(target, { mode: 0o755 });
    await mountTmpfs(target, RUNTIME_MEGABYTES);
    await mustRun('cp', ['--archive', '--no-target-directory', folder, target]);
    return target;
  };
  const started = copies.get(folder) ?? copy();
  copies.set(folder, started);
  return started;
}

/** The machine's own settings and data, which a node must not have: each is hidden before the root is put together. */
const HIDDEN_FOLDERS = [
  'root',
  'tmp',
  'etc/systemd/system',
  'etc/cni',
  'etc/containerd',
  'etc/docker',
  'etc/eks',
  'etc/kubernetes',
  'opt/cni',
  'var/lib/cni',
  'var/lib/kubelet',
  'var/lib/amazon',
  'var/log/journal',
];
/** Tools that not every node has: the documents may not need them. */
const HIDDEN_PROGRAMS = [
  'usr/bin/jq',
  'usr/bin/crictl',
  'usr/local/bin/crictl',
  'usr/bin/nerdctl',
  'usr/local/bin/docker',
  'usr/local/bin/aws',
];
/** Units of systemd itself that would touch the machine's kernel, or cost time for nothing. */
const MASKED_UNITS = [
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'kmod-static-nodes.service',
  'proc-sys-fs-binfmt_misc.automount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-binfmt.service',
  'systemd-firstboot.service',
  'systemd-modules-load.service',
  'systemd-pcrphase-sysinit.service',
  'systemd-pcrphase.service',
  'systemd-random-seed.service',
  'systemd-repart.service',
  'systemd-sysctl.service',
  'systemd-sysusers.service',
  'systemd-tmpfiles-clean.timer',
  'systemd-tmpfiles-setup-dev.service',
  'systemd-tmpfiles-setup.service',
  'systemd-update-utmp.service',
];
const CNI_PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap'];
const DEBIAN_CNI_FOLDER = '/usr/lib/cni';
/** Debian's AWS CLI brings its own list of authorities. */
const AWS_CLI_AUTHORITIES = 'usr/lib/python3/dist-packages/awscli/botocore/cacert.pem';
const SYSTEM_AUTHORITIES = 'etc/ssl/certs/ca-certificates.crt';
/** The lab's own authority alone: curl takes 40 ms to read all of them, which the real credential provider does not. */
const LAB_AUTHORITY = 'etc/ssl/lab-authority.pem';
/** Where the stand-in for kubelet lies. */
const KUBELET_FOLDER = 'usr/lib/lab-kubelet';
const CREDENTIAL_PROVIDER = 'etc/eks/image-credential-provider/ecr-credential-provider';

/**
 * Puts a node's root together: an overlay of the machine's own root with a sized tmpfs above it, and a sized tmpfs for
 * containerd, whose snapshotter cannot lie on an overlay. Everything is in the warden's mount namespace.
 */
export async function makeNodeRoot(
  site: LabSite,
  plan: NodePlan,
  authority: string,
  runtime?: string,
): Promise<NodeFolders> {
  const base = join(site.folder, plan.name);
  const folders = {
    upper: join(base, 'upper'),
    work: join(base, 'work'),
    root: join(base, 'root'),
    containerd: join(base, 'containerd'),
    docker: join(base, 'docker'),
  };
  const { upper, work, root, containerd, docker } = folders;
  mkdirSync(base, { mode: 0o700 });
  await mountTmpfs(base, plan.rootMegabytes);
  for (const folder of Object.values(folders)) mkdirSync(folder, { mode: 0o755 });
  await mountTmpfs(containerd, plan.containerdMegabytes);
  if (plan.runtime === 'docker') await mountTmpfs(docker, plan.containerdMegabytes);
  await hide(upper, plan);
  const lower = runtime === undefined ? '/' : `${runtime}:/`;
  await mustRun('mount', [
    '-t',
    'overlay',
    'overlay',
    '-o',
    `lowerdir=${lower},upperdir=${upper},workdir=${work}`,
    root,
  ]);

  for (const folder of HIDDEN_FOLDERS) mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
  for (const unit of MASKED_UNITS) symlinkSync('/dev/null', join(root, 'etc/systemd/system', unit));
  symlinkSync('lab-node.target', join(root, 'etc/systemd/system/default.target'));
  for (const file of nodeFiles(site, plan)) {
    const target = join(root, file.path);
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { force: true }); // it may be a link out of the node's root
    writeFileSync(target, file.content, { mode: file.mode ?? 0o644 });
  }
  mkdirSync(join(root, 'opt/cni/bin'), { recursive: true });
  if (plan.generation === undefined) {
    for (const plugin of CNI_PLUGINS) symlinkSync(join(DEBIAN_CNI_FOLDER, plugin), join(root, 'opt/cni/bin', plugin));
  } else {
    // Copies, which a fault may change.
    for (const plugin of CNI_PLUGINS) {
      copyFileSync(join(DEBIAN_CNI_FOLDER, plugin), join(root, 'opt/cni/bin', plugin));
    }
  }
  placeKubelet(root, plan);
  if (plan.runtime === 'docker') placeStandIn('cri-dockerd.py', join(root, 'usr/bin/cri-dockerd'), plan.criDockerd);
  if (plan.tools.credentialProvider) placeStandIn('ecr-credential-provider.sh', join(root, CREDENTIAL_PROVIDER));
  writeFileSync(join(root, LAB_AUTHORITY), authority);
  for (const bundle of [SYSTEM_AUTHORITIES, AWS_CLI_AUTHORITIES]) {
    if (existsSync(join(root, bundle))) appendFileSync(join(root, bundle), `\n${authority}`);
  }
  return { root, upper, containerd, docker };
}

/** Installs a stand-in for a program that is in no Debian package, as the given version of it. */
function placeStandIn(name: string, target: string, version?: string): void {
  const script = readFileSync(new URL(`./stand-ins/${name}`, import.meta.url), 'utf8');
  writeFileSync(target, version === undefined ? script : script.replace(/^VERSION = ".*"$/m, `VERSION = "${version}"`));
  chmodSync(target, 0o755);
}

/** kubelet is asked for its version by its program as /proc shows it, which that of a script is not. */
function placeKubelet(root: string, plan: NodePlan): void {
  mkdirSync(join(root, KUBELET_FOLDER), { recursive: true });
  for (const part of ['kubelet.py', 'kubelet_lines.py', 'kubelet_providers.py']) {
    placeStandIn(part, join(root, KUBELET_FOLDER, part), plan.kubelet);
  }
  const program = join(root, 'usr/bin/kubelet');
  writeFileSync(program, launcherOf(hostArchitecture(), `/${KUBELET_FOLDER}/kubelet.py`));
  chmodSync(program, 0o755);
}

async function mountTmpfs(folder: string, megabytes: number): Promise<void> {
  await mustRun('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tmpfs', folder]);
}

/** Whiteouts in the upper layer: quicker than to remove a whole tree, and nothing below shines through after. */
async function hide(upper: string, plan: NodePlan): Promise<void> {
  const programs = [
    ...HIDDEN_PROGRAMS,
    ...(plan.runtime === 'docker' ? [] : ['usr/bin/docker']),
    ...(plan.tools.awsCli ? [] : ['usr/bin/aws']),
    ...(plan.tools.ecrLogin ? [] : ['usr/bin/docker-credential-ecr-login']),
  ];
  for (const path of [...HIDDEN_FOLDERS, ...programs].filter((candidate) => existsSync(join('/', candidate)))) {
    mkdirSync(dirname(join(upper, path)), { recursive: true, mode: 0o755 });
    await mustRun('mknod', [join(upper, path), 'c', '0', '0']);
  }
}
