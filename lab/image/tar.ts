/** A regular file (or, with a trailing slash in the name and no content, a folder) of an archive. */
export type TarEntry = { readonly name: string; readonly content: Buffer; readonly mode?: number };

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;

/** Writes a ustar archive whose bytes depend on its entries alone: owner root, time zero. Names up to 100 bytes. */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const entry of entries) {
    blocks.push(headerOf(entry), entry.content);
    const overhang = entry.content.length % BLOCK_BYTES;
    if (overhang > 0) blocks.push(Buffer.alloc(BLOCK_BYTES - overhang));
  }
  blocks.push(Buffer.alloc(2 * BLOCK_BYTES));
  return Buffer.concat(blocks);
}

function headerOf(entry: TarEntry): Buffer {
  if (Buffer.byteLength(entry.name) > NAME_BYTES) {
    throw new Error(`writing a tar archive: the name ${entry.name} is longer than ${NAME_BYTES} bytes`);
  }
  const isFolder = entry.name.endsWith('/');
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(entry.name, 0);
  header.write(octal(entry.mode ?? (isFolder ? 0o755 : 0o644), 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(entry.content.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write(' '.repeat(8), 148);
  header.write(isFolder ? '5' : '0', 156);
  header.write('ustar\u000000', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
