import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { WAYS, type Way } from '../../core/api/way.ts';
import { nearLimit } from './policy-size.ts';
import type { AsynchronousProps } from './spine-function.ts';

/** The people of each policy: what they may do, and the ways into operator-api that they have. */
const PEOPLE = {
  Readers: { title: 'reads, and asks what an action would do', ways: ['look'] },
  Responders: { title: 'reads, checks, pauses and cancels', ways: ['look', 'stop'] },
  Operators: { title: 'takes every action', ways: ['look', 'stop', 'act'] },
} as const satisfies Record<string, { readonly title: string; readonly ways: readonly Way[] }>;

type People = keyof typeof PEOPLE;

/** The properties of the ways in. */
export type WaysInProps = {
  readonly operatorApi: lambda.Function;
  readonly auditQuery: lambda.Function;
  /** How operator-api is retried: each alias has settings of its own. */
  readonly asynchronous: Omit<AsynchronousProps, 'dead'>;
};

/**
 * The ways into operator-api and audit-query: an alias each, and a managed policy for each kind of people. The aliases follow
 * `$LATEST`, so that a deployment changes all of them at once; Lambda allows that for an alias without weights.
 */
export class WaysIn extends Construct {
  readonly policies: Readonly<Record<People, iam.ManagedPolicy>>;
  /** The alias of audit-query. */
  readonly reading: lambda.Alias;

  constructor(scope: Construct, id: string, { operatorApi, auditQuery, asynchronous }: WaysInProps) {
    super(scope, id);
    const { retryAttempts, maxEventAge } = asynchronous;
    const alias = (of: string, fn: lambda.Function, aliasName: Way, rest: lambda.EventInvokeConfigOptions = {}) =>
      new lambda.Alias(this, `${of}-${aliasName}`, { aliasName, version: fn.latestVersion, ...rest });
    const acting = Object.fromEntries(
      WAYS.map((way) => [way, alias('operator-api', operatorApi, way, { retryAttempts, maxEventAge })]),
    );
    const reading = alias('audit-query', auditQuery, 'look');
    this.reading = reading;
    const policyOf = (people: People): iam.ManagedPolicy => {
      const { title, ways } = PEOPLE[people];
      return new iam.ManagedPolicy(this, people, {
        description: `fleetmend: ${title}.`,
        statements: [
          new iam.PolicyStatement({
            actions: ['lambda:InvokeFunction'],
            resources: [reading, ...ways.map((way) => acting[way])].flatMap((to) => to?.functionArn ?? []),
          }),
        ],
      });
    };
    this.policies = {
      Readers: policyOf('Readers'),
      Responders: policyOf('Responders'),
      Operators: policyOf('Operators'),
    };
    const arns = new Set([reading, ...Object.values(acting)].map(({ functionArn }) => functionArn));
    this.node.addValidation({
      validate: () =>
        Object.entries(this.policies).flatMap(([people, { document }]) => {
          const resolved = document.toJSON() as {
            readonly Statement: readonly { readonly Resource: string | string[] }[];
          };
          const others = resolved.Statement.flatMap(({ Resource }) => Resource).filter((arn) => !arns.has(arn));
          return [
            ...others.map(
              (arn) => `the policy ${people} holds ${arn}, which is no alias of operator-api or audit-query`,
            ),
            ...nearLimit(`the policy ${people}`, 'managed', [document.toJSON()], 'the function names'),
          ];
        }),
    });
  }
}
