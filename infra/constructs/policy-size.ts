import * as z from 'zod';

/**
 * IAM's limits in characters, white space not counted: inline policies of one role together, and one managed policy.
 * Source: IAM user guide, "IAM and AWS STS quotas".
 */
export const POLICY_LIMITS = { inline: 10_240, managed: 6_144 } as const;

/** Managed policies of one role, unless the quota was raised. Source: as above. */
const MAX_MANAGED_POLICIES = 10;

/** A reserve: names in ARNs that CloudFormation generates are known only during the deployment. */
const RESERVE_CHARACTERS = 512;

/** Stands for a value that CloudFormation fills in: the longest partition, region, and names that it makes. */
const LONGEST: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws-us-gov',
  'AWS::Region': 'ap-southeast-7',
  'AWS::AccountId': '123456789012',
  'AWS::URLSuffix': 'amazonaws.com.cn',
};
const MADE_UP_NAME_CHARACTERS = 120;

const Join = z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) });
const Ref = z.object({ Ref: z.string() });

/** A template value with its references written out at their greatest length. */
const writtenOut = (value: unknown): unknown => {
  const join = Join.safeParse(value);
  if (join.success) {
    const [separator, parts] = join.data['Fn::Join'];
    return parts.map((part) => String(writtenOut(part))).join(separator);
  }
  const ref = Ref.safeParse(value);
  if (ref.success) return LONGEST[ref.data.Ref] ?? 'x'.repeat(MADE_UP_NAME_CHARACTERS);
  if (Array.isArray(value)) return value.map(writtenOut);
  if (typeof value !== 'object' || value === null) return value;
  if ('Fn::GetAtt' in value) return 'x'.repeat(MADE_UP_NAME_CHARACTERS);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, writtenOut(inner)]));
};

/** How many characters IAM will count in a policy document of a template, at most. */
export const policyCharacters = (document: unknown): number =>
  JSON.stringify(writtenOut(document)).replace(/\s/g, '').length;

/**
 * Reports a policy that is near its limit.
 *
 * @param grownBy what in the configuration makes it long, for example `clusters (57)`
 */
export const nearLimit = (
  owner: string,
  kind: keyof typeof POLICY_LIMITS,
  documents: readonly unknown[],
  grownBy: string,
): readonly string[] => {
  const characters = documents.reduce<number>((sum, document) => sum + policyCharacters(document), 0);
  const allowed = POLICY_LIMITS[kind] - RESERVE_CHARACTERS;
  if (characters <= allowed) return [];
  return [
    `the ${kind} policy of ${owner} needs ${characters} characters, and IAM allows ${POLICY_LIMITS[kind]} ` +
      `(${RESERVE_CHARACTERS} are kept free); it grows with ${grownBy}: put some clusters into a stack of their own by another ` +
      'stackName, Region or account, or drop tags and documents that are not needed',
  ];
};

/** Reports a role with more managed policies than IAM attaches to one. */
export const tooMany = (owner: string, managedPolicies: number, grownBy: string): readonly string[] =>
  managedPolicies <= MAX_MANAGED_POLICIES
    ? []
    : [
        `${owner} needs ${managedPolicies} managed policies, and IAM allows ${MAX_MANAGED_POLICIES}; it grows with ${grownBy}: put some clusters into a stack of their own by another stackName, Region or account`,
      ];
