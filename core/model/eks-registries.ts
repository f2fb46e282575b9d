import type { EcrImage } from './ecr-image.ts';

// The same table as in ssm-documents/lib/ecr/ecr.sh, which a test compares. Source: awslabs/amazon-eks-ami, get-ecr-uri.sh
// (0ab84280).
/** The account of most regions of a partition, by the beginning of their names; the first that fits counts. */
const OF_PARTITION: readonly (readonly [prefix: string, account: string])[] = [
  ['cn-', '961992271922'],
  ['us-gov-', '013241004608'],
  ['us-isob-', '187977181151'],
  ['us-isof-', '676585237158'],
  ['us-iso-', '725322719131'],
  ['eu-isoe-', '249663109785'],
  ['eusc-', '877088126301'],
  ['', '602401143452'],
];

/** The regions whose account differs from that of their partition. */
const OF_REGION: Readonly<Record<string, string>> = {
  'cn-north-1': '918309763551',
  'us-gov-east-1': '151742754352',
  'us-iso-west-1': '608367168043',
  'us-isob-west-1': '321162350305',
  'us-isof-east-1': '171035529773',
  'af-south-1': '877085696533',
  'ap-east-1': '800184023465',
  'ap-east-2': '533267051163',
  'ap-south-2': '900889452093',
  'ap-southeast-3': '296578399912',
  'ap-southeast-4': '491585149902',
  'ap-southeast-5': '151610086707',
  'ap-southeast-6': '333609536671',
  'ap-southeast-7': '121268973566',
  'ca-west-1': '761377655185',
  'eu-central-2': '900612956339',
  'eu-south-1': '590381155156',
  'eu-south-2': '455263428931',
  'il-central-1': '066635153087',
  'me-central-1': '759879836304',
  'me-south-1': '558608220178',
  'mx-central-1': '730335286997',
};

/** The accounts of the registries of EKS, in every partition. */
export const EKS_ACCOUNTS: readonly string[] = [
  ...new Set([...OF_PARTITION.map(([, account]) => account), ...Object.values(OF_REGION)]),
].toSorted();

/** The account of the registry from which EKS's nodes of a region pull. */
export const eksAccountOf = (region: string): string | undefined =>
  Object.hasOwn(OF_REGION, region)
    ? OF_REGION[region]
    : OF_PARTITION.find(([prefix]) => region.startsWith(prefix))?.[1];

/** Whether an image is in the registry from which EKS's nodes of its region pull. Only EKS can push to that account. */
export const isInEksRegistry = ({ registryId, region }: Pick<EcrImage, 'registryId' | 'region'>): boolean =>
  registryId === eksAccountOf(region);
