import {
  CloudWatchLogsClient,
  type CloudWatchLogsClientConfig,
  DescribeLogGroupsCommand,
  type DescribeLogGroupsCommandInput,
  DescribeLogStreamsCommand,
  type DescribeLogStreamsCommandInput,
  DescribeSubscriptionFiltersCommand,
  type DescribeSubscriptionFiltersCommandInput,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';

/** What `doctor` reads of CloudWatch Logs, by the name of the operation. */
export const connect = (config: CloudWatchLogsClientConfig) => {
  const client = new CloudWatchLogsClient(config);
  return {
    DescribeLogGroups: (input: DescribeLogGroupsCommandInput) => client.send(new DescribeLogGroupsCommand(input)),
    DescribeSubscriptionFilters: (input: DescribeSubscriptionFiltersCommandInput) =>
      client.send(new DescribeSubscriptionFiltersCommand(input)),
    DescribeLogStreams: (input: DescribeLogStreamsCommandInput) => client.send(new DescribeLogStreamsCommand(input)),
    FilterLogEvents: (input: FilterLogEventsCommandInput) => client.send(new FilterLogEventsCommand(input)),
  };
};
