import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'fleetmend-infra-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A new folder, removed when the file's tests are over. */
export const temporaryFolder = (): string => mkdtempSync(join(root, 'folder-'));
