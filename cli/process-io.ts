import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogUpdate } from 'log-update';
import { askBySdk } from './aws/ask-aws.ts';
import { connectByLambda } from './aws/lambda.ts';
import { EXIT } from './exit.ts';
import type { Io, Screen } from './io.ts';

const DEFAULT_COLUMNS = 80;

const screenOf = (stream: NodeJS.WriteStream): Screen => ({
  write: (text) =>
    new Promise((resolve) => {
      if (stream.write(text)) resolve();
      else stream.once('drain', resolve);
    }),
  isTerminal: stream.isTTY === true,
  get columns() {
    return stream.columns ?? DEFAULT_COLUMNS;
  },
});

/** The name of the person at this machine, for the audit table, where AWS names nobody. */
const userName = (): string => {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `unknown@${hostname()}`;
  }
};

const readFile = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
};

const ask = async (question: string): Promise<string | undefined> => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // The end of the input (Ctrl-D) is no answer.
  const closed = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
  const answer = await Promise.race([lines.question(question), closed]);
  lines.close();
  return answer;
};

/** This process and AWS. */
export const processIo = (): Io => {
  for (const stream of [process.stdout, process.stderr]) {
    // `fleetmend runs | head` closes the pipe early: this is no error.
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  }
  return {
    stdout: screenOf(process.stdout),
    stderr: screenOf(process.stderr),
    live: () => {
      const log = createLogUpdate(process.stderr);
      return { show: (text) => log(text), clear: () => log.clear(), done: () => log.done() };
    },
    env: process.env,
    homeFolder: homedir(),
    userName: userName(),
    readFile,
    ask,
    now: () => new Date(),
    sleep: async (ms, signal) => {
      await delay(ms, undefined, { signal }).catch(() => undefined);
    },
    onInterrupt: () => {
      const controller = new AbortController();
      // A listener that removes itself (`once`) would let the one that restores the cursor end the process at once.
      const stop = (): void => {
        if (controller.signal.aborted) process.exit(EXIT.detached);
        controller.abort();
      };
      process.on('SIGINT', stop);
      return { signal: controller.signal, off: () => void process.off('SIGINT', stop) };
    },
    newId: randomUUID,
    post: async (address, body) => {
      const answer = await fetch(address, { method: 'POST', body: JSON.stringify(body), redirect: 'error' });
      return await answer.json();
    },
    connect: connectByLambda,
    askAws: askBySdk,
  };
};
