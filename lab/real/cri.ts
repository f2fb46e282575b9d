import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { credentials, makeGenericClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';

/** How a RunPodSandbox ended; `error` is the runtime's own text as kubelet would log it. */
export type SandboxResult = { readonly ok: true; readonly id: string } | { readonly ok: false; readonly error: string };

/** How a sandbox is started. */
export type SandboxOptions = { readonly network?: 'NODE' | 'POD'; readonly name?: string };

/** An image as the CRI shows it to kubelet. */
type CriImage = {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly pinned: boolean;
};

/** The part of the Container Runtime Interface that the lab uses, as kubelet calls it. */
export type Cri = {
  /** Starts a pod sandbox with the node's network, or one of its own through CNI; each has its own name unless one is given. */
  readonly runPodSandbox: (options?: SandboxOptions) => Promise<SandboxResult>;
  /** Stops and removes every sandbox of the node. */
  readonly removeSandboxes: () => Promise<void>;
  readonly listImages: () => Promise<CriImage[]>;
  /** Until the CRI knows `name` as the image with that id, or no longer: it learns by events of what `ctr` does. */
  readonly waitForImage: (name: string, id: string | undefined) => Promise<void>;
  /** Removes an image with all its names, as kubelet's garbage collection does. */
  readonly removeImage: (image: string) => Promise<void>;
  readonly pullImage: (image: string, auth?: { username: string; password: string }) => Promise<void>;
  /** Whether the runtime and its network are ready. */
  readonly status: () => Promise<{ runtimeReady: boolean; networkReady: boolean }>;
  readonly close: () => void;
};

const CALL_TIMEOUT_MILLISECONDS = 60_000;
const LIST_ATTEMPTS = 5;
const LIST_GAP_MILLISECONDS = 500;
const IMAGE_TIMEOUT_MILLISECONDS = 60_000;
const IMAGE_GAP_MILLISECONDS = 20;
const PROTO = fileURLToPath(new URL('./cri.proto', import.meta.url));

const Sandbox = z.object({ podSandboxId: z.string() });
const Sandboxes = z.object({ items: z.array(z.object({ id: z.string() })) });
const Images = z.object({
  images: z.array(
    z.object({
      id: z.string(),
      repoTags: z.array(z.string()),
      repoDigests: z.array(z.string()),
      pinned: z.boolean(),
    }),
  ),
});
const Status = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.boolean() })) }),
});

/** Connects to containerd's socket (a path that this process can reach; at most 107 bytes). */
export function connectCri(socket: string): Cri {
  const definition = loadSync(PROTO, { defaults: true, arrays: true, enums: String });
  const call = (service: 'RuntimeService' | 'ImageService') => {
    const loaded = definition[`runtime.v1.${service}`];
    if (loaded === undefined || 'format' in loaded) throw new Error(`reading cri.proto: it has no ${service}`);
    const Client = makeGenericClientConstructor(loaded, service);
    const client = new Client(`unix:${socket}`, credentials.createInsecure());
    const run = async (method: string, request: Record<string, unknown>): Promise<unknown> => {
      const rpc = loaded[method];
      if (rpc === undefined) throw new Error(`reading cri.proto: ${service} has no ${method}`);
      return await new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          rpc.path,
          rpc.requestSerialize,
          rpc.responseDeserialize,
          request,
          { deadline: Date.now() + CALL_TIMEOUT_MILLISECONDS },
          (error: ServiceError | null, value?: unknown) => (error === null ? resolve(value) : reject(error)),
        );
      });
    };
    return { run, close: () => client.close() };
  };
  const runtime = call('RuntimeService');
  const images = call('ImageService');

  /** A runtime that was restarted has dropped the connection, and the first call after it fails. */
  const listSandboxes = async (): Promise<unknown> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await runtime.run('ListPodSandbox', {});
      } catch (error) {
        if (!isServiceError(error) || error.code !== status.UNAVAILABLE || attempt === LIST_ATTEMPTS) throw error;
        await delay(LIST_GAP_MILLISECONDS);
      }
    }
  };

  const listImages = async (): Promise<CriImage[]> => Images.parse(await images.run('ListImages', {})).images;

  return {
    runPodSandbox: async ({ network = 'NODE', name = `probe-${randomUUID().slice(0, 8)}` } = {}) => {
      const config = {
        metadata: { name, uid: randomUUID(), namespace: 'default', attempt: 0 },
        logDirectory: `/var/log/pods/${name}`,
        linux: { securityContext: { namespaceOptions: { network } } },
      };
      try {
        return { ok: true, id: Sandbox.parse(await runtime.run('RunPodSandbox', { config })).podSandboxId };
      } catch (error) {
        if (!isServiceError(error)) throw error;
        return { ok: false, error: error.details };
      }
    },
    removeSandboxes: async () => {
      const { items } = Sandboxes.parse(await listSandboxes());
      for (const { id } of items) {
        await runtime.run('StopPodSandbox', { podSandboxId: id });
        await runtime.run('RemovePodSandbox', { podSandboxId: id });
      }
    },
    listImages,
    waitForImage: async (name, id) => {
      const deadline = Date.now() + IMAGE_TIMEOUT_MILLISECONDS;
      for (;;) {
        const known = (await listImages()).find(({ repoTags }) => repoTags.includes(name))?.id;
        if (known === id) return;
        if (Date.now() > deadline)
          throw new Error(`waiting for the CRI to know ${name} as ${id ?? 'no image'}: it knows ${known ?? 'none'}`);
        await delay(IMAGE_GAP_MILLISECONDS);
      }
    },
    removeImage: async (image) => {
      await images.run('RemoveImage', { image: { image } });
    },
    pullImage: async (image, auth) => {
      await images.run('PullImage', { image: { image }, ...defined({ auth }) });
    },
    status: async () => {
      const said = Status.parse(await runtime.run('Status', {})).status;
      const isReady = (type: string) =>
        said.conditions.some((condition) => condition.type === type && condition.status);
      return { runtimeReady: isReady('RuntimeReady'), networkReady: isReady('NetworkReady') };
    },
    close: () => {
      runtime.close();
      images.close();
    },
  };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'details' in error && 'code' in error;
}
