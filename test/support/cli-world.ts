import type { Payload } from '../../cli/aws/connection.ts';
import { entriesInOrder } from '../../cli/commands.ts';
import type { Io, Screen } from '../../cli/io.ts';
import { runProgram } from '../../cli/program.ts';
import type { Way } from '../../core/api/way.ts';
import { type AwsAnswer, fakeAws } from './fake-aws.ts';

/** One call of a function of the stack. */
export type CliCall = {
  readonly stack: string;
  readonly to: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** The answers of the stack, and the person in front of the program. */
export type CliWorldOptions = {
  /** Answers a call; what it throws is thrown by the connection. */
  readonly answer?: (call: CliCall, count: number) => unknown;
  readonly isTerminal?: boolean;
  /** The version of the program. */
  readonly version?: string;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Texts of files by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the person types, in this order. */
  readonly replies?: readonly string[];
  /** Takes the standard output in place of the result. */
  readonly write?: (text: string) => Promise<void>;
  /** The lab: answers a document that is sent to an address. */
  readonly post?: (address: string, body: object) => Promise<unknown>;
  /** Answers for AWS; without it, nothing may be called. */
  readonly askAws?: AwsAnswer;
  /** Whether the calls are kept: yes, but where there are very many. */
  readonly keepsCalls?: boolean;
  /** Ctrl-C is pressed during the wait of this number, counted from 1. */
  readonly interruptAtWait?: number;
  /** Ctrl-C is pressed while the call of this number waits for its answer. */
  readonly interruptAtCall?: number;
};

/** What a call of the program did. */
export type CliRun = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as a terminal shows them, without lines that replace one another. */
  readonly transcript: string;
  readonly calls: readonly CliCall[];
  readonly questions: readonly string[];
};

/** The time at which the clock of the program starts. */
export const CLI_NOW = '2026-11-29T03:16:00.000Z';
const HOME = '/home/mei';
/** Files of the person. */
export const CLI_FILES = { contexts: `${HOME}/.config/fleetmend/config.json`, kubeconfig: `${HOME}/.kube/config` };

const notAllowed: AwsAnswer = () =>
  Promise.reject(Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' }));

/** Runs `fleetmend` in this process, with a stack that answers what a test says. */
export const runCli = async (options: CliWorldOptions, ...argv: readonly string[]): Promise<CliRun> => {
  const {
    isTerminal = false,
    columns = 80,
    env = {},
    files = {},
    replies = [],
    answer = () => undefined,
    keepsCalls = true,
  } = options;
  const written = { stdout: '', stderr: '', transcript: '' };
  const calls: CliCall[] = [];
  const questions: string[] = [];
  const left = [...replies];
  let nowMs = Date.parse(CLI_NOW);
  let waits = 0;
  let ids = 0;
  let count = 0;
  const interrupt = new AbortController();
  const screen = (name: 'stdout' | 'stderr'): Screen => ({
    write: async (text) => {
      if (name === 'stdout' && options.write !== undefined) return await options.write(text);
      written[name] += text;
      written.transcript += text;
    },
    isTerminal,
    columns,
  });
  const io: Io = {
    stdout: screen('stdout'),
    stderr: screen('stderr'),
    live: () => ({
      show: (text) => {
        written.stderr += `[live] ${text}\n`;
      },
      clear: () => {},
      done: () => {},
    }),
    env,
    homeFolder: HOME,
    userName: 'mei@laptop',
    readFile: (path) => files[path],
    ask: async (question) => {
      questions.push(question);
      const reply = isTerminal ? left.shift() : undefined;
      written.transcript += `${question}${reply ?? ''}\n`;
      return reply;
    },
    now: () => new Date(nowMs),
    sleep: async (ms) => {
      nowMs += ms;
      waits++;
      if (waits === options.interruptAtWait) interrupt.abort();
    },
    onInterrupt: () => ({ signal: interrupt.signal, off: () => {} }),
    newId: () => `id-${++ids}`,
    post: async (address, body) => await (options.post ?? (() => Promise.reject(new Error('no lab'))))(address, body),
    askAws: () => fakeAws(options.askAws ?? notAllowed),
    connect: (place) => async (functionName: string, way: Way, payload: Payload) => {
      const call: CliCall = { stack: place.stack, to: `${functionName}:${way}`, payload };
      if (keepsCalls) calls.push(call);
      count++;
      if (count === options.interruptAtCall) interrupt.abort();
      return structuredClone(await answer(call, count));
    },
  };
  const code = await runProgram(entriesInOrder, argv, io, options.version ?? '0.0.0');
  return { code, ...written, calls, questions };
};

/** A stack that answers by the action or the query of a payload; any other is refused. */
export const stackOf =
  (answers: Readonly<Record<string, (payload: CliCall['payload'], count: number) => unknown>>) =>
  ({ payload }: CliCall, count: number): unknown => {
    const name = String(payload.action ?? payload.query);
    return answers[name]?.(payload, count) ?? { ok: false, error: { message: `no answer for ${name}` } };
  };
