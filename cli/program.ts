import tab from '@bomb.sh/tab/commander';
import { Command, CommanderError, Option } from 'commander';
import { ALL_CONTEXTS, listContexts } from './context/contexts.ts';
import type { CommandDefinition } from './define-command.ts';
import { CommandError, ERROR_CODES, EXIT, type ExitCode, usageError } from './exit.ts';
import type { Io } from './io.ts';
import { createOutput, type Format, JSON_VERSION } from './output/output.ts';
import { folded, isColoured, painter, safeJson, shown } from './output/text.ts';
import { createSession } from './session.ts';

/** The options of every command, as commander gives them. */
type CommonOptions = {
  readonly context?: string;
  readonly stack?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly endpointUrl?: string;
  readonly unverified?: boolean;
  readonly output?: string;
  readonly utc?: boolean;
};

const HELP_GROUP = 'Options of every command:';

const commonOptions = (formats: readonly Format[], contexts: readonly string[]): readonly Option[] => {
  const known = (option: Option, choices: readonly string[]): Option => {
    // For completion and the help; what is allowed is said by the command.
    if (choices.length > 0) option.argChoices = [...choices];
    return option;
  };
  return [
    known(new Option('--context <name>', 'stack of the file of contexts; all for every one'), contexts),
    new Option('--stack <name>', 'CloudFormation stack (default: fleetmend)'),
    new Option('--region <name>', 'AWS Region'),
    new Option('--profile <name>', 'profile of the AWS configuration'),
    new Option('--endpoint-url <url>', 'AWS endpoint, such as that of the lab'),
    known(new Option('-o, --output <format>', 'form of the output'), formats),
    new Option('--unverified', 'act even where AWS STS cannot be asked who you are'),
    new Option('--utc', 'show times in UTC'),
  ].map((option) => option.helpGroup(HELP_GROUP));
};

const readFormat = (text: string | undefined, { formats }: CommandDefinition): Format => {
  const [first = 'table'] = formats;
  if (text === undefined) return first;
  const format = formats.find((known) => known === text);
  if (format !== undefined) return format;
  throw usageError('--output', `"${text}" is no output of this command; there are: ${formats.join(', ')}`, {
    allowed: [...formats],
  });
};

/** How one call of the program ends; set by the command that runs. */
type Ending = { code: ExitCode };

const addCommand = (
  program: Command,
  definition: CommandDefinition,
  { io, ending, contexts, version }: ProgramOptions,
): void => {
  const command = program.command(definition.name).description(definition.summary);
  for (const { flags, description } of definition.arguments) command.argument(flags, description);
  for (const { flags, description } of definition.options) command.option(flags, description);
  for (const option of commonOptions(definition.formats, contexts)) command.addOption(option);
  command.addHelpText('after', `\nExamples:\n${definition.examples.map((line) => `  ${line}`).join('\n')}`);
  command.action(async (...given: unknown[]) => {
    // commander gives the arguments, then the options, then the command.
    const [options, args] = [given.at(-2) as CommonOptions, given.slice(0, -2)];
    const output = createOutput(io, { format: readFormat(options.output, definition), isUtc: options.utc === true });
    ending.code = await definition.perform(createSession(io, output, { ...options, version }), args, options);
  });
};

type ProgramOptions = {
  readonly io: Io;
  readonly version: string;
  readonly ending: Ending;
  /** The names of contexts, for completion. */
  readonly contexts: readonly string[];
};

/** The program with all commands. */
const createProgram = (
  definitions: readonly CommandDefinition[],
  { io, version, ending, contexts }: ProgramOptions,
): Command => {
  const program = new Command('fleetmend')
    .description('Repairs EKS worker nodes that can no longer start pods, and shows what was done.')
    .version(version, '-V, --version')
    .addHelpText('after', '\nCompletion: source <(fleetmend complete bash), or zsh in place of bash')
    .showHelpAfterError('(fleetmend --help lists the commands, fleetmend COMMAND --help the options)')
    .exitOverride()
    .configureOutput({
      // commander writes whole texts; the process ends only after the streams are flushed.
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns,
      getErrHelpWidth: () => io.stderr.columns,
      getOutHasColors: () => isColoured(io.stdout.isTerminal, io.env),
      getErrHasColors: () => isColoured(io.stderr.isTerminal, io.env),
    });
  for (const definition of definitions) addCommand(program, definition, { io, ending, contexts, version });
  return program;
};

/** Whether the caller asked for JSON: an error comes as JSON too, whatever else is wrong. */
const wantsJson = (argv: readonly string[]): boolean =>
  argv.some(
    (word, i) =>
      /^(?:-o|--output=)(?:=?json|jsonl)l?$/.test(word) ||
      (/^(?:-o|--output)$/.test(word) && /^jsonl?$/.test(argv[i + 1] ?? '')),
  );

const showError = async (io: Io, argv: readonly string[], { code, refusal }: CommandError): Promise<void> => {
  if (wantsJson(argv)) {
    await io.stderr.write(`${safeJson({ v: JSON_VERSION, kind: 'Error', code, ...refusal })}\n`);
    return;
  }
  const paint = painter(isColoured(io.stderr.isTerminal, io.env));
  const { message, next } = refusal;
  const lines = [
    `${paint('red', 'fleetmend:')} ${shown(message)}`,
    ...(next === undefined || message.includes(next) ? [] : [`  ${shown(next)}`]),
  ].flatMap((line) => (io.stderr.isTerminal ? folded(line, io.stderr.columns) : [line]));
  await io.stderr.write(`${lines.join('\n')}\n`);
};

/** `fleetmend complete bash` and `fleetmend complete zsh` print the completion of a shell. */
const COMPLETE = 'complete';
const OF_PROGRAM = /^(?:-h|--help|-V|--version)$/;

/** Without a command it is `status`. */
const withCommand = (argv: readonly string[]): readonly string[] => {
  const [first] = argv;
  return first === undefined || (first.startsWith('-') && !OF_PROGRAM.test(first)) ? ['status', ...argv] : argv;
};

/**
 * Runs `fleetmend` with the words of a command line, and answers with the exit code. Errors that a person can correct are
 * lines on the standard error; any other is thrown.
 */
export const runProgram = async (
  definitions: readonly CommandDefinition[],
  argv: readonly string[],
  io: Io,
  version: string,
): Promise<ExitCode> => {
  const ending: Ending = { code: EXIT.done };
  try {
    const isCompletion = argv[0] === COMPLETE;
    const contexts = isCompletion ? [...listContexts(io).map(({ context }) => context), ALL_CONTEXTS] : [];
    const program = createProgram(definitions, { io, version, ending, contexts });
    if (isCompletion) tab(program);
    await program.parseAsync([...withCommand(argv)], { from: 'user' });
    return ending.code;
  } catch (thrown) {
    if (thrown instanceof CommandError) {
      await showError(io, argv, thrown);
      return ERROR_CODES[thrown.code];
    }
    // commander has written its message already.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw thrown;
  }
};
