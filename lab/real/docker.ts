import { setTimeout as delay } from 'node:timers/promises';
import { defined } from '../../core/model/defined.ts';
import { dockerArchive, type PauseImage } from '../image/pause-image.ts';
import type { SandboxResult } from './cri.ts';
import type { ProgramResult } from './process.ts';

/** The part of Docker that the lab uses, by its own client on the node. */
export type Docker = {
  /** Runs `docker` on the node. */
  readonly run: (args: readonly string[], input?: Buffer) => Promise<ProgramResult>;
  /** Stores an image under a name. */
  readonly load: (image: PauseImage, name: string) => Promise<void>;
  /** Starts a container of the image as cri-dockerd starts a sandbox; Docker pulls the image if it is not there. */
  readonly startSandbox: (image: string) => Promise<SandboxResult>;
  readonly removeContainers: () => Promise<void>;
  readonly images: () => Promise<string[]>;
  readonly containers: () => Promise<string[]>;
  /** Resolves when the daemon answers. */
  readonly wait: () => Promise<void>;
};

const READY_TIMEOUT_MILLISECONDS = 30_000;

/** Docker on a node, through a function that runs programs there. */
export function connectDocker(
  exec: (command: readonly string[], options?: { input?: Buffer }) => Promise<ProgramResult>,
): Docker {
  const run = async (args: readonly string[], input?: Buffer) =>
    await exec(['env', 'HOME=/root', 'docker', ...args], defined({ input }));
  const must = async (args: readonly string[], input?: Buffer): Promise<string> => {
    const result = await run(args, input);
    if (result.code !== 0) throw new Error(`running docker ${args.join(' ')}: ${result.stderr.trim()}`);
    return result.stdout;
  };
  /** Empty if the daemon is down, which some faults cause. */
  const list = async (args: readonly string[]) => {
    const { stdout, stderr } = await run(args);
    const isDown = stderr.includes('Cannot connect to the Docker daemon');
    return (isDown ? stdout : await must(args)).split('\n').filter((line) => line !== '');
  };
  const containers = async () => await list(['container', 'ls', '--all', '--no-trunc', '--quiet']);
  return {
    run,
    load: async (image, name) => {
      await must(['image', 'load'], dockerArchive(image, name));
    },
    startSandbox: async (image) => {
      const result = await run(['run', '--detach', '--network=none', image]);
      if (result.code === 0) return { ok: true, id: result.stdout.trim() };
      return { ok: false, error: result.stderr.trim() };
    },
    removeContainers: async () => {
      const ids = await containers();
      if (ids.length > 0) await must(['container', 'rm', '--force', ...ids]);
    },
    images: async () =>
      (await list(['image', 'ls', '--all', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}'])).toSorted(),
    containers: async () => (await containers()).toSorted(),
    wait: async () => {
      const deadline = Date.now() + READY_TIMEOUT_MILLISECONDS;
      for (;;) {
        const result = await run(['info']);
        if (result.code === 0) return;
        if (Date.now() > deadline) throw new Error(`waiting for Docker: ${result.stderr.trim()}`);
        await delay(100);
      }
    },
  };
}
