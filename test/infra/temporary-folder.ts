import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder; it is removed when the run's tests are over (test/temporary-folder.ts). */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'folder-'));
