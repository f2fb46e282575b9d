import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import { operation, type Service } from './service.ts';
import { jsonWire } from './wire.ts';

/** Images that ECR has: `account/repository:tag` to digest. */
export type EcrImages = Map<string, string>;

const ImageId = z.strictObject({ imageDigest: z.string().optional(), imageTag: z.string().optional() });

/** ECR: BatchGetImage, AWS JSON 1.1. */
export const createEcr = (partition: string, region: string, account: string, images: EcrImages): Service => ({
  name: 'ecr',
  ...jsonWire('AmazonEC2ContainerRegistry_V20150921', '1.1'),
  operations: {
    BatchGetImage: operation(
      z.strictObject({
        registryId: z
          .string()
          .regex(/^[0-9]{12}$/)
          .optional(),
        repositoryName: z.string().min(2).max(256),
        imageIds: z.array(ImageId).min(1).max(100),
        acceptedMediaTypes: z.array(z.string()).optional(),
      }),
      {
        access: (input) => [
          {
            action: 'ecr:BatchGetImage',
            resource: `arn:${partition}:ecr:${region}:${input.registryId ?? account}:repository/${input.repositoryName}`,
          },
        ],
        items: (input) => input.imageIds.length,
        run: (input) => {
          const registryId = input.registryId ?? account;
          const found: unknown[] = [];
          const failures: unknown[] = [];
          for (const imageId of input.imageIds) {
            const entry = [...images].find(
              ([name, digest]) =>
                name === `${registryId}/${input.repositoryName}:${imageId.imageTag ?? name.split(':').pop()}` &&
                (imageId.imageDigest ?? digest) === digest,
            );
            if (entry === undefined)
              failures.push({ imageId, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' });
            else {
              found.push({
                registryId,
                repositoryName: input.repositoryName,
                imageId: {
                  imageDigest: entry[1],
                  ...defined({ imageTag: imageId.imageTag }),
                },
                imageManifest: '{}',
                imageManifestMediaType: 'application/vnd.docker.distribution.manifest.v2+json',
              });
            }
          }
          return { images: found, failures };
        },
      },
    ),
  },
});
