import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { outputOf, stderrOf } from '../../lab/agent-output.ts';

const folder = mkdtempSync(join(tmpdir(), 'fleetmend-arrive-'));
afterAll(() => rmSync(folder, { recursive: true }));

const lib = (name: string): string =>
  readFileSync(new URL(`../../ssm-documents/lib/${name}.sh`, import.meta.url), 'utf8');

/** Runs a script as the agent does; the answer is the Output of its plugin. */
const outputOfScript = (...parts: readonly string[]): string => {
  const file = join(folder, 'document.sh');
  const head = `#!/bin/bash\nset -o errexit -o nounset -o pipefail\n${lib('base/prelude')}${lib('base/result')}`;
  // A title has at most 80 bytes.
  const title = `title_of() { REPLY=$(printf '%080d' 0); }\nseverity_of() { REPLY=Fatal; }`;
  writeFileSync(file, [head, title, ...parts].join('\n'), { mode: 0o700 });
  const env = { PATH: '/usr/bin:/bin', FLEETMEND_RUN_DIR: join(folder, 'run') };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', file], { env, encoding: 'utf8' });
  const exitCode = status ?? -1;
  return outputOf(stdout, stderrOf({ statusDetails: exitCode === 0 ? 'Success' : 'Failed', exitCode, stderr }));
};

const resultOf = (output: string): unknown => JSON.parse(output.split('\n')[0] ?? '');

/** Ends with a fault whose names are as long as AWS allows, and with a tool's long error. */
const LONG = `
  for i in 1 2 3 4 5 6 7 8; do evidence "fact$i" "/etc/$(printf '%0300d' 0)"; done
  IMAGE=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/$(printf '%0250d' 0):1
  finish Broken SomeReason "$(head -c 3000 /dev/zero | tr '\\0' '\\1')"`;
/** Writes much on both streams, and then fails as no script should. */
const DIES = `head -c 9000 /dev/zero | tr '\\0' x; head -c 9000 /dev/zero | tr '\\0' y >&2; echo >&2
  echo "$no_such_variable$(head -c 2000 /dev/zero)"`;

const single = (action: 'check' | 'repair', body: string): readonly string[] => [
  lib('base/single'),
  `${action}() {\n${body}\n}`,
  `REMEDIATION=demo ACTION=${action} BUDGET_SECONDS=30`,
  'main',
];
const nodeCheck = (...bodies: readonly string[]): readonly string[] => [
  ...bodies.map((body, i) => `define_n${i}() {\ncheck() {\n${body}\n}\n}`),
  `NODE_CHECKS=(${bodies.map((_, i) => `n${i}`).join(' ')}) PART=12 PARTS=12`,
  lib('node-check'),
  'BUDGET_SECONDS=40',
  'node_check "$@"',
];

describe('the result of the worst node arrives whole, as the agent cuts it', () => {
  it.each([
    ['a check', single('check', LONG)],
    ['a repair with a long log', single('repair', `head -c 9000 /dev/zero | tr '\\0' y >&2\n${LONG}`)],
    ['node-check with three faults', nodeCheck(LONG, LONG, LONG)],
    ['node-check with three faults and one check that dies', nodeCheck(LONG, DIES, LONG, LONG)],
  ])('from %s', (_, parts) => {
    expect(resultOf(outputOfScript(...parts))).toMatchObject({ v: 2, outcome: 'Broken', reason: 'SomeReason' });
  });

  it.each([
    ['a check', single('check', DIES)],
    ['a repair', single('repair', DIES)],
    ['node-check', nodeCheck(DIES, DIES)],
  ])('from %s that dies', (_, parts) => {
    expect(resultOf(outputOfScript(...parts))).toMatchObject({ v: 2, outcome: 'Unknown', reason: 'ScriptFailed' });
  });
});
