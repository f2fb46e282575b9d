import { BatchGetImageCommand, type ECRClient } from '@aws-sdk/client-ecr';
import { readEcrImage } from '../../../core/model/ecr-image.ts';
import { isInEksRegistry } from '../../../core/model/eks-registries.ts';

/**
 * Asks ECR about an image, as advice: a registry that is down makes a repair from it pointless. The image is a text of a log,
 * which must not choose the account and the region that are asked: only EKS's own registries are.
 */
export type RegistryProbe = {
  /** ECR's answer in a few words; undefined for an image of any other registry. Never throws. */
  readonly ask: (image: string, signal: AbortSignal) => Promise<string | undefined>;
};

/** A probe that makes its client for the image's own region, which need not be ours. */
export const createRegistryProbe = ({
  clientFor,
}: {
  readonly clientFor: (region: string) => Pick<ECRClient, 'send'>;
}): RegistryProbe => ({
  ask: async (image, signal) => {
    const reference = readEcrImage(image);
    if (reference === undefined || !isInEksRegistry(reference)) return undefined;
    try {
      const answer = await clientFor(reference.region).send(
        new BatchGetImageCommand({
          registryId: reference.registryId,
          repositoryName: reference.repository,
          imageIds: [reference.digest === undefined ? { imageTag: reference.tag } : { imageDigest: reference.digest }],
        }),
        { abortSignal: AbortSignal.any([signal, AbortSignal.timeout(3000)]) },
      );
      const failure = answer.failures?.[0];
      return failure === undefined
        ? 'ECR has the image'
        : `ECR: ${failure.failureCode}: ${failure.failureReason}`.slice(0, 300);
    } catch (thrown) {
      const name = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      return `ECR could not be asked: ${name}`.slice(0, 300);
    }
  },
});
