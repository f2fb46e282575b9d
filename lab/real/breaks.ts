import type { PauseImage } from '../image/pause-image.ts';
import type { Cri } from './cri.ts';
import type { ProgramResult } from './process.ts';

/** The ways in which the lab breaks a node's pause image. */
export const BREAK_KINDS = [
  'missing',
  'missing-with-twin',
  'al2023-missing',
  'content-missing',
  'manifest-missing',
  'foreign-lookalike',
] as const;

/** One of {@link BREAK_KINDS}. */
export type BreakKind = (typeof BREAK_KINDS)[number];

/** The name of the node's own sandbox image in another EKS registry account, for `missing-with-twin`. */
export const TWIN_REGISTRY = '961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn';

/** Registries that no repair may trust: an account that is not an EKS registry, and hosts that are not ECR. */
export const FOREIGN_REGISTRIES = [
  '111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn',
  'evil.example',
  '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn.evil.example',
  'docker.io/918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn',
] as const;

/** The parts of a node that a break changes. */
type BreakableNode = {
  readonly sandboxImage: string;
  readonly pauseImage: PauseImage;
  readonly lookAlikeImage: PauseImage;
  readonly cri: Pick<Cri, 'removeImage' | 'waitForImage'>;
  readonly ctr: (args: readonly string[]) => Promise<ProgramResult>;
  readonly removeSandboxes: () => Promise<void>;
  readonly importImage: (image: PauseImage, name: string) => Promise<void>;
};

/**
 * Breaks the node as the named cause does:
 * - `missing`, `al2023-missing`: the image removed with all its names through the CRI, as kubelet's garbage
 *   collection does (on an `al2023` node /etc/eks/pause.tar stays);
 * - `missing-with-twin`: its name removed, the same content kept under the name of another EKS registry account;
 * - `content-missing`: the record kept, the layer's archive and its snapshot removed;
 * - `manifest-missing`: the record kept, and all content removed;
 * - `foreign-lookalike`: the image removed, look-alikes of foreign registries added.
 */
export async function breakNode(node: BreakableNode, kind: BreakKind): Promise<void> {
  await node.removeSandboxes();
  const { sandboxImage, pauseImage } = node;
  const tagged = sandboxImage.includes(':') ? sandboxImage : `${sandboxImage}:latest`;
  switch (kind) {
    case 'missing':
    case 'al2023-missing':
      await node.cri.removeImage(sandboxImage);
      break;
    case 'missing-with-twin':
      await node.ctr(['images', 'tag', tagged, TWIN_REGISTRY + tagged.slice(tagged.indexOf('/'))]);
      await node.ctr(['images', 'rm', '--sync', tagged]);
      await node.cri.waitForImage(tagged, undefined);
      break;
    case 'content-missing':
      await removeSnapshot(node);
      await removeContent(node, [pauseImage.layer.digest]);
      break;
    case 'manifest-missing':
      await removeSnapshot(node);
      await removeContent(
        node,
        [pauseImage.manifest, pauseImage.config, pauseImage.layer].map(({ digest }) => digest),
      );
      break;
    case 'foreign-lookalike':
      await node.cri.removeImage(sandboxImage);
      for (const registry of FOREIGN_REGISTRIES) {
        await node.importImage(node.lookAlikeImage, registry + tagged.slice(tagged.indexOf('/')));
      }
      break;
    default:
      throw kind satisfies never;
  }
}

async function removeSnapshot(node: BreakableNode): Promise<void> {
  const snapshots = (await node.ctr(['snapshots', 'ls'])).stdout;
  if (snapshots.includes(node.pauseImage.diffId)) await node.ctr(['snapshots', 'rm', node.pauseImage.diffId]);
}

async function removeContent(node: BreakableNode, digests: readonly string[]): Promise<void> {
  const present = (await node.ctr(['content', 'ls', '--quiet'])).stdout.split('\n');
  // With discard_unpacked_layers the archive of an image pulled by the CRI does not exist.
  const doomed = digests.filter((digest) => present.includes(digest));
  if (doomed.length > 0) await node.ctr(['content', 'rm', ...doomed]);
}
