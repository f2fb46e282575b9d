import { defined } from './defined.ts';

/** A reference to an image in private ECR. Registry ids are text: some begin with zeros. */
export type EcrImage = {
  readonly registryId: string;
  readonly region: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest?: string;
};

/**
 * Private ECR hosts of every partition, FIPS and dual-stack ones included. Source: cloud-provider-aws
 * cmd/ecr-credential-provider (63ec440c).
 */
const ECR_HOST =
  /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9][a-z0-9-]*)\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/;

/** Reads an image reference; undefined where its host is not private ECR. */
export const readEcrImage = (image: string): EcrImage | undefined => {
  const slash = image.indexOf('/');
  const host = ECR_HOST.exec(image.slice(0, Math.max(0, slash)));
  if (host?.[1] === undefined || host[2] === undefined) return undefined;
  const rest = image.slice(slash + 1);
  const name = rest.replace(/@.*/s, '');
  const repository = name.replace(/:.*/s, '');
  if (!/^[a-z0-9][a-z0-9._/-]{1,255}$/.test(repository)) return undefined;
  return {
    registryId: host[1],
    region: host[2],
    repository,
    tag: name.split(':')[1] ?? 'latest',
    ...defined({ digest: rest.split('@')[1] }),
  };
};
