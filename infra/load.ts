import { join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { remediations } from '../ssm-documents/remediations.ts';
import type { Config } from './config.ts';
import { type ConfigFile, findConfig, readConfig } from './config-file.ts';
import { type DeploymentRules, parseConfig } from './parse-config.ts';

/** The folder of package.json. */
export const root = join(import.meta.dirname, '..');

/** The version of fleetmend that this is. */
export const version = packageJson.version;

const EXAMPLE = join(root, 'infra', 'example.config.ts');

/** A valid configuration and its file. */
export type LoadedConfig = { readonly file: string; readonly config: Config };

/** npm runs a script in the folder of the package, and sets INIT_CWD to the folder of the call. */
const calledFrom = (): string => process.env.INIT_CWD ?? process.cwd();

const checked = ({ file, content }: ConfigFile, rules?: DeploymentRules): LoadedConfig => ({
  file,
  config: parseConfig(
    content,
    remediations.map(({ name }) => name),
    file,
    rules,
  ),
});

/** The example, which is the default for a template. */
export const loadExample = async (): Promise<LoadedConfig> => checked(await readConfig(EXAMPLE, root));

/**
 * Finds, reads and checks the configuration.
 *
 * @param named what `--config` names
 * @param rules given where it is to be deployed
 * @returns undefined where there is none
 * @throws UserError with a line for each problem
 */
export const loadConfig = async (
  named: string | undefined,
  rules?: DeploymentRules,
): Promise<LoadedConfig | undefined> => {
  const from = calledFrom();
  const file = findConfig({ named, from, root, env: process.env });
  return file === undefined ? undefined : checked(await readConfig(file, from), rules);
};
