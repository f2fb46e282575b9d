import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { runProgram } from '../../lab/real/process.ts';
import { type Need, type Program, programsFor } from './programs.ts';

/** Exit status 101 makes Debian's maintainer scripts start no service (policy-rc.d). */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const POLICY_TEXT = '#!/bin/sh\nexit 101\n';
const OWN_SYSTEMD = '/run/systemd/system';
/** Packages that enable a service for the next boot. */
const SERVICES = ['containerd', 'docker-registry'];
const APT_ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  DEBIAN_FRONTEND: 'noninteractive',
  LC_ALL: 'C.UTF-8',
};
const ERROR_CHARACTERS = 1_500;

export const isDebian = (): boolean => existsSync('/etc/debian_version');

/** The programs of these needs that this machine lacks. */
export const missingPrograms = (needs: readonly Need[]): Program[] =>
  programsFor(needs).filter(({ file }) => !existsSync(file));

/** The names of the Debian packages of these needs that this machine lacks, each once. */
export const missingPackages = (needs: readonly Need[]): string[] => [
  ...new Set(missingPrograms(needs).map(({ debianPackage }) => debianPackage)),
];

/**
 * Installs the missing packages with apt-get, as root: no other package is removed, nothing that is only recommended is
 * added, and no service is started. Services that a package enables for the next boot are disabled where systemd runs.
 *
 * @throws Error with the last words of apt-get where a package can't be installed
 */
export const installMissing = async (needs: readonly Need[]): Promise<string[]> => {
  const missing = missingPackages(needs);
  if (missing.length === 0) return [];
  const ownsPolicy = !existsSync(POLICY_FILE);
  if (ownsPolicy) writeFileSync(POLICY_FILE, POLICY_TEXT, { mode: 0o755 });
  try {
    const words = ['install', '--yes', '--no-remove', '--no-install-recommends', ...missing];
    if ((await apt(words)).code !== 0) {
      // The lists may be too old for the mirrors, or not there at all.
      await apt(['update']);
      const again = await apt(words);
      if (again.code !== 0) {
        throw new Error(
          `apt-get could not install ${missing.join(' ')}: ${again.stderr.trim().slice(-ERROR_CHARACTERS)}`,
        );
      }
    }
  } finally {
    if (ownsPolicy) rmSync(POLICY_FILE, { force: true });
  }
  const services = SERVICES.filter((name) => missing.includes(name));
  if (existsSync(OWN_SYSTEMD) && services.length > 0) await runProgram('systemctl', ['disable', ...services]);
  return missing;
};

const apt = (words: readonly string[]) => runProgram('apt-get', words, { env: APT_ENVIRONMENT });
