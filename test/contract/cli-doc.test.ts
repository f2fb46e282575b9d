import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { entriesInOrder } from '../../cli/commands.ts';
import { EXIT } from '../../cli/exit.ts';
import { CLI_PAGE, linesOf, renderCliPage } from '../docs/cli-page.ts';

const page = readFileSync(CLI_PAGE, 'utf8');

describe('docs/cli.md', () => {
  it('shows what the program writes (node test/docs/render-cli.ts writes it)', async () => {
    expect(page).toBe(await renderCliPage(page));
  });

  it('shows each command', () => {
    const shown = new Set(linesOf(page).map((line) => line.split(' ')[0] || 'status'));
    expect(entriesInOrder.map(({ name }) => name).filter((name) => !shown.has(name) && name !== 'contexts')).toEqual(
      [],
    );
  });

  it('has every exit code', () => {
    for (const code of Object.values(EXIT)) expect(page).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm'));
  });

  it('keeps each line of a screen within 80 columns', () => {
    // CSV, what a person typed and a command to copy may be longer.
    const isCommand = (line: string) => /^(?:\$| +(?:or: )?(?:fleetmend|aws|kubectl) )/.test(line);
    const lines = [...page.matchAll(/```\n\$ fleetmend (?!results)[\s\S]*?```/g)].flatMap(([block]) =>
      block.split('\n'),
    );
    expect(lines.filter((line) => line.length > 80 && !isCommand(line))).toEqual([]);
  });
});
