import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostArchitecture } from './elf.ts';
import { buildPauseImage, imageArchive } from './pause-image.ts';
import { pauseProgram } from './pause-program.ts';
import { tarArchive } from './tar.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetmend-image-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the pause program', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('waits, and exits with 0 on %s', async (signal) => {
    const file = join(folder, 'pause');
    writeFileSync(file, pauseProgram(hostArchitecture()), { mode: 0o755 });
    const program = spawn(file);
    await once(program, 'spawn');
    // It makes two system calls: when it sleeps under its own name, it is in the second.
    const isWaiting = () => / \(pause\) S /.test(readFileSync(`/proc/${program.pid}/stat`, 'utf8'));
    await expect.poll(isWaiting).toBe(true);
    expect(program.exitCode).toBeNull();
    program.kill(signal);
    expect(await once(program, 'exit')).toEqual([0, null]);
  });

  it('is an ELF file for its architecture', () => {
    expect(pauseProgram('amd64').readUInt16LE(18)).toBe(62);
    expect(pauseProgram('arm64').readUInt16LE(18)).toBe(183);
  });

  it('makes the same system calls on arm64, by the encoding of an assembler', () => {
    const words = pauseProgram('arm64').subarray(120);
    const at = (index: number) => words.readUInt32LE(index * 4).toString(16);
    expect([at(1), at(4), at(6), at(10), at(12), at(14)]).toEqual([
      '100001e1', // adr x1, #60
      'd28010e8', // mov x8, #135 (rt_sigprocmask)
      '10000140', // adr x0, #40
      'd2801128', // mov x8, #137 (rt_sigtimedwait)
      'b7ffff40', // tbnz x0, #63, #-24
      'd2800ba8', // mov x8, #93 (exit)
    ]);
  });
});

describe('the pause image', () => {
  it('has digests of its content, equal in each build, and different with a marker', () => {
    const image = buildPauseImage({ architecture: 'amd64' });
    for (const object of [image.manifest, image.config, image.layer]) {
      expect(object.digest).toBe(`sha256:${createHash('sha256').update(object.content).digest('hex')}`);
    }
    const unpacked = gunzipSync(image.layer.content);
    expect(image.diffId).toBe(`sha256:${createHash('sha256').update(unpacked).digest('hex')}`);
    expect(buildPauseImage({ architecture: 'amd64' })).toEqual(image);
    expect(buildPauseImage({ architecture: 'amd64', marker: 'x' }).manifest.digest).not.toBe(image.manifest.digest);
    expect(buildPauseImage({ architecture: 'arm64' }).manifest.digest).not.toBe(image.manifest.digest);
  });

  it('is an archive that tar reads, named in its index', () => {
    const image = buildPauseImage({ architecture: 'amd64' });
    const file = join(folder, 'image.tar');
    writeFileSync(file, imageArchive(image, 'registry.example/pause:1'));
    execFileSync('tar', ['-xf', file, '-C', folder]);
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
    expect(index.manifests[0]).toMatchObject({
      digest: image.manifest.digest,
      annotations: { 'io.containerd.image.name': 'registry.example/pause:1' },
    });
    const blob = join(folder, 'blobs', image.layer.digest.replace(':', '/'));
    mkdirSync(join(folder, 'layer'));
    execFileSync('tar', ['-xzf', blob, '-C', join(folder, 'layer')]);
    expect(readFileSync(join(folder, 'layer/pause'))).toEqual(pauseProgram('amd64'));
  });

  it('refuses a name that does not fit the format of the archive', () => {
    expect(() => tarArchive([{ name: 'x'.repeat(101), content: Buffer.alloc(0) }])).toThrow('longer than 100 bytes');
  });
});
