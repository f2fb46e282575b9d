/** What EventBridge and CloudWatch call with a key, to send to encrypted queues and to publish to an encrypted topic. */
export const PUBLISHES = ['kms:Decrypt', 'kms:GenerateDataKey'] as const;

/** What CloudWatch Logs needs. Source: CloudWatch Logs user guide, "Encrypt log data using AWS KMS". */
export const WRITES_LOGS = [
  'kms:Encrypt*',
  'kms:Decrypt*',
  'kms:ReEncrypt*',
  'kms:GenerateDataKey*',
  'kms:Describe*',
] as const;

/** The key of the context by which CloudWatch Logs names a log group. */
export const LOG_GROUP_CONTEXT = 'kms:EncryptionContext:aws:logs:arn';
