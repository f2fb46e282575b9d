import { Aws } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { defined } from '../../core/model/defined.ts';
import type { Config } from '../config.ts';

/** The topic for operators: notices and alarms. */
export class Notices extends Construct {
  readonly topic: sns.ITopic;
  private readonly own: sns.Topic | undefined;
  private readonly alarms: string;

  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly namePrefix: string;
      readonly notifications: Config['notifications'];
      readonly key: kms.IKey | undefined;
    },
  ) {
    super(scope, id);
    const { email, topicArn } = props.notifications;
    this.alarms = `arn:${Aws.PARTITION}:cloudwatch:${Aws.REGION}:${Aws.ACCOUNT_ID}:alarm:${props.namePrefix}-*`;
    if (topicArn !== undefined) {
      this.topic = sns.Topic.fromTopicArn(this, 'Topic', topicArn);
      return;
    }
    // No KMS key unless the user has one: neither EventBridge nor CloudWatch can publish with the AWS managed key, and notices hold
    // no secret (ids, reasons and outcomes). SNS encrypts data at rest by default.
    const topic = new sns.Topic(this, 'Topic', {
      topicName: `${props.namePrefix}-notices`,
      enforceSSL: true,
      ...defined({ masterKey: props.key }),
    });
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'TheAlarmsOfTheStack',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
          ArnLike: { 'aws:SourceArn': this.alarms },
        },
      }),
    );
    if (email !== undefined) topic.addSubscription(new subscriptions.EmailSubscription(email));
    this.own = topic;
    this.topic = topic;
  }

  /**
   * Lets one rule publish beside the stack's alarms, and nobody else, where the topic is the stack's own. The policy of a topic that the user gave is the user's.
   * Source: EventBridge user guide, "Using IAM policy conditions", aws:SourceArn.
   */
  allow(rule: events.IRule): void {
    this.own?.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'TheRuleOfNotices',
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.own.topicArn],
        conditions: { ArnEquals: { 'aws:SourceArn': rule.ruleArn } },
      }),
    );
    // Within the account, an identity policy is enough to allow a message in fleetmend's name.
    this.own?.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'OnlyTheRuleAndTheAlarms',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['sns:Publish'],
        resources: [this.own.topicArn],
        conditions: { ArnNotLike: { 'aws:SourceArn': [rule.ruleArn, this.alarms] } },
      }),
    );
  }
}
