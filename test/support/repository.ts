import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The root folder of the repository. */
export const root = join(import.meta.dirname, '../..');

/** The text of a file, by its path in the repository. */
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const PRODUCT = ['core', 'events', 'ssm-documents', 'functions', 'infra', 'cli', 'lab'];

/** The paths of all sources outside tests: TypeScript, JavaScript and shell. */
export const PRODUCT_FILES: readonly string[] = PRODUCT.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() && /\.(ts|mjs|sh)$/.test(entry.name) && !/\.test\.ts$/.test(entry.name)
      ? [join(entry.parentPath, entry.name).slice(root.length + 1)]
      : [],
  ),
).toSorted();
