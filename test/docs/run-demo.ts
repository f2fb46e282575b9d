import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** `nobody` on Debian: the simulated demo must not need root. */
const NOBODY = 65_534;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--bounding-set=-all', '--'];
/** Mounts the folder $1 at $2 for the command that follows, and for no other process. */
const SHOW = 'mount --bind "$1" "$2"; cd "$2"; shift 2; exec "$@"';

type Demo = { readonly code: number | null; readonly output: string };

/** Runs the demo and returns its output. The simulated demo never runs as root. */
export const runDemo = async (words: readonly string[]): Promise<Demo> => {
  const isReal = words.includes('--real');
  if (process.getuid?.() !== 0 || isReal) return await run(root, words, []);
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return await run(root, words, AS_NOBODY);
  // The clone may be below a folder that only root can enter (/root): mount it elsewhere.
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
    const command = [...before, moved(process.execPath), join(folder, 'lab', 'demo.ts'), ...words];
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      cwd: root,
      env: {
        ...process.env,
        PATH: moved(process.env.PATH),
        NODE_OPTIONS: moved(process.env.NODE_OPTIONS),
        HOME: tmpdir(),
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
