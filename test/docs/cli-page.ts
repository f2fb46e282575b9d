import { entriesInOrder } from '../../cli/commands.ts';
import { runCli } from '../support/cli-world.ts';
import { CLI_SCENES } from './cli-scenes.ts';

/** The page whose transcripts are written between comments. */
export const CLI_PAGE = new URL('../../docs/cli.md', import.meta.url);

/** A transcript: `<!-- run: fleetmend … -->`, a block of code, `<!-- end -->`. */
const TRANSCRIPT = /<!-- run: fleetmend ?(?<line>[^\n]*?) -->\n[\s\S]*?<!-- end -->/g;

/** The words of a line of a shell, with double quotes. */
export const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

/** The command lines of a page. */
export const linesOf = (page: string): readonly string[] =>
  [...page.matchAll(TRANSCRIPT)].map(({ groups }) => groups?.line ?? '');

const transcriptOf = async (line: string): Promise<string> => {
  const scene = CLI_SCENES.find(({ of }) => of === line);
  if (scene === undefined) throw new Error(`rendering docs/cli.md: test/docs/cli-scenes.ts has no scene of "${line}"`);
  const { code, transcript } = await runCli(
    { isTerminal: true, ...scene.options, env: { NO_COLOR: '1', ...scene.options.env } },
    ...wordsOf(line),
    '--utc',
  );
  const command = `$ fleetmend ${line}`.trim();
  return (
    `<!-- run: fleetmend ${line} -->`.replace('  ', ' ') +
    `\n\n\`\`\`\n${command}\n${transcript}# exit code ${code}\n\`\`\`\n\n<!-- end -->`
  );
};

const optionsOf = (): string => {
  const rows = entriesInOrder.map(({ name, summary, arguments: args }) => {
    const words = ['fleetmend', name, ...args.map(({ flags }) => flags)].join(' ');
    return `- \`${words}\`: ${summary.replace(/^./, (first) => first.toLowerCase())}.`;
  });
  return rows.join('\n');
};

const BEGIN = '<!-- commands: written by `node test/docs/render-cli.ts` -->';
const END = '<!-- commands: end -->';

/** The page with its list of commands and its transcripts as the program writes them. */
export const renderCliPage = async (page: string): Promise<string> => {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`rendering docs/cli.md: it needs ${BEGIN} and ${END}`);
  const listed = `${page.slice(0, from + BEGIN.length)}\n\n${optionsOf()}\n\n${page.slice(to)}`;
  const written = await Promise.all(linesOf(page).map(transcriptOf));
  return listed.replace(TRANSCRIPT, () => written.shift() ?? '');
};
