import type * as z from 'zod';
import type { ExitCode } from './exit.ts';
import type { Format } from './output/output.ts';
import type { Session } from './session.ts';

/** An argument or an option as the help shows it, in the syntax of commander. */
export type Described = { readonly flags: string; readonly description: string };

/** A command of `fleetmend`. Its file is `commands/<name>.ts`, and its line is in `commands/registry.ts`. */
export type CommandDefinition = {
  readonly name: string;
  /** One sentence for the list of commands. */
  readonly summary: string;
  /** For example `<run>` or `[node...]`. */
  readonly arguments: readonly Described[];
  readonly options: readonly Described[];
  readonly examples: readonly string[];
  /** The forms of output that it has; the first is the default. */
  readonly formats: readonly Format[];
  /** Reads the arguments and options. @throws CommandError for a wrong one */
  readonly perform: (session: Session, args: readonly unknown[], options: unknown) => Promise<ExitCode>;
};

/** Defines a command. `given` are its options by name, and its arguments by the names that `arguments` gives them. */
export const defineCommand = <Given>({
  given: schema,
  perform,
  arguments: args = [],
  options = [],
  formats = ['table', 'wide', 'json', 'jsonl', 'csv', 'name'],
  ...rest
}: Pick<CommandDefinition, 'name' | 'summary' | 'examples'> & {
  readonly arguments?: readonly Described[];
  readonly options?: readonly Described[];
  readonly formats?: readonly Format[];
  readonly given: z.ZodType<Given>;
  readonly perform: (session: Session, given: Given) => Promise<ExitCode>;
}): CommandDefinition => {
  const names = args.map(({ flags }) => flags.replace(/[^a-z]/g, ''));
  return {
    ...rest,
    arguments: args,
    options,
    formats,
    perform: async (session, values, chosen) => {
      const named = Object.fromEntries(names.map((name, i) => [name, values[i]]));
      return await perform(session, schema.parse({ ...(chosen as object), ...named }));
    },
  };
};

/** The option that names a cluster. */
export const CLUSTER_OPTION: Described = {
  flags: '-c, --cluster <name>',
  description: "EKS cluster (default: FLEETMEND_CLUSTER, then kubectl's current context)",
};
/** The option that gives a reason for an action. */
export const REASON_OPTION: Described = { flags: '--reason <text>', description: 'why, for the audit table' };
/** The option that answers every question with yes. */
export const YES_OPTION: Described = { flags: '-y, --yes', description: 'act without asking' };
/** The option that says what would happen. */
export const DRY_RUN_OPTION: Described = {
  flags: '--dry-run',
  description: 'say what would happen, and change nothing',
};
