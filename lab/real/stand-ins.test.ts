import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDebian } from '../../test/machine/debian.ts';
import { sampleOf } from '../../test/support/sample.ts';
import { type ProgramResult, runProgram } from './process.ts';

const STAND_INS = fileURLToPath(new URL('./stand-ins', import.meta.url));
const V1 = 'credentialprovider.kubelet.k8s.io/v1';
const PROVIDER = {
  name: 'here',
  matchImages: ['*.dkr.ecr.*.amazonaws.com'],
  defaultCacheDuration: '12h',
  apiVersion: V1,
};
const configOf = (...providers: readonly object[]): string =>
  JSON.stringify({ apiVersion: 'kubelet.config.k8s.io/v1', kind: 'CredentialProviderConfig', providers });
const withTokens = (tokenAttributes: object): string => configOf({ ...PROVIDER, tokenAttributes });
const TOKENS = { serviceAccountTokenAudience: 'a', cacheType: 'Token', requireServiceAccount: true };
const FINE = /^$/;

/** A configuration, and the words of kubelet 1.29 and 1.36 for it: observed on the real ones, or read in their source. */
const CONFIGURATIONS: readonly (readonly [string, string, RegExp, RegExp])[] = [
  ['what the AMIs have', configOf(PROVIDER), FINE, FINE],
  [
    'YAML',
    `apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders: [${JSON.stringify(PROVIDER)}]\n`,
    FINE,
    FINE,
  ],
  [
    'an unknown key',
    configOf({ ...PROVIDER, colour: 'red' }),
    FINE,
    /strict decoding error: unknown field "providers\[0\]\.colour"$/,
  ],
  [
    'a duration without a unit',
    configOf({ ...PROVIDER, defaultCacheDuration: '12' }),
    /missing unit in duration "12"$/,
    /missing unit/,
  ],
  [
    'a duration in days',
    configOf({ ...PROVIDER, defaultCacheDuration: '1d' }),
    /unknown unit "d" in duration "1d"$/,
    /unknown unit/,
  ],
  [
    'a negative duration',
    configOf({ ...PROVIDER, defaultCacheDuration: '-1h' }),
    /greater than or equal to 0$/,
    /greater than or equal to 0$/,
  ],
  [
    'no duration',
    configOf({ ...PROVIDER, defaultCacheDuration: undefined }),
    /defaultCacheDuration: Required value$/,
    /Required value$/,
  ],
  [
    'a name twice',
    configOf(PROVIDER, PROVIDER),
    /^Fatal: Credential provider "here" was registered twice$/,
    /^duplicate provider name "here" found/,
  ],
  [
    'no program',
    configOf({ ...PROVIDER, name: 'none' }),
    /executable \S+\/none did not exist$/,
    /^plugin binary executable {2}did not exist$/,
  ],
  [
    'a program that cannot be run',
    configOf({ ...PROVIDER, name: 'config' }),
    FINE,
    /^error inspecting binary executable : exec: ".*": permission denied$/,
  ],
  ['a byte order mark', `\ufeff${configOf(PROVIDER)}`, /invalid character/, FINE],
  [
    'brackets in a host',
    configOf({ ...PROVIDER, matchImages: ['mirror[0-9].corp.example'] }),
    FINE,
    /match image is invalid/,
  ],
  ['two ports', configOf({ ...PROVIDER, matchImages: ['a.b:50:60'] }), FINE, /match image is invalid/],
  ['a word for a port', configOf({ ...PROVIDER, matchImages: ['a.b:c'] }), /invalid port ":c" after host/, /invalid/],
  [
    'IPv6, an empty pattern and one that is not ASCII',
    configOf({ ...PROVIDER, matchImages: ['[::1]:5000', '', 'bücher.example'] }),
    FINE,
    FINE,
  ],
  [
    'an unknown version',
    configOf({ ...PROVIDER, apiVersion: 'v9' }),
    /Unsupported value: "v9"/,
    /Unsupported value: "v9"/,
  ],
  ['tokenAttributes', withTokens(TOKENS), FINE, FINE],
  [
    'tokenAttributes without cacheType',
    withTokens({ ...TOKENS, cacheType: undefined }),
    FINE,
    /cacheType: Required value/,
  ],
  [
    'tokenAttributes without audience',
    withTokens({ ...TOKENS, serviceAccountTokenAudience: '' }),
    FINE,
    /serviceAccountTokenAudience: Required/,
  ],
  [
    'keys that no pod needs',
    withTokens({ ...TOKENS, requireServiceAccount: false, requiredServiceAccountAnnotationKeys: ['a'] }),
    FINE,
    /Forbidden: requireServiceAccount cannot be false/,
  ],
];

describe.skipIf(!isDebian())('the stand-in for kubelet', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetmend-kubelet-'));
    writeFileSync(join(folder, 'here'), '#!/bin/sh\n', { mode: 0o755 });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const python = (code: string, ...args: readonly string[]): Promise<ProgramResult> =>
    runProgram('/usr/bin/python3', [
      '-ISB',
      '-c',
      `import sys\nsys.path.insert(0, sys.argv[1])\n${code}`,
      STAND_INS,
      ...args,
    ]);
  const register = async (path: string, minor: number): Promise<string> => {
    const code = `import kubelet_providers as p
try:
    p.register(sys.argv[2], sys.argv[3], int(sys.argv[4]))
except p.Fatal as fatal:
    print("Fatal: " + str(fatal))
except p.Failure as failure:
    print(failure)`;
    const { stdout, stderr } = await python(code, path, folder, String(minor));
    return stderr + stdout.trimEnd();
  };

  it.each(sampleOf('configurations of providers', CONFIGURATIONS, 4))(
    'registers providers, or refuses them in the words of its version: %s',
    async (_, text, on29, on36) => {
      const path = join(folder, 'config');
      writeFileSync(path, text);
      expect(await register(path, 29)).toMatch(on29);
      expect(await register(path, 36)).toMatch(on36);
    },
  );

  it('takes a folder of configurations since 1.36', async () => {
    writeFileSync(join(folder, 'a.json'), configOf(PROVIDER));
    expect(await register(folder, 36)).toBe('');
    expect(await register(folder, 29)).toMatch(/is a directory$/);
    writeFileSync(join(folder, 'b.json'), configOf(PROVIDER));
    expect(await register(folder, 36)).toMatch(/^duplicate provider name/);
  });

  it.each([
    ['1.29.14', '--pod-infra-container-image=x', /did not|open|no such file|validate service connection/],
    [
      '1.36.2',
      '--pod-infra-container-image=x',
      /^E.*"command failed" err="failed to parse kubelet flag: unknown flag: --pod-infra-container-image"$/m,
    ],
    ['1.26.15', '--container-runtime=remote', /validate service connection/],
    ['1.29.14', '--container-runtime=remote', /unknown flag: --container-runtime"$/m],
    ['1.29.14', '--colour=red', /unknown flag: --colour"$/m],
  ])('%s with %s', async (version, flag, says) => {
    const code = `import re, runpy
source = open(sys.argv[1] + "/kubelet.py").read()
source = re.sub('(?m)^VERSION = .*', 'VERSION = "%s"' % sys.argv[2], source)
sys.argv = ["kubelet", sys.argv[3], "--container-runtime-endpoint=unix:///nowhere"]
__file__ = sys.path[0] + "/kubelet.py"
exec(compile(source, __file__, "exec"))`;
    const { code: exit, stderr } = await python(code, version, flag);
    expect([exit, stderr]).toEqual([1, expect.stringMatching(says)]);
  });

  it.each([
    ['1.29.14', '2', 250, 270],
    ['1.36.2', '0', 25, 40],
  ])(
    'logs as many lines as kubelet %s at verbosity %s, and errors although nothing is wrong',
    async (version, v, least, most) => {
      const code =
        'import kubelet_lines as l\nl.say_flags({"v": sys.argv[3]}, sys.argv[2])\nl.say_start({}, sys.argv[2])\nl.say_running(sys.argv[2])';
      const lines = (await python(code, version, v)).stderr.trimEnd().split('\n');
      expect(lines.length).toBeGreaterThanOrEqual(least);
      expect(lines.length).toBeLessThanOrEqual(most);
      expect(lines.filter((line) => /^E\d{4} /.test(line)).length).toBeGreaterThan(2);
    },
  );
});
