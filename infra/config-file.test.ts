import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findConfig, readConfig } from './config-file.ts';
import { UserError } from './user-error.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder with these files. */
const folderOf = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-config-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};

describe('finding the configuration', () => {
  const root = folderOf({ 'fleetmend.config.json': '{}', 'other.mjs': '' });
  const search = { named: undefined, from: root, root, env: {} };

  it('prefers --config, then the variable, then the file in the top folder', () => {
    expect(findConfig(search)).toBe(join(root, 'fleetmend.config.json'));
    expect(findConfig({ ...search, env: { FLEETMEND_CONFIG: 'other.mjs' } })).toBe(join(root, 'other.mjs'));
    expect(findConfig({ ...search, named: 'other.mjs', env: { FLEETMEND_CONFIG: 'gone.ts' } })).toBe(
      join(root, 'other.mjs'),
    );
  });

  it('finds nothing where there is nothing', () => {
    const empty = folderOf({});
    expect(findConfig({ ...search, from: empty, root: empty })).toBeUndefined();
  });

  it('does not choose between two', () => {
    const two = folderOf({ 'fleetmend.config.ts': '', 'fleetmend.config.json': '' });
    expect(() => findConfig({ ...search, from: two, root: two })).toThrow(
      'found fleetmend.config.ts and fleetmend.config.json: keep one, or name one with --config',
    );
  });

  it.each([
    ['gone.ts', /^--config: gone\.ts does not exist/],
    ['fleetmend.yaml', /^--config: fleetmend\.yaml is no configuration file: its name ends in \.ts, \.mjs, \.json/],
    ['', /^--config: \(empty\) is no configuration file/],
  ])('refuses --config %j', (named, message) => {
    expect(() => findConfig({ ...search, named })).toThrow(message);
  });

  it('names the variable that points to a missing file', () => {
    expect(() => findConfig({ ...search, env: { FLEETMEND_CONFIG: 'gone.json' } })).toThrow(/^FLEETMEND_CONFIG: gone/);
  });
});

describe('reading a configuration file', () => {
  const config = { clusters: [{ name: 'shop' }] };
  const text = JSON.stringify(config);

  it.each([
    ['a.json', text],
    ['a.mjs', `export const config = ${text};`],
    ['b.mjs', `export default ${text};`],
    ['a.ts', `const config: { clusters: object[] } = ${text};\nexport { config };`],
    ['b.ts', `export default ${text} satisfies object;`],
    ['both.mjs', `export const config = ${text};\nexport default config;`],
  ])('takes %s', async (name, content) => {
    const folder = folderOf({ [name]: content });
    expect(await readConfig(join(folder, name), folder)).toEqual({ file: name, content: config });
  });

  it.each([
    ['c.json', '{"clusters": [', /^c\.json: not valid JSON: /],
    ['c.mjs', 'export const clusters = [];', /^c\.mjs: exports no configuration: write/],
    ['d.mjs', 'export const config = {};\nexport default {};', /^d\.mjs: exports two configurations/],
    ['e.mjs', 'export const config = ;', /^e\.mjs: cannot be loaded: /],
    ['c.ts', 'export const config: = 1;', /^c\.ts: cannot be loaded: /],
    ['f.mjs', 'throw new Error("first\\nsecond");', /^f\.mjs: cannot be loaded: Error: first$/],
    ['g.mjs', 'import "not-a-package"; export const config = {};', /^g\.mjs: cannot be loaded: .*not-a-package/],
    ['h.mjs', 'throw 7;', /^h\.mjs: cannot be loaded: Error: 7$/],
  ])('says in one line what is wrong with %s', async (name, content, message) => {
    const folder = folderOf({ [name]: content });
    const reading = readConfig(join(folder, name), folder);
    await expect(reading).rejects.toThrow(UserError);
    const thrown = await reading.catch((error: unknown) => error);
    const lines = thrown instanceof UserError ? thrown.lines : [];
    expect(lines).toEqual([expect.stringMatching(message)]);
    expect(lines.join()).not.toMatch(/\n/);
  });
});
