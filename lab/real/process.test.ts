import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { mustRun } from './process.ts';
import { describeWithRealNodes } from './suite.ts';

const MODULE = fileURLToPath(new URL('./process.ts', import.meta.url));

/** Kills a program in a process namespace of its own, as one is that runs on a node, and prints the zombies that stay. */
const SCRIPT = `
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { killGroup } from ${JSON.stringify(MODULE)};
const child = spawn('unshare', ['--pid', '--fork', 'sh', '-c', 'echo started; sleep 600 & wait'], { detached: true });
await once(child.stdout, 'data');
killGroup(child.pid);
await once(child, 'close');
// A process closes its files a moment before it is a zombie.
await setTimeout(200);
const stats = readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map((pid) => readFileSync('/proc/' + pid + '/stat', 'utf8'));
console.log(process.pid, stats.filter((stat) => /\\) Z /.test(stat)));
process.exit();`;

await describeWithRealNodes('killing what runs on a node', () => {
  it('leaves no zombie to a process 1 that waits for none, which would keep the node from ending', async () => {
    const node = [process.execPath, '--input-type=module', '--eval', SCRIPT];
    expect(await mustRun('unshare', ['--pid', '--fork', '--mount-proc', ...node])).toBe('1 []\n');
  });
});
