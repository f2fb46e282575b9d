import * as iam from 'aws-cdk-lib/aws-iam';
import type { Config } from '../config.ts';
import { nearLimit, tooMany } from './policy-size.ts';

/**
 * Reports the policies of a function's role that are near IAM's limits. CDK moves what an inline policy cannot hold to managed
 * policies of the role, statement by statement.
 *
 * @param resolve gives a policy document as the template has it
 */
export const roleComplaints = (
  name: string,
  role: iam.Role,
  config: Config,
  resolve: (document: iam.PolicyDocument) => unknown,
): readonly string[] => {
  const owner = `the function ${name}`;
  const grownBy = `clusters (${config.clusters.length}) and their nodeTags`;
  const policies = role.node.findAll();
  const inline = policies.filter((child) => child instanceof iam.Policy);
  const managed = policies.filter((child) => child instanceof iam.ManagedPolicy);
  return [
    ...nearLimit(
      owner,
      'inline',
      inline.map(({ document }) => resolve(document)),
      grownBy,
    ),
    ...managed.flatMap(({ document }) => nearLimit(owner, 'managed', [resolve(document)], grownBy)),
    ...tooMany(owner, managed.length, grownBy),
  ];
};
