import { isDebian, missingPackages } from '../../test/machine/debian.ts';
import { controlGroupObstacle } from './cgroups.ts';
import { runProgram } from './process.ts';

/** Whether this machine can run real nodes; `missing` lists what it lacks, for people. */
export async function probe(): Promise<{ ok: boolean; missing: string[] }> {
  const missing: string[] = [];
  if (process.platform !== 'linux') return { ok: false, missing: [`Linux (this is ${process.platform})`] };
  // Root installs the packages, so that without root they need no naming.
  if (process.getuid?.() !== 0) return { ok: false, missing: ['root, for mounts and namespaces'] };
  if (!isDebian()) missing.push('Debian 12, whose packages they are made of');
  const packages = missingPackages(['real nodes']);
  if (packages.length > 0) missing.push(`the Debian packages ${packages.join(' ')}`);
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
