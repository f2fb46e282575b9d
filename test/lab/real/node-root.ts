import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFiles } from './node-files.ts';
import { mustRun } from './process.ts';
import type { LabSite, NodePlan } from './protocol.ts';

/** The folders of one node, in the warden's mount namespace. */
export type NodeFolders = {
  /** The node's root, to boot. */
  readonly root: string;
  /** What differs from the machine's root. */
  readonly upper: string;
  readonly containerd: string;
};

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
const CREDENTIAL_PROVIDER = 'etc/eks/image-credential-provider/ecr-credential-provider';

/**
 * Puts a node's root together: an overlay of the machine's own root with a sized tmpfs above it, and a sized tmpfs for
 * containerd, whose snapshotter cannot lie on an overlay. Everything is in the warden's mount namespace.
 */
export async function makeNodeRoot(site: LabSite, plan: NodePlan, authority: string): Promise<NodeFolders> {
  const base = join(site.folder, plan.name);
  const [upper, work, root, containerd] = ['upper', 'work', 'root', 'containerd'].map((name) => join(base, name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(base, { mode: 0o700 });
  await mountTmpfs(base, plan.rootMegabytes);
  for (const folder of [upper, work, root, containerd]) mkdirSync(folder, { mode: 0o755 });
  await mountTmpfs(containerd, plan.containerdMegabytes);
  await hide(upper, plan);
  await mustRun('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=/,upperdir=${upper},workdir=${work}`, root]);

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
  for (const plugin of CNI_PLUGINS) symlinkSync(join(DEBIAN_CNI_FOLDER, plugin), join(root, 'opt/cni/bin', plugin));
  if (plan.tools.credentialProvider) {
    copyFileSync(
      fileURLToPath(new URL('./stand-ins/ecr-credential-provider.sh', import.meta.url)),
      join(root, CREDENTIAL_PROVIDER),
    );
    chmodSync(join(root, CREDENTIAL_PROVIDER), 0o755);
  }
  for (const bundle of [SYSTEM_AUTHORITIES, AWS_CLI_AUTHORITIES]) {
    if (existsSync(join(root, bundle))) appendFileSync(join(root, bundle), `\n${authority}`);
  }
  return { root, upper, containerd };
}

async function mountTmpfs(folder: string, megabytes: number): Promise<void> {
  await mustRun('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tmpfs', folder]);
}

/** Whiteouts in the upper layer: quicker than to remove a whole tree, and nothing below shines through after. */
async function hide(upper: string, plan: NodePlan): Promise<void> {
  const programs = [
    ...HIDDEN_PROGRAMS,
    ...(plan.tools.awsCli ? [] : ['usr/bin/aws']),
    ...(plan.tools.ecrLogin ? [] : ['usr/bin/docker-credential-ecr-login']),
  ];
  for (const path of [...HIDDEN_FOLDERS, ...programs].filter((candidate) => existsSync(join('/', candidate)))) {
    mkdirSync(dirname(join(upper, path)), { recursive: true, mode: 0o755 });
    await mustRun('mknod', [join(upper, path), 'c', '0', '0']);
  }
}
