import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** `nobody` on Debian: the demo must do without root. */
const NOBODY = 65_534;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--bounding-set=-all', '--'];
/** Shows the folder $1 at $2, to the command that follows alone. */
const SHOW = 'mount --bind "$1" "$2"; cd "$2"; shift 2; exec "$@"';

type Demo = { readonly code: number | null; readonly output: string };

/** Runs the demo as its readers would, the simulated one never as root, and returns what it printed. */
export const runDemo = async (words: readonly string[]): Promise<Demo> => {
  const isReal = words.includes('--real');
  if (process.getuid?.() !== 0 || isReal) return await run(root, words, []);
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return await run(root, words, AS_NOBODY);
  // A clone of root's may lie in a folder that nobody else may enter (/root): it is shown in another place.
  const place = mkdtempSync(join(tmpdir(), 'fleetmend-demo-'));
  chmodSync(place, 0o755);
  try {
    const shown = ['unshare', '--mount', '--propagation=private', 'sh', '-euc', SHOW, 'sh', root, place];
    return await run(place, words, [...shown, ...AS_NOBODY]);
  } finally {
    rmdirSync(place);
  }
};

const run = (folder: string, words: readonly string[], before: readonly string[]): Promise<Demo> =>
  new Promise((resolve, reject) => {
    const moved = (text: string | undefined): string => (text ?? '').replaceAll(root, folder);
    const command = [...before, moved(process.execPath), join(folder, 'test', 'lab', 'demo.ts'), ...words];
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      cwd: root,
      env: {
        ...process.env,
        PATH: moved(process.env.PATH),
        NODE_OPTIONS: moved(process.env.NODE_OPTIONS),
        HOME: '/tmp',
        COLUMNS: '110',
        JSII_DEPRECATED: 'quiet',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
