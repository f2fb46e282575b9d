import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';

/** What Lambda does in the user's VPC with the role of a function. Source: Lambda developer guide, "Giving Lambda functions access". */
const INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * The permissions of a role whose function is in a VPC: for Lambda itself, and not for the function's code. Source: as above, the
 * condition key lambda:SourceFunctionArn.
 */
export const networkStatements = (functionName: string): readonly iam.PolicyStatement[] => {
  const fn = `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:${functionName}`;
  return [
    new iam.PolicyStatement({ actions: INTERFACES, resources: ['*'] }),
    new iam.PolicyStatement({
      sid: 'NotForTheCode',
      effect: iam.Effect.DENY,
      actions: INTERFACES,
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': fn } },
    }),
  ];
};
