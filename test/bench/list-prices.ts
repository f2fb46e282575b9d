/** One price as AWS lists it. */
export type ListPrice = {
  readonly what: string;
  readonly dollars: number;
  /** What the dollars buy. */
  readonly units: number;
  readonly unit: string;
  /** AWS's own page, which shows the amounts for the chosen region. */
  readonly page: string;
  /** Where the amount was read, with the page's own date: AWS's pages load their amounts by script. */
  readonly seenAt: string;
};

const LAMBDA = 'https://aws.amazon.com/lambda/pricing/';
const EVENTBRIDGE = 'https://aws.amazon.com/eventbridge/pricing/';
const SQS = 'https://aws.amazon.com/sqs/pricing/';
const DYNAMODB = 'https://aws.amazon.com/dynamodb/pricing/on-demand/';
const CLOUDWATCH = 'https://aws.amazon.com/cloudwatch/pricing/';

const SQS_2026 = 'https://cloudburn.io/blog/amazon-sqs-pricing (March 2026)';
const DYNAMODB_2025 = 'https://airbyte.com/data-engineering-resources/dynamodb-pricing (July 2025)';
const CLOUDWATCH_2026 =
  'https://hivebook.wiki/wiki/cloudwatch-logs-cost-never-expire-retention-and-cardinality-blowups';

/** When the prices were compared with their sources. */
export const AS_OF = '2026-11-23';
/** The region of all prices. Others differ: China's by a third, most by a few per cent. */
export const REGION = 'us-east-1';

/**
 * AWS's list prices in US dollars, without free tiers, volume tiers, savings plans and taxes. SSM Run Command on EC2
 * instances, describe calls of EC2, SSM and EKS, events of AWS services, and Logs' delivery to Lambda have no price.
 */
export const PRICES = {
  lambdaPerRequest: {
    what: 'Lambda, request',
    dollars: 0.2,
    units: 1e6,
    unit: 'million requests',
    page: LAMBDA,
    seenAt: 'https://cloudchipr.com/blog/aws-lambda-pricing (2024)',
  },
  lambdaPerGigabyteSecond: {
    what: 'Lambda, duration on arm64',
    dollars: 0.0000133334,
    units: 1,
    unit: 'GB-second',
    page: LAMBDA,
    seenAt: 'https://cloudchipr.com/blog/aws-lambda-pricing (2024)',
  },
  eventPerPut: {
    what: 'EventBridge, custom event of up to 64 KB',
    dollars: 1,
    units: 1e6,
    unit: 'million events',
    page: EVENTBRIDGE,
    seenAt: 'https://cloudburn.io/blog/amazon-eventbridge-pricing (March 2026)',
  },
  sqsPerStandardCall: {
    what: 'SQS, call of a standard queue, up to 64 KB',
    dollars: 0.4,
    units: 1e6,
    unit: 'million calls',
    page: SQS,
    seenAt: SQS_2026,
  },
  sqsPerFifoCall: {
    what: 'SQS, call of a FIFO queue, up to 64 KB',
    dollars: 0.5,
    units: 1e6,
    unit: 'million calls',
    page: SQS,
    seenAt: SQS_2026,
  },
  dynamoPerWriteUnit: {
    what: 'DynamoDB on demand, 1 KB written',
    dollars: 0.625,
    units: 1e6,
    unit: 'million units',
    page: DYNAMODB,
    seenAt: DYNAMODB_2025,
  },
  dynamoPerReadUnit: {
    what: 'DynamoDB on demand, 4 KB read strongly consistent',
    dollars: 0.125,
    units: 1e6,
    unit: 'million units',
    page: DYNAMODB,
    seenAt: DYNAMODB_2025,
  },
  alarmPerMonth: {
    what: 'CloudWatch, standard alarm on one metric',
    dollars: 0.1,
    units: 1,
    unit: 'alarm and month',
    page: CLOUDWATCH,
    seenAt: 'https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm',
  },
  metricPerMonth: {
    what: 'CloudWatch, metric that a log filter makes',
    dollars: 0.3,
    units: 1,
    unit: 'metric and month',
    page: CLOUDWATCH,
    seenAt: CLOUDWATCH_2026,
  },
  dashboardPerMonth: {
    what: 'CloudWatch, dashboard',
    dollars: 3,
    units: 1,
    unit: 'dashboard and month',
    page: CLOUDWATCH,
    seenAt: 'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards (June 2026)',
  },
  logsPerGigabyte: {
    what: 'CloudWatch Logs, what functions log (first tier)',
    dollars: 0.5,
    units: 1,
    unit: 'GB',
    page: CLOUDWATCH,
    seenAt: 'https://www.duckbillgroup.com/?p=9080 (May 2025)',
  },
} as const satisfies Readonly<Record<string, ListPrice>>;

/** Dollars of so many units at a list price. */
export const costOf = (name: keyof typeof PRICES, units: number): number =>
  (PRICES[name].dollars / PRICES[name].units) * units;
