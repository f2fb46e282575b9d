import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// As it is installed: the sources take four times as long to load.
const main = join(import.meta.dirname, '../dist/cli/index.mjs');
const home = mkdtempSync(join(tmpdir(), 'fleetmend-completion-'));
beforeAll(() => {
  mkdirSync(join(home, 'fleetmend'));
  writeFileSync(join(home, 'fleetmend/config.json'), JSON.stringify({ contexts: { eu: {}, china: {} } }));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const run = (program: string, ...args: readonly string[]) => {
  const env = { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: home };
  const started = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    env,
  });
  return {
    code: started.status,
    values: started.stdout.split('\n').map((line) => line.split('\t')[0]),
    text: started.stdout,
  };
};

describe('the completion of a shell', () => {
  it('knows the commands, their options, and the values of options', () => {
    expect(run(main, 'complete', '--', 'rep').values).toEqual(['repair', 'report', 'replay', ':4', '']);
    expect(run(main, 'complete', '--', 'pause', '--f').values).toEqual(['--for', ':4', '']);
    expect(run(main, 'complete', '--', 'runs', '--context', '').values).toEqual(['eu', 'china', 'all', ':4', '']);
  });

  it('is printed for a shell', () => {
    const { code, text } = run(main, 'complete', 'bash');
    expect(code).toBe(0);
    expect(text).toContain('fleetmend complete --');
  });

  it('is that of kubectl for its plugin', () => {
    const plugin = join(home, 'kubectl_complete-fleetmend');
    symlinkSync(main, plugin);
    expect(run(plugin, 're').values).toContain('repair');
  });
});
