/** Lines of a script, and where they come from. */
export type Block = {
  /** The file below `ssm-documents/` that the lines were taken from; undefined for lines that the builder adds. */
  readonly path: string | undefined;
  readonly text: string;
};

/**
 * The lines above the blocks of a document: what they come from, below the folder that the first comment names. The contract
 * test reads a document by them.
 */
export const SOURCE_MARK = '# from ';
export const ADDED_MARK = '# added by the builder';

const list = new Intl.ListFormat('en');

/** The comment at the top of a script. `folders` lie below `ssm-documents/`. */
export const headerOf = (folders: readonly string[]): string =>
  `# Built by fleetmend from ${list.format(folders.map((folder) => `ssm-documents/${folder}`))}; comments, blank lines and functions that nothing calls are left out.`;

const isBlank = (text: string): boolean => text.trim() === '';

/** Without blank lines: in a template, which has all documents, each costs as much as a short word. */
const squeezed = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !isBlank(line))
    .join('\n');

const markOf = ({ path }: Block): string => (path === undefined ? ADDED_MARK : `${SOURCE_MARK}${path}`);

/** The blocks that have lines; those of one file that follow each other are one. */
const joined = (blocks: readonly Block[]): Block[] => {
  const all: Block[] = [];
  for (const block of blocks.filter(({ text }) => !isBlank(text))) {
    const last = all.at(-1);
    if (last?.path === undefined || last.path !== block.path) all.push(block);
    else all[all.length - 1] = { path: last.path, text: `${last.text}\n${block.text}` };
  }
  return all;
};

/** A script of its header and its blocks, each below its mark; a block without lines is left out. */
export const scriptOf = (folders: readonly string[], blocks: readonly Block[]): string =>
  [headerOf(folders), '', ...joined(blocks).map((block) => `${markOf(block)}\n${squeezed(block.text)}`)].join('\n');

/** The bytes of a text in a document, where each line is a JSON string of its own. */
const bytesOf = (text: string): number => Buffer.byteLength(JSON.stringify(text.split('\n'))) - 1;

/** The largest files in a document with their bytes, for a person who has to make it smaller. */
export const largestOf = (blocks: readonly Block[], count = 5): string => {
  const bytes = new Map<string, number>();
  for (const { path = 'what the builder adds', text } of blocks)
    if (!isBlank(text)) bytes.set(path, (bytes.get(path) ?? 0) + bytesOf(squeezed(text)));
  return [...bytes]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([path, size]) => `${path} ${size}`)
    .join(', ');
};
