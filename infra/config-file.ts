import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { firstLine, UserError } from './user-error.ts';

/** The environment variable that names the configuration file. */
const CONFIG_VARIABLE = 'FLEETMEND_CONFIG';

const TYPES = ['.ts', '.mjs', '.json'] as const;
const NAMES = TYPES.map((type) => `fleetmend.config${type}`);

/** A configuration as a person wrote it, not checked yet, and where. */
export type ConfigFile = {
  /** The path as a person would write it; `infra/example.config.ts` for the example. */
  readonly file: string;
  readonly content: unknown;
};

/** Where {@link findConfig} looks. */
export type ConfigSearch = {
  /** The file that the command line names, by path from `from`. */
  readonly named: string | undefined;
  /** The folder from which the command was given. */
  readonly from: string;
  /** The folder of package.json, where `fleetmend.config.*` is looked for. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/**
 * The path of the configuration file: the one that `--config` or `FLEETMEND_CONFIG` names, or `fleetmend.config.ts`,
 * `.mjs` or `.json` in the top folder; undefined where there is none.
 *
 * @throws UserError where the named file does not exist, has another type, or several stand in the top folder
 */
export const findConfig = ({ named, from, root, env }: ConfigSearch): string | undefined => {
  const variable = env[CONFIG_VARIABLE];
  const [by, path] = named !== undefined ? ['--config', named] : [CONFIG_VARIABLE, variable];
  if (path !== undefined) {
    const file = resolve(from, path);
    if (!TYPES.some((type) => type === extname(file))) {
      throw new UserError(`${by}: ${path || '(empty)'} is no configuration file: its name ends in ${TYPES.join(', ')}`);
    }
    if (!existsSync(file)) throw new UserError(`${by}: ${path} does not exist (looked for ${file})`);
    if (!statSync(file).isFile()) throw new UserError(`${by}: ${path} is not a file`);
    return file;
  }
  const found = NAMES.map((name) => join(root, name)).filter((file) => existsSync(file));
  if (found.length > 1) {
    throw new UserError(
      `found ${found.map((file) => basename(file)).join(' and ')}: keep one, or name one with --config`,
    );
  }
  return found[0];
};

const readJson = (file: string, shown: string): unknown => {
  try {
    // Editors on Windows write a byte order mark.
    return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new UserError(`${shown}: not valid JSON: ${firstLine(cause)}`, undefined, cause);
  }
};

const readModule = async (file: string, shown: string): Promise<unknown> => {
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = await import(pathToFileURL(file).href);
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : 'Error';
    const hint = /Cannot find package 'fleetmend'/.test(firstLine(cause))
      ? '; outside of the repository of fleetmend export a plain object without defineConfig, or write JSON'
      : '';
    throw new UserError(`${shown}: cannot be loaded: ${name}: ${firstLine(cause)}${hint}`, undefined, cause);
  }
  const { config, default: byDefault } = exported;
  if (config === undefined && byDefault === undefined) {
    throw new UserError(
      `${shown}: exports no configuration: write \`export const config = defineConfig({ … })\` or \`export default\``,
    );
  }
  if (config !== undefined && byDefault !== undefined && config !== byDefault) {
    throw new UserError(`${shown}: exports two configurations, config and default: keep one`);
  }
  return config === undefined ? byDefault : config;
};

/**
 * Reads a configuration file. A `.ts` or `.mjs` file exports it as `config` or by default; a `.json` file is it.
 *
 * @throws UserError in one line where it cannot be read, loaded, or exports nothing
 */
export const readConfig = async (file: string, from: string): Promise<ConfigFile> => {
  const way = relative(from, file);
  const shown = way.startsWith(join('..', '..', '..')) ? file : way;
  return { file: shown, content: extname(file) === '.json' ? readJson(file, shown) : await readModule(file, shown) };
};
