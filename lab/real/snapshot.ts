import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The fingerprint (type, mode, owner and content) of each path. Two snapshots are equal if nothing changed. */
export type FileHashes = Readonly<Record<string, string>>;

/** A node at work deletes files while they are read: containerd collects snapshots some time after their container. */
const READS = 5;

/** Fingerprints of all that lies below `folder`, but for the paths (relative to it) that `ignore` names. */
export function hashFiles(folder: string, ignore: readonly string[] = []): FileHashes {
  for (let read = 1; ; read++) {
    try {
      return hashOnce(folder, ignore);
    } catch (thrown) {
      const isDeleted = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
      if (!isDeleted || read === READS) throw thrown;
    }
  }
}

/** Read by parts into one place: a buffer for each file would be most of what a suite of real nodes has to collect. */
const part = Buffer.allocUnsafeSlow(1024 * 1024);

function hashFile(path: string): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    for (let size = readSync(file, part); size > 0; size = readSync(file, part)) hash.update(part.subarray(0, size));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

function hashOnce(folder: string, ignore: readonly string[]): FileHashes {
  const hashes: Record<string, string> = {};
  const walk = (path: string): void => {
    const name = relative(folder, path);
    if (ignore.includes(name)) return;
    const status = lstatSync(path);
    const base = `${status.mode.toString(8)}:${status.uid}:${status.gid}`;
    if (status.isDirectory()) {
      if (name !== '') hashes[name] = base;
      for (const entry of readdirSync(path)) walk(join(path, entry));
    } else if (status.isFile()) {
      hashes[name] = `${base}:${hashFile(path)}`;
    } else {
      hashes[name] = `${base}:${status.isSymbolicLink() ? readlinkSync(path) : status.rdev}`;
    }
  };
  walk(folder);
  return hashes;
}
