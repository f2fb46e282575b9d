import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { mustRun, runProgram } from './process.ts';

/**
 * The runtime of a node: the machine's own containerd 1.6 (Debian 12), or programs of another Debian suite laid
 * over the machine's root. The version of a suite may change: it is read, never assumed.
 */
export type RuntimeName = '1.6' | '1.7' | '2' | 'docker';

/** Debian packages that make a runtime. */
type Recipe = {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Whether the libraries that they need come from the suite too: not where it is the machine's own. */
  readonly withLibraries: boolean;
};

const RECIPES: Readonly<Record<Exclude<RuntimeName, '1.6'>, Recipe>> = {
  '1.7': { suite: 'trixie', packages: ['containerd', 'runc'], withLibraries: true },
  '2': { suite: 'sid', packages: ['containerd', 'runc'], withLibraries: true },
  // Docker's own client may be installed on the machine; the node gets Debian's, and Debian 12's containerd behind it.
  docker: { suite: 'bookworm', packages: ['docker.io', 'libdevmapper1.02.1'], withLibraries: false },
};

/** Kept between runs; to get what the suites have now, remove it. */
const CACHE_FOLDER = '/var/cache/fleetmend-lab';
const DEFAULT_MIRROR = 'http://deb.debian.org/debian/';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const LINKED_FOLDERS = ['bin', 'sbin', 'lib', 'lib64'];
/** No node reads these files. */
const LEFT_OUT = [
  './usr/share/*',
  './etc/*',
  './usr/lib/*/gconv/*',
  './usr/bin/containerd-stress',
  './usr/bin/dnet',
  './usr/sbin/ovrouter',
];
const VERSIONS_FILE = 'versions';
const ROOT = 'root';
const APT_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** A runtime's files, to be laid over the machine's root, and the packages that they come from with their versions. */
export type RuntimeFiles = { readonly folder: string; readonly versions: string };

/**
 * Downloads and unpacks a runtime, unless an earlier run has done it; undefined for the machine's own. The machine's
 * packages, sources and lists are left alone: apt gets a state of its own.
 */
export async function prepareRuntime(name: RuntimeName): Promise<RuntimeFiles | undefined> {
  if (name === '1.6') return undefined;
  const recipe = RECIPES[name];
  const folder = join(CACHE_FOLDER, `${recipe.suite}-${recipe.packages[0]}`);
  if (!existsSync(join(folder, VERSIONS_FILE))) await unpackRuntime(recipe, folder);
  return { folder: join(folder, ROOT), versions: readFileSync(join(folder, VERSIONS_FILE), 'utf8').trim() };
}

async function unpackRuntime(recipe: Recipe, folder: string): Promise<void> {
  mkdirSync(CACHE_FOLDER, { recursive: true });
  const scratch = mkdtempSync(join(CACHE_FOLDER, 'unpacking-'));
  try {
    const root = join(scratch, 'made', ROOT);
    const versions: string[] = [];
    mkdirSync(join(root, 'usr'), { recursive: true });
    for (const name of LINKED_FOLDERS) {
      // Older packages bring /lib: on the merged root it is a link, and must stay one.
      mkdirSync(join(root, 'usr', name), { recursive: true });
      symlinkSync(join('usr', name), join(root, name));
    }
    for (const archive of await downloadPackages(recipe, scratch)) {
      await mustRun('sh', ['-c', UNPACK, 'sh', archive, root, ...LEFT_OUT.map((path) => `--exclude=${path}`)]);
      versions.push(await mustRun('dpkg-deb', ['--show', `--showformat=\${Package} \${Version}`, archive]));
    }
    writeFileSync(join(scratch, 'made', VERSIONS_FILE), `${recipe.suite}: ${versions.toSorted().join(', ')}\n`);
    // Another process may have finished first; both have the same content.
    if (!existsSync(folder)) renameSync(join(scratch, 'made'), folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const UNPACK =
  'archive=$1 root=$2; shift 2; dpkg-deb --fsys-tarfile "$archive" | tar --extract --keep-directory-symlink --directory "$root" "$@"';

/** The downloaded package files. */
async function downloadPackages(recipe: Recipe, scratch: string): Promise<string[]> {
  const sources = join(scratch, 'sources.list');
  const status = join(scratch, 'status');
  mkdirSync(join(scratch, 'lists/partial'), { recursive: true });
  mkdirSync(join(scratch, 'archives/partial'), { recursive: true });
  writeFileSync(sources, `deb [signed-by=${KEYRING}] ${await mirror()} ${recipe.suite} main\n`);
  writeFileSync(status, '');
  const options = [
    `Dir::State::lists=${join(scratch, 'lists')}`,
    `Dir::State::status=${status}`,
    `Dir::Cache::archives=${join(scratch, 'archives')}`,
    'Dir::Cache::pkgcache=',
    'Dir::Cache::srcpkgcache=',
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=-',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    // The download lies in root's own folder.
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const env = { PATH: APT_PATH, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };
  const apt = async (program: string, words: readonly string[]) =>
    await mustRun('env', ['--chdir', join(scratch, 'archives'), program, ...options, ...words], { env });
  await apt('apt-get', ['update']);
  const libraries = recipe.withLibraries
    ? (await apt('apt-cache', [...DEPENDS, ...recipe.packages])).match(/^lib\S+$/gm)
    : [];
  await apt('apt-get', ['download', ...new Set([...recipe.packages, ...(libraries ?? [])])]);
  const listing = await mustRun('find', [join(scratch, 'archives'), '-maxdepth', '1', '-name', '*.deb']);
  return listing.trim().split('\n');
}

const DEPENDS = [
  'depends',
  '--recurse',
  '--important',
  ...['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((relation) => `--no-${relation}`),
];

/** The mirror that the machine's own sources name. */
async function mirror(): Promise<string> {
  const format = '$(REPO_URI)';
  const { stdout } = await runProgram('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    env: { PATH: APT_PATH },
  });
  return stdout.split('\n').find((uri) => /\/debian\/$/.test(uri)) ?? DEFAULT_MIRROR;
}
