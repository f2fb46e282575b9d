import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const CLASSIFY = new URL('classify.ts', import.meta.url).pathname;
const NOTHING = '{"reason":null,"image":null}';
const DISK = '{"reason":"ImageGCPressure","image":null}';
const disk = (more: Record<string, unknown> = {}) =>
  JSON.stringify({ text: 'Node ip-10-0-3-7 status is now: NodeHasDiskPressure', ...more });

const run = (input: string | Buffer) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLASSIFY], { input, encoding: 'utf8' });
  return { status, lines: stdout.split('\n').slice(0, -1), complaints: stderr.split('\n').slice(0, -1) };
};

describe('npm run classify', () => {
  it('answers each line with one line, in order, whatever the line is', () => {
    const input = [
      disk(),
      '',
      '{"text":',
      '"a string"',
      '[]',
      'null',
      '{"kind":"kubelet"}',
      '{"text":1}',
      disk({ kind: 'journald' }),
      disk({ kind: null }),
      '  \t ',
      disk({ more: 1 }),
    ];
    const { status, lines, complaints } = run(`${input.join('\n')}\n`);
    expect(lines).toEqual([DISK, ...Array<string>(7).fill(NOTHING), DISK, DISK, NOTHING, DISK]);
    expect(status).toBe(1);
    expect(complaints.map((it) => /^classify: line (\d+): /.exec(it)?.[1])).toEqual([
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
    ]);
  });

  it.each<[string, string | Buffer, readonly string[]]>([
    ['nothing at all', '', []],
    ['a byte order mark', `\ufeff${disk()}\n`, [DISK]],
    ['Windows line ends and no end of the last line', `${disk()}\r\n${disk()}`, [DISK, DISK]],
    ['line separators of Unicode within a text', `${disk({ more: '\u2028\u2029\u0085' })}\n`, [DISK]],
    ['an unknown kind', `${disk({ kind: 'syslog' })}\n`, [DISK]],
    ['a kind that the text contradicts', `${disk({ kind: 'docker' })}\n`, [DISK]],
  ])('takes %s, and exits with 0', (_, input, answers) => {
    const { status, lines } = run(input);
    expect({ status, lines }).toEqual({ status: 0, lines: answers });
  });

  it('refuses a line that is too long, and continues with the next', () => {
    const { status, lines } = run(`${JSON.stringify({ text: 'x'.repeat(9 * 1024 * 1024) })}\n${disk()}\n`);
    expect({ status, lines }).toEqual({ status: 1, lines: [NOTHING, DISK] });
  });

  it('gives the image as the text names it, and none without a reason', () => {
    const image =
      'registry.example.lan:5000/base/pause@sha256:529cf6b1b6e5b76e901abc43aee825badbd93f9c5ee5f1e316d46a83abbce5a2';
    const text = `failed to get sandbox image \\"${image}\\": failed to pull image \\"${image}\\": 401 Unauthorized`;
    const input = [`RunPodSandbox failed: ${text}`, `Failed to pull image "${image}": 401 Unauthorized`];
    expect(run(input.map((it) => JSON.stringify({ text: it })).join('\n')).lines).toEqual([
      JSON.stringify({ reason: 'SandboxImageMissing', image }),
      NOTHING,
    ]);
  });
});
