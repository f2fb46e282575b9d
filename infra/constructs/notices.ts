import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { defined } from '../../core/model/defined.ts';
import type { Config } from '../config.ts';

/** The topics for people: one for mails and machines, and one for a chat where the configuration wants it. */
export class Notices extends Construct {
  readonly topic: sns.ITopic;
  readonly chat: sns.ITopic | undefined;
  private readonly own: readonly sns.Topic[];
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
    const { namePrefix, notifications, key } = props;
    const { email, topicArn, chat } = notifications;
    this.alarms = `arn:${Aws.PARTITION}:cloudwatch:${Aws.REGION}:${Aws.ACCOUNT_ID}:alarm:${namePrefix}-*`;
    const own: sns.Topic[] = [];
    // No KMS key unless the user has one: CloudWatch cannot publish with the AWS managed key, and notices hold no secret (ids, reasons
    // and outcomes). SNS encrypts data at rest by default.
    const make = (topicId: string, name: string): sns.Topic => {
      const topic = new sns.Topic(this, topicId, {
        topicName: `${namePrefix}-${name}`,
        enforceSSL: true,
        ...defined({ masterKey: key }),
      });
      topic.addToResourcePolicy(this.alarmsOf(topic));
      own.push(topic);
      return topic;
    };
    this.chat = chat ? make('Chat', 'chat') : undefined;
    if (topicArn === undefined) {
      const topic = make('Topic', 'notices');
      if (email !== undefined) topic.addSubscription(new subscriptions.EmailSubscription(email));
      this.topic = topic;
    } else this.topic = sns.Topic.fromTopicArn(this, 'Topic', topicArn);
    this.own = own;
  }

  /** Every topic, that of the user too. */
  get topics(): readonly sns.ITopic[] {
    return [this.topic, ...(this.chat === undefined ? [] : [this.chat])];
  }

  get topicArns(): readonly string[] {
    return this.topics.map(({ topicArn }) => topicArn);
  }

  /** The environment of notifier: the topics, what is sent, and the function that it asks for the digest. */
  environment(send: Config['notifications']['send'], auditQuery: string): Readonly<Record<string, string>> {
    return {
      NOTICES_TOPIC_ARN: this.topic.topicArn,
      ...(this.chat === undefined ? {} : { CHAT_TOPIC_ARN: this.chat.topicArn }),
      NOTICES_SEND: send,
      AUDIT_QUERY_NAME: auditQuery,
    };
  }

  private alarmsOf(topic: sns.Topic): iam.PolicyStatement {
    return new iam.PolicyStatement({
      sid: 'TheAlarmsOfTheStack',
      principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: {
        StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
        ArnLike: { 'aws:SourceArn': this.alarms },
      },
    });
  }

  /**
   * Keeps the stack's own topics for one function and the stack's alarms: within the account, an identity policy is enough to allow a
   * message in fleetmend's name. The policy of a topic that the user gave is the user's.
   */
  allow(role: iam.IRole): void {
    for (const topic of this.own) {
      topic.addToResourcePolicy(
        new iam.PolicyStatement({
          sid: 'OnlyNotifierAndTheAlarms',
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          actions: ['sns:Publish'],
          resources: [topic.topicArn],
          // Both must differ. A key that a request lacks differs from every value.
          conditions: {
            ArnNotEquals: { 'aws:PrincipalArn': role.roleArn },
            ArnNotLike: { 'aws:SourceArn': this.alarms },
          },
        }),
      );
    }
  }
}
