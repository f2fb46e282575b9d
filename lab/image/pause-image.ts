import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Architecture } from './elf.ts';
import { pauseProgram } from './pause-program.ts';
import { tarArchive } from './tar.ts';

/** One object of an image, by its content. */
type Blob = { readonly mediaType: string; readonly digest: string; readonly content: Buffer };

/** A one-layer OCI image. */
export type PauseImage = {
  readonly architecture: Architecture;
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layer: Blob;
  /** Digest of the layer unpacked; with one layer it is the name (chain id) of containerd's snapshot too. */
  readonly diffId: string;
};

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

/** Builds the image. A `marker` makes an image that runs alike but has other digests: a look-alike. */
export function buildPauseImage(options: { architecture: Architecture; marker?: string }): PauseImage {
  const archive = tarArchive([
    { name: 'pause', content: pauseProgram(options.architecture), mode: 0o755 },
    ...(options.marker === undefined ? [] : [{ name: 'marker', content: Buffer.from(options.marker) }]),
  ]);
  const diffId = digestOf(archive);
  const layer = blob(LAYER_TYPE, gzipSync(archive, { level: 9 }));
  const config = jsonBlob(CONFIG_TYPE, {
    architecture: options.architecture,
    os: 'linux',
    config: { Entrypoint: ['/pause'], Env: ['PATH=/'], WorkingDir: '/', User: '65535:65535' },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'fleetmend lab' }],
  });
  const manifest = jsonBlob(MANIFEST_TYPE, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptorOf(config),
    layers: [descriptorOf(layer)],
  });
  return { architecture: options.architecture, manifest, config, layer, diffId };
}

/** An archive in OCI layout that `ctr images import` stores under `name` (by containerd's name annotation). */
export function imageArchive(image: PauseImage, name: string): Buffer {
  const index = {
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [
      {
        ...descriptorOf(image.manifest),
        platform: { os: 'linux', architecture: image.architecture },
        annotations: { 'io.containerd.image.name': name },
      },
    ],
  };
  return tarArchive([
    { name: 'oci-layout', content: Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })) },
    { name: 'index.json', content: Buffer.from(JSON.stringify(index)) },
    { name: 'blobs/', content: Buffer.alloc(0) },
    { name: 'blobs/sha256/', content: Buffer.alloc(0) },
    ...[image.manifest, image.config, image.layer].map((object) => ({
      name: `blobs/${object.digest.replace(':', '/')}`,
      content: object.content,
    })),
  ]);
}

/** An archive that `docker load` stores under `name`. */
export function dockerArchive(image: PauseImage, name: string): Buffer {
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  return tarArchive([
    { name: 'config.json', content: image.config.content },
    { name: 'layer.tar', content: gunzipSync(image.layer.content) },
    { name: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
  ]);
}

/** Pushes the image to a registry by its HTTP API (`registryUrl` without a trailing slash). */
export async function pushImage(registryUrl: string, repository: string, tag: string, image: PauseImage) {
  for (const object of [image.config, image.layer]) {
    const started = await send(`${registryUrl}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(started.headers.get('location') ?? '', registryUrl);
    location.searchParams.set('digest', object.digest);
    await send(location.href, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array(object.content),
    });
  }
  await send(`${registryUrl}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': image.manifest.mediaType },
    body: new Uint8Array(image.manifest.content),
  });
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`pushing an image to ${url}: ${response.status} ${text.slice(0, 300)}`);
  return response;
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function blob(mediaType: string, content: Buffer): Blob {
  return { mediaType, digest: digestOf(content), content };
}

function jsonBlob(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function descriptorOf(object: Blob) {
  return { mediaType: object.mediaType, digest: object.digest, size: object.content.length };
}
