import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { strace } from './agent.ts';
import { nodeProcesses } from './node-processes.ts';

/** A running trace of a node's processes. */
export type Trace = {
  /** The file for the next program that is started from outside, under its own strace. */
  readonly nextFile: () => string;
  /** Ends the trace and returns the text of all its files. */
  readonly stop: () => Promise<string>;
};

const ATTACH_TIMEOUT_MILLISECONDS = 10_000;

/** Attaches strace to all processes of the node; `onStop` is called when the trace ends. */
export async function traceProcesses(path: string, initPid: number, onStop: () => void): Promise<Trace> {
  const base = `${path}.running`;
  const files = [base];
  const pids = nodeProcesses(initPid).map(({ pid }) => pid);
  const [program = '', ...args] = strace(base);
  const child = spawn(program, [...args, ...pids.flatMap((pid) => ['-p', String(pid)])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const deadline = Date.now() + ATTACH_TIMEOUT_MILLISECONDS;
  while (!pids.every(isTraced)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`attaching strace: ${said.trim()}`);
    await delay(20);
  }
  return {
    nextFile: () => {
      const file = `${path}.${files.length}`;
      files.push(file);
      return file;
    },
    stop: async () => {
      onStop();
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGINT');
      await ended;
      return files
        .filter((file) => existsSync(file))
        .map((file) => readFileSync(file, 'utf8'))
        .join('');
    },
  };
}

function isTraced(pid: number): boolean {
  // A process that has ended meanwhile needs no tracer.
  return !existsSync(`/proc/${pid}/status`) || !/^TracerPid:\s+0$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
