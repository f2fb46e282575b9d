// Runs the commands of the suites, and measures what they cost. Plain JavaScript, as run.mjs is.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './setup.mjs';

const SCRIPT = join(root, 'test', 'measured.sh');
const SECONDS_PER_MINUTE = 60;

/** The sum of the user and system seconds in the second line of bash's `times`, that of the children: `0m1.20s 0m0.31s`. */
export const processorSeconds = (times) => {
  const children = times.trim().split('\n')[1] ?? '';
  const all = [...children.matchAll(/(\d+)m(\d+)[.,](\d+)s/g)];
  return all.reduce((sum, [, m, s, part]) => sum + Number(m) * SECONDS_PER_MINUTE + Number(`${s}.${part}`), 0);
};

/**
 * Runs a command. Its output is returned, because suites run in parallel and the output of each is printed at its end.
 *
 * @param options.niceness how far the command stands back behind others (nice(1)): 0 is not at all
 * @returns whether it ended with exit code 0, what it printed, and its processor time in seconds
 */
export const measure = (command, words, { env, niceness = 0 }) =>
  new Promise((resolve) => {
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe'];
    const child = spawn('bash', [SCRIPT, String(niceness), '--', command, ...words], { cwd: root, env, stdio });
    let output = '';
    let times = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.on('error', (error) => resolve({ ok: false, output: `${command}: ${error.message}`, processor: 0 }));
    child.on('close', (code) => resolve({ ok: code === 0, output, processor: processorSeconds(times) }));
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.stdio[3].setEncoding('utf8').on('data', (chunk) => {
      times += chunk;
    });
  });
