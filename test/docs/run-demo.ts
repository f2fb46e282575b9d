import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** `nobody` on Debian: the demo must do without root. */
const NOBODY = 65_534;

/** Runs the demo as its readers would, the simulated one never as root, and returns what it printed. */
export const runDemo = (words: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const isReal = words.includes('--real');
    const child = spawn(process.execPath, [join(root, 'test', 'lab', 'demo.ts'), ...words], {
      cwd: root,
      env: { ...process.env, HOME: '/tmp', COLUMNS: '110', JSII_DEPRECATED: 'quiet' },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(process.getuid?.() === 0 && !isReal ? { uid: NOBODY, gid: NOBODY } : {}),
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
