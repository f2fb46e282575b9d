/** Addresses of the lab's own network; it lies in a network namespace of its own, so it collides with nothing. */
export const ADDRESSES = {
  bridge: '10.77.0.1',
  registry: '10.77.0.2',
  s3: '10.77.0.3',
  ecr: '10.77.0.4',
  /** Instance metadata: the address that EC2 gives it. */
  metadata: '169.254.169.254',
} as const;

/** Bits of the network part of the lab's addresses. */
export const PREFIX_BITS = 16;

/** The address of the node with this number (from 1). */
export function nodeAddress(number: number): string {
  return `10.77.${1 + Math.floor(number / 250)}.${1 + (number % 250)}`;
}

/** The DNS suffix of a region's services. */
export function serviceDomain(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
}

/** The AWS partition of a region. */
export function partitionOf(region: string): 'aws' | 'aws-cn' | 'aws-us-gov' {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** The host of ECR's API in a region. */
export function ecrApiHost(region: string): string {
  return `api.ecr.${region}.${serviceDomain(region)}`;
}

/** A host like the one that ECR's registry redirects a region's blob requests to. */
export function layerBucketHost(region: string): string {
  return `prod-${region}-starport-layer-bucket.s3.${region}.${serviceDomain(region)}`;
}

/** The region in the name of an ECR registry host; throws for any other host. */
export function regionOfEcrHost(host: string): string {
  const region = /^\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\./.exec(host)?.[1];
  if (region === undefined) throw new Error(`reading the region of the ECR host ${host}: it has none`);
  return region;
}

/** The private DNS name that EC2 gives an instance. */
export function privateDnsName(address: string, region: string): string {
  const suffix = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  return `ip-${address.replaceAll('.', '-')}.${suffix}`;
}
