import {
  CloudTrailClient,
  type CloudTrailClientConfig,
  DescribeTrailsCommand,
  type DescribeTrailsCommandInput,
  GetEventSelectorsCommand,
  type GetEventSelectorsCommandInput,
} from '@aws-sdk/client-cloudtrail';

/** What `doctor` reads of CloudTrail, by the name of the operation. */
export const connect = (config: CloudTrailClientConfig) => {
  const client = new CloudTrailClient(config);
  return {
    DescribeTrails: (input: DescribeTrailsCommandInput) => client.send(new DescribeTrailsCommand(input)),
    GetEventSelectors: (input: GetEventSelectorsCommandInput) => client.send(new GetEventSelectorsCommand(input)),
  };
};
