import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** The path of a program of Debian. */
const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The file that a command word starts, as Debian's own PATH has it; undefined where there is none. */
export const fileOf = (word: string): string | undefined => {
  const candidates = word.includes('/') ? [word] : PATH.map((folder) => join(folder, word));
  return candidates.find((file) => existsSync(file));
};

/**
 * The Debian packages of files, links followed; a file that is in none has no entry. On a merged root, dpkg knows a file
 * by the path of its package (`/bin/dash`), which is not always the real one (`/usr/bin/dash`).
 */
export const packagesOf = (files: readonly string[]): ReadonlyMap<string, string> => {
  const pathsOf = (file: string): string[] => {
    const real = realpathSync(file);
    return [real, real.replace(/^\/usr\//, '/'), file, join('/usr', real)];
  };
  const words = ['--search', ...new Set(files.flatMap(pathsOf))];
  const { stdout } = spawnSync('dpkg-query', words, { encoding: 'utf8', env: { LC_ALL: 'C' } });
  // "dash: /bin/dash"; a diversion has a sentence instead.
  const found = new Map(
    [...stdout.matchAll(/^([a-z0-9][a-z0-9+.-]*)(?::\w+)?: (\/.*)$/gm)].map(([, name = '', path = '']) => [path, name]),
  );
  return new Map(
    files.flatMap((file): [string, string][] => {
      const name = pathsOf(file)
        .map((path) => found.get(path))
        .find((it) => it !== undefined);
      return name === undefined ? [] : [[file, name]];
    }),
  );
};

/** The packages that every Debian has: those that debootstrap's variant minbase installs by their own priority. */
export const basePackages = (): ReadonlySet<string> => {
  const format = '$' + '{Package} $' + '{Essential} $' + '{Priority}\n';
  const { stdout } = spawnSync('dpkg-query', ['--show', `--showformat=${format}`], { encoding: 'utf8' });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const isBase = ([name, essential, priority]: string[]): boolean =>
    essential === 'yes' || priority === 'required' || name === 'apt';
  return new Set(lines.filter(isBase).map(([name = '']) => name));
};
