/**
 * AWS's list prices in us-east-1, in US dollars, as they stood in November 2026 by the services' price pages; without
 * free tiers, savings plans and taxes. Other regions differ: China's by a third, most by a few per cent.
 */
export const LIST_PRICES = {
  asOf: '2026-11',
  region: 'us-east-1',
  /** AWS Lambda, arm64. */
  lambdaPerRequest: 0.2 / 1e6,
  lambdaPerGigabyteSecond: 0.0000133334,
  /** Amazon EventBridge, custom events; events of AWS services are free. */
  eventPerPut: 1 / 1e6,
  /** Amazon SQS, per API call of up to 64 KB. */
  sqsPerStandardCall: 0.4 / 1e6,
  sqsPerFifoCall: 0.5 / 1e6,
  /** Amazon DynamoDB on demand: 1 KB written, 4 KB read strongly consistent. */
  dynamoPerWriteUnit: 0.625 / 1e6,
  dynamoPerReadUnit: 0.125 / 1e6,
  /** Amazon CloudWatch: a standard alarm, and a metric that a filter makes, a month. */
  alarmPerMonth: 0.1,
  metricPerMonth: 0.3,
  /** Amazon CloudWatch Logs, what the functions themselves log. */
  logsPerGigabyte: 0.5,
  // SSM Run Command on EC2 instances, EC2's and SSM's describe calls, and Logs' delivery to Lambda are free.
} as const;
