import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { defined } from '../../core/model/defined.ts';
import { type Asked, startHere, type Told } from './start-here.ts';

/** How a program is started. */
export type StartOptions = {
  /** All of it; this process's own where it is left out. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** What it reads; nothing where it is left out. */
  readonly input?: string | Buffer | undefined;
  /** Whether it leads a session of its own, so that it can be killed with its children. */
  readonly detached?: boolean;
};

/** How a program ended, and all that it wrote. */
export type ProgramEnd = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
};

/** A program that was started. */
export type StartedProgram = {
  /** Its process; undefined where it could not be started. */
  readonly pid: Promise<number | undefined>;
  /** What it has written so far. */
  readonly written: () => Pick<ProgramEnd, 'stdout' | 'stderr'>;
  /** Resolves when it has ended; children of it may still hold its output. */
  readonly exited: Promise<void>;
  /** Resolves when its output has ended too; rejects where it could not be started. */
  readonly closed: Promise<ProgramEnd>;
};

/**
 * From this size on a process has its programs started by a small one. A fork copies the page table and has every page that is
 * written to afterwards copied or unlocked: of a process of 200 MB it takes 7 ms of the processor, of one of 600 MB 22 ms, and a
 * suite of real nodes starts thousands of programs.
 */
const LARGE_BYTES = 100 * 1024 * 1024;

/** Collects the news of a program, whichever process started it. */
const createProgram = () => {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const pid = Promise.withResolvers<number | undefined>();
  const exited = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<ProgramEnd>();
  const written = () => ({ stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
  const program: StartedProgram = { pid: pid.promise, exited: exited.promise, closed: closed.promise, written };
  const fail = (error: Error): void => {
    pid.resolve(undefined);
    closed.reject(error);
  };
  return {
    program,
    fail,
    take: (told: Told): void => {
      if (told.kind === 'started') pid.resolve(told.pid);
      else if (told.kind === 'output') (told.stream === 'stdout' ? stdout : stderr).push(Buffer.from(told.chunk));
      else if (told.kind === 'exited') exited.resolve();
      else if (told.kind === 'closed') closed.resolve({ code: told.code, signal: told.signal, ...written() });
      else fail(new Error(told.message));
    },
  };
};

type Starter = (asked: Omit<Asked, 'id'>) => StartedProgram;
let starter: { readonly start: Starter; readonly end: () => Promise<void> } | undefined;

const openStarter = (): NonNullable<typeof starter> => {
  const programs = new Map<number, ReturnType<typeof createProgram>>();
  const child: ChildProcess = fork(fileURLToPath(new URL('./starter-process.ts', import.meta.url)), [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let count = 0;
  // An idle starter keeps no process from its end.
  child.unref();
  child.channel?.unref();
  child.on('message', ({ id, told }: { readonly id: number; readonly told: Told }) => {
    programs.get(id)?.take(told);
    if (told.kind !== 'closed' && told.kind !== 'failed') return;
    programs.delete(id);
    if (programs.size === 0) child.channel?.unref();
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  child.on('exit', () => {
    end();
    starter = undefined;
    for (const { fail } of programs.values()) fail(new Error('the process that starts programs has ended'));
    programs.clear();
  });
  return {
    start: (asked) => {
      count += 1;
      const made = createProgram();
      programs.set(count, made);
      child.channel?.ref();
      child.send({ ...asked, id: count } satisfies Asked);
      return made.program;
    },
    end: async () => {
      child.ref();
      if (child.connected) child.disconnect();
      await ended;
    },
  };
};

/**
 * Ends the small process, if there is one. Its programs are in the processor time of a run only where this process has waited for
 * its end.
 */
export const endStarter = async (): Promise<void> => {
  await starter?.end();
};

/** Starts a program: a large process has it started by a small one. */
export const startProgram = (
  program: string,
  args: readonly string[],
  { env = process.env, input, detached = false }: StartOptions = {},
  ownBytes = process.memoryUsage.rss(),
): StartedProgram => {
  const asked = { program, args: [...args], env: { ...env }, cwd: process.cwd(), detached, ...defined({ input }) };
  if (ownBytes >= LARGE_BYTES) {
    starter ??= openStarter();
    return starter.start(asked);
  }
  const made = createProgram();
  startHere(asked, made.take);
  return made.program;
};
