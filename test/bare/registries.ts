import { existsSync, readFileSync } from 'node:fs';
import { mustRun, runProgram } from '../../lab/real/process.ts';

/** How this machine reaches the registries of Debian and npm, in the form in which another machine is told. */
export type Registries = {
  /** Debian's main mirror. */
  readonly mirror: string;
  /** Lines of /etc/apt/sources.list. */
  readonly sources: string;
  /** Settings of apt: proxies, certificates, and whether the dates of the lists are checked. */
  readonly aptSettings: string;
  /** npm's settings that say where and how; no other, and no credential. */
  readonly npmSettings: string;
  /** Environment variables that name proxies and certificates. */
  readonly environment: Readonly<Record<string, string>>;
  /** Files with certificates of authorities, by their path on the other machine. */
  readonly certificates: ReadonlyMap<string, string>;
  readonly resolvConf: string;
};

export const DEBIAN_SUITE = 'bookworm';
const DEFAULT_SOURCES = [
  { uri: 'http://deb.debian.org/debian/', suite: DEBIAN_SUITE },
  { uri: 'http://deb.debian.org/debian/', suite: `${DEBIAN_SUITE}-updates` },
  { uri: 'http://deb.debian.org/debian-security/', suite: `${DEBIAN_SUITE}-security` },
];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const APT_SETTING = /^(Acquire::(?:https?|ftp|Retries|Check-|ForceIPv)[^ ]*) "(.+)";$/;
const NPM_KEYS = ['registry', 'proxy', 'https-proxy', 'noproxy', 'strict-ssl', 'cafile'];
const PROXY_VARIABLE = /^(?:https?|ftp|all|no)_proxy$/i;
const CERTIFICATE_VARIABLE = 'NODE_EXTRA_CA_CERTS';
/** Not where Debian keeps its own: the package ca-certificates has to be installed by the steps that need it. */
const CERTIFICATES_FOLDER = '/etc/registry-certificates';

/** Reads the settings of this machine; files with certificates get another path, so that none of Debian's is there. */
export const readRegistries = async (): Promise<Registries> => {
  const certificates = new Map<string, string>();
  const moved = (path: string): string => {
    if (!path.startsWith('/') || !existsSync(path)) return path;
    const target = `${CERTIFICATES_FOLDER}/${path.slice(1).replaceAll('/', '-')}`;
    certificates.set(target, readFileSync(path, 'utf8'));
    return target;
  };
  const sources = await debianSources();
  const environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value = '']) => {
      if (PROXY_VARIABLE.test(name)) return [[name, value]];
      return name === CERTIFICATE_VARIABLE ? [[name, moved(value)]] : [];
    }),
  );
  return {
    mirror: sources.find(({ suite }) => suite === DEBIAN_SUITE)?.uri ?? '',
    sources: sources.map(({ uri, suite }) => `deb [signed-by=${KEYRING}] ${uri} ${suite} main\n`).join(''),
    aptSettings: await aptSettings(moved),
    npmSettings: await npmSettings(moved),
    environment,
    certificates,
    resolvConf: readFileSync('/etc/resolv.conf', 'utf8'),
  };
};

/** The sources of this machine where it has the same suite, else Debian's own. */
const debianSources = async (): Promise<{ uri: string; suite: string }[]> => {
  const words = ['indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages', 'Component: main'];
  const { stdout } = await runProgram('apt-get', words);
  const own = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([uri = '', suite = '']) => ({ uri, suite }))
    .filter(({ suite }) => suite.startsWith(DEBIAN_SUITE));
  return own.some(({ suite }) => suite === DEBIAN_SUITE) ? own : DEFAULT_SOURCES;
};

const aptSettings = async (moved: (path: string) => string): Promise<string> => {
  const dump = await mustRun('apt-config', ['dump']);
  return dump
    .split('\n')
    .flatMap((line) => {
      const [, key, value = ''] = APT_SETTING.exec(line) ?? [];
      return key === undefined ? [] : [`${key} "${moved(value)}";\n`];
    })
    .join('');
};

const npmSettings = async (moved: (path: string) => string): Promise<string> => {
  const values = await Promise.all(
    NPM_KEYS.map(async (key) => ({ key, value: (await mustRun('npm', ['config', 'get', key])).trim() })),
  );
  return values
    .filter(({ value }) => value !== '' && value !== 'null' && value !== 'undefined')
    .map(({ key, value }) => `${key}=${moved(value)}\n`)
    .join('');
};
