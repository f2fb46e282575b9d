import {
  DescribeInstanceInformationCommand,
  type DescribeInstanceInformationCommandInput,
  SSMClient,
  type SSMClientConfig,
} from '@aws-sdk/client-ssm';
import { createReviewedDocuments } from '../../../functions/adapters/ssm/reviewed-documents.ts';

/** What `doctor` reads of AWS Systems Manager. */
export const connect = (config: SSMClientConfig) => {
  const client = new SSMClient(config);
  return {
    /** Compares a document with what was built, as run-controller does before it sends one. */
    ReviewDocument: ({ name, contentSha256 }: { readonly name: string; readonly contentSha256: string }) =>
      createReviewedDocuments({ client, built: new Map([[name, contentSha256]]) }).read(name),
    DescribeInstanceInformation: (input: DescribeInstanceInformationCommandInput) =>
      client.send(new DescribeInstanceInformationCommand(input)),
  };
};
