import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { wordsOf } from '../docs/cli-page.ts';
import { resourcesOf, synthesize } from '../infra/synthesized.ts';
import { runCli } from '../support/cli-world.ts';

const docs = join(import.meta.dirname, '../../docs');
const page = readFileSync(join(docs, 'operating.md'), 'utf8');

/** The command lines of a page: lines of its blocks for a shell, and text in backticks. */
const commandsOf = (text: string): readonly string[] => {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  const spans = [...text.replace(/```[\s\S]*?```/g, '').matchAll(/`(fleetmend [^`]+)`/g)].map(([, span = '']) => span);
  return [...new Set([...blocks, ...spans].map((line) => line.trim()).filter((line) => /^fleetmend\b/.test(line)))];
};

/** Runs a command line against a stack that cannot be reached: one without an error of usage gets as far as that. */
const attempt = async (line: string) => {
  const { code, calls } = await runCli(
    {
      isTerminal: true,
      replies: ['y'],
      answer: () => {
        throw new CommandError('Aws', { message: 'the stack is away' });
      },
    },
    ...wordsOf(line).slice(1),
  );
  return { line, isUnderstood: code !== EXIT.usage && calls.length > 0 };
};

describe.each(['operating.md', 'deploying.md'])('the commands of docs/%s', (name) => {
  const commands = commandsOf(readFileSync(join(docs, name), 'utf8'));

  it('are there', () => {
    expect(commands.length).toBeGreaterThan(4);
  });

  it.each(commands)('%s', async (line) => {
    expect(await attempt(line)).toEqual({ line, isUnderstood: true });
  });
});

it.each([
  'fleetmend chek -c shop',
  'fleetmend check --clusters shop',
  'fleetmend pause -c shop --for 2parsecs --reason "x"',
  'fleetmend release -c shop --reason "x"',
])('%s would be found', async (line) => {
  expect(commandsOf(`\`\`\`sh\n${line}\n\`\`\``)).toEqual([line]);
  expect(await attempt(line)).toEqual({ line, isUnderstood: false });
});

/** The sections of the page by heading. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.split('\n', 1)[0] ?? '', text]),
);

describe('each situation', () => {
  it.each([
    'Pods hang in ContainerCreating',
    'Why did fleetmend not act?',
    'A circuit breaker opened',
    'A node is quarantined',
    'Stop everything now',
    'What changed on this node?',
    'The registry does not answer',
  ])('%s: says what is seen, what to run and what to do next', (heading) => {
    const text = sections.get(heading) ?? '';
    const order = [/\*\*You (?:see|want)\*\*/, /\*\*Run\*\*\n\n```sh\nfleetmend /, /\*\*Next\b/].map((part) =>
      text.search(part),
    );
    expect(order.filter((at) => at < 0)).toEqual([]);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });
});

describe('the alarms', () => {
  const { template } = synthesize();
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm')
    .map(([, { Properties }]) => ({
      name: String(Properties.AlarmName).replace(/^fleetmend-/, ''),
      description: String(Properties.AlarmDescription),
      missing: String(Properties.TreatMissingData),
    }))
    .filter(({ name }) => !name.startsWith('cluster-'));
  const text = sections.get('Alarms') ?? '';
  const cellsOf = (line: string): readonly string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const targets = new Map(
    [...text.matchAll(/^\[(\w+)\]: (#\S+)$/gm)].map(([, label = '', anchor = '']) => [label, anchor]),
  );
  const rows = text
    .split('\n')
    .filter((line) => /^\| \[`/.test(line))
    .map((line) => {
      const [link = '', severity = '', , missing = ''] = cellsOf(line);
      const [, pattern = '', anchor, label = ''] = /^\[`([^`]+)`\](?:\((#[^)]+)\)|\[(\w+)\])$/.exec(link) ?? [];
      return { pattern, severity, missing, anchor: anchor ?? targets.get(label) };
    });
  const names = new Map(
    text
      .split('\n')
      .filter((line) => /^\| `</.test(line))
      .map(cellsOf)
      .map(([pattern = '', list = '']) => [
        pattern.replaceAll('`', ''),
        [...list.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
      ]),
  );
  const expanded = rows.flatMap((row) => {
    if (!row.pattern.includes('<')) return [{ ...row, name: row.pattern }];
    return (names.get(row.pattern) ?? []).map((name) => ({ ...row, name: row.pattern.replace(/<\w+>/, name) }));
  });

  it('of the page are those of the template', () => {
    expect(expanded.map(({ name }) => name).toSorted()).toEqual(alarms.map(({ name }) => name).toSorted());
    expect(alarms.length).toBeGreaterThan(40);
  });

  it.each(alarms)('$name: its severity, its section and its state without data are those of the template', (alarm) => {
    const row = expanded.find(({ name }) => name === alarm.name);
    const treatment = { breaching: 'rings', notBreaching: 'is quiet', ignore: 'stays as it is' }[alarm.missing];
    const [, severity, anchor] = /^(\w+): .* See docs\/operating\.md(#\S+)$/.exec(alarm.description) ?? [];
    expect(row).toMatchObject({ severity, anchor, missing: treatment });
  });

  it.each([...new Set(expanded.map(({ anchor }) => anchor ?? ''))])(
    '%s has a section that says more than a line',
    (anchor) => {
      const found = page
        .split(/^#{2,3} /m)
        .slice(1)
        .filter(
          (part) =>
            `#${(part.split('\n', 1)[0] ?? '')
              .toLowerCase()
              .replace(/[^a-z0-9 -]/g, '')
              .replaceAll(' ', '-')}` === anchor,
        );
      expect(found).toHaveLength(1);
      expect(found[0]?.split('\n').slice(1).join('').length).toBeGreaterThan(80);
    },
  );
});
