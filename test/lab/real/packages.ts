import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { controlGroupObstacle } from './cgroups.ts';
import { runProgram } from './process.ts';

/** A Debian package that real nodes need, and a file by which it is known to be there. */
type Package = { readonly name: string; readonly file: string; readonly why: string };

const PACKAGES: readonly Package[] = [
  { name: 'containerd', file: '/usr/bin/containerd', why: 'the runtime of the nodes' },
  { name: 'runc', file: '/usr/sbin/runc', why: 'starts the containers' },
  { name: 'containernetworking-plugins', file: '/usr/lib/cni/bridge', why: 'the network of the pods' },
  { name: 'systemd', file: '/lib/systemd/systemd', why: 'process 1 of a node' },
  { name: 'systemd-container', file: '/usr/bin/systemd-nspawn', why: 'boots the nodes' },
  { name: 'dbus', file: '/usr/bin/dbus-daemon', why: "systemd's bus on a node" },
  { name: 'docker-registry', file: '/usr/bin/docker-registry', why: 'the registry behind the ECR host name' },
  { name: 'awscli', file: '/usr/bin/aws', why: 'asks for the registry token on a node' },
  {
    name: 'amazon-ecr-credential-helper',
    file: '/usr/bin/docker-credential-ecr-login',
    why: 'asks for the registry token on a node without the AWS CLI',
  },
  { name: 'iproute2', file: '/sbin/ip', why: 'the network of the lab' },
  { name: 'openssl', file: '/usr/bin/openssl', why: 'the test certificates' },
  { name: 'ca-certificates', file: '/etc/ssl/certs/ca-certificates.crt', why: 'the list of authorities on a node' },
  { name: 'curl', file: '/usr/bin/curl', why: "the stand-in for kubelet's credential provider" },
  { name: 'strace', file: '/usr/bin/strace', why: 'shows that no token reaches an argument list' },
  { name: 'util-linux', file: '/usr/bin/unshare', why: 'namespaces of the lab' },
];

/** Exit status 101 tells Debian's maintainer scripts not to start a service (policy-rc.d). */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const POLICY_TEXT = '#!/bin/sh\nexit 101\n';
const OWN_SYSTEMD = '/run/systemd/system';

/** Names of the packages that real nodes need and this machine lacks. */
export function missingPackages(): string[] {
  return PACKAGES.filter(({ file }) => !existsSync(file)).map(({ name }) => name);
}

/** All packages that real nodes need, with the reason for each. */
export function neededPackages(): { name: string; why: string }[] {
  return PACKAGES.map(({ name, why }) => ({ name, why }));
}

/**
 * Installs what is missing with apt-get, as root: no other package is removed, nothing that is only recommended is
 * added, and no service is started. Services that a package enables for the next boot are disabled where systemd runs.
 */
export async function installPackages(): Promise<string[]> {
  const missing = missingPackages();
  if (missing.length === 0) return [];
  const ownsPolicy = !existsSync(POLICY_FILE);
  if (ownsPolicy) writeFileSync(POLICY_FILE, POLICY_TEXT, { mode: 0o755 });
  try {
    const options = ['--yes', '--no-remove', '--no-install-recommends'];
    const installed = await apt(['install', ...options, ...missing]);
    if (installed.code !== 0) {
      // The lists may be too old for the mirrors, or not there at all.
      await apt(['update']);
      const again = await apt(['install', ...options, ...missing]);
      if (again.code !== 0) {
        throw new Error(`installing ${missing.join(' ')}: apt-get said: ${again.stderr.trim().slice(-1500)}`);
      }
    }
  } finally {
    if (ownsPolicy) rmSync(POLICY_FILE, { force: true });
  }
  const services = ['containerd', 'docker-registry'].filter((name) => missing.includes(name));
  if (existsSync(OWN_SYSTEMD) && services.length > 0) await runProgram('systemctl', ['disable', ...services]);
  return missing;
}

async function apt(args: readonly string[]) {
  return await runProgram('apt-get', args, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
  });
}

/** Whether this machine can run real nodes; `missing` says in words for people what it lacks. */
export async function probe(): Promise<{ ok: boolean; missing: string[] }> {
  const missing: string[] = [];
  if (process.platform !== 'linux') return { ok: false, missing: [`Linux (this is ${process.platform})`] };
  if (process.getuid?.() !== 0) missing.push('root: nodes need mounts and namespaces; run it with sudo');
  if (!existsSync('/etc/debian_version')) missing.push('Debian: the packages come from it');
  const packages = missingPackages();
  if (packages.length > 0)
    missing.push(`Debian packages: apt-get install --no-install-recommends ${packages.join(' ')}`);
  if (missing.length > 0) return { ok: false, missing };

  const version = (await runProgram('containerd', ['--version'])).stdout.trim().split(' ')[2] ?? 'unknown';
  if (!version.startsWith('1.6.')) missing.push(`containerd 1.6, as in Debian 12 (this is ${version})`);
  const namespaces = ['--mount', '--net', '--uts', '--ipc', '--pid', '--fork', '--mount-proc'];
  const overlay =
    'mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r && test -x /mnt/r/usr/bin/containerd';
  const tried = await runProgram('unshare', [...namespaces, 'sh', '-c', overlay]);
  if (tried.code !== 0) missing.push(`namespaces and overlay mounts: ${tried.stderr.trim() || 'the trial failed'}`);
  const obstacle = controlGroupObstacle();
  if (obstacle !== undefined) missing.push(`control groups of its own: ${obstacle}`);
  return { ok: missing.length === 0, missing };
}
