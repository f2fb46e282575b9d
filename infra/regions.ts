import { Token } from 'aws-cdk-lib';

/** Whether a Region has a feature; `unknown` where the Region is a token, or in no list below. */
type Availability = 'yes' | 'no' | 'unknown';

/** The features that the stack uses only in Regions that have them. The template leaves out each that is not `yes`. */
export type Capabilities = {
  /**
   * `RecursiveLoop` of a function. Source: Lambda developer guide, "Use Lambda recursive loop detection": every
   * commercial Region but Mexico (Central) and Asia Pacific (New Zealand); aws/aws-lambda-roadmap#18: not in GovCloud.
   */
  readonly recursiveLoop: Availability;
  /**
   * `TracingConfig` of a function. Source: "Getting Started with Amazon Web Services in China", Lambda (no X-Ray), and
   * AWS Config's rule lambda-function-xray-enabled, which names Regions without it.
   */
  readonly tracing: Availability;
};

const BOTH: Capabilities = { recursiveLoop: 'yes', tracing: 'yes' };
const NEITHER: Capabilities = { recursiveLoop: 'no', tracing: 'no' };
const NO_TRACING: Capabilities = { recursiveLoop: 'yes', tracing: 'no' };
const NO_DETECTION: Capabilities = { recursiveLoop: 'no', tracing: 'yes' };
const UNKNOWN: Capabilities = { recursiveLoop: 'unknown', tracing: 'unknown' };

const CAPABILITIES: Readonly<Record<string, Capabilities>> = {
  'af-south-1': BOTH,
  'ap-east-1': BOTH,
  'ap-east-2': NO_TRACING,
  'ap-northeast-1': BOTH,
  'ap-northeast-2': BOTH,
  'ap-northeast-3': BOTH,
  'ap-south-1': BOTH,
  'ap-south-2': BOTH,
  'ap-southeast-1': BOTH,
  'ap-southeast-2': BOTH,
  'ap-southeast-3': BOTH,
  'ap-southeast-4': BOTH,
  'ap-southeast-5': BOTH,
  'ap-southeast-6': NEITHER,
  'ap-southeast-7': NO_TRACING,
  'ca-central-1': BOTH,
  'ca-west-1': BOTH,
  'cn-north-1': NEITHER,
  'cn-northwest-1': NEITHER,
  'eu-central-1': BOTH,
  'eu-central-2': BOTH,
  'eu-north-1': BOTH,
  'eu-south-1': BOTH,
  'eu-south-2': BOTH,
  'eu-west-1': BOTH,
  'eu-west-2': BOTH,
  'eu-west-3': BOTH,
  'il-central-1': BOTH,
  'me-central-1': BOTH,
  'me-south-1': BOTH,
  'mx-central-1': NEITHER,
  'sa-east-1': BOTH,
  'us-east-1': BOTH,
  'us-east-2': BOTH,
  'us-gov-east-1': NO_DETECTION,
  'us-gov-west-1': NO_DETECTION,
  'us-west-1': BOTH,
  'us-west-2': BOTH,
};

/** The capabilities of a stack's Region; all `unknown` for a token, since such a template must fit any Region. */
export const capabilitiesOf = (region: string): Capabilities =>
  Token.isUnresolved(region) || !Object.hasOwn(CAPABILITIES, region) ? UNKNOWN : (CAPABILITIES[region] ?? UNKNOWN);

/**
 * Resource types that get no tags in any Region. Event source mappings have none in China (aws/aws-cdk#31532) and in
 * GovCloud (aws/aws-cdk#31965), and in other Regions a mapping that exists already takes none
 * (hashicorp/terraform-provider-aws#39849).
 */
export const UNTAGGED_TYPES: readonly string[] = ['AWS::Lambda::EventSourceMapping'];
