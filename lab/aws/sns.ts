import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import type { AlarmAction } from './alarms.ts';
import { AwsError } from './aws-error.ts';
import type { LabClock } from './clock.ts';
import { type Iam, servicePrincipal } from './iam.ts';
import type { LabEventListener } from './lab-event.ts';
import { type Random, randomUuid } from './random.ts';
import { operation, type Service } from './service.ts';
import { queryWire, xmlLeaf } from './wire.ts';

/** A message that was published. */
export type Notification = {
  readonly at: number;
  readonly topicArn: string;
  readonly subject?: string;
  readonly message: string;
  /** Its message attributes, by which subscriptions filter. */
  readonly attributes?: Readonly<Record<string, string>>;
};

/** SNS's topics and what was published to them. Instead of delivering messages to subscribers, the lab keeps them. */
export type Topics = {
  readonly add: (arn: string) => void;
  readonly publish: (arn: string, message: string, more?: Pick<Notification, 'subject' | 'attributes'>) => void;
  readonly published: readonly Notification[];
};

/** Creates the topics. */
export const createTopics = (clock: LabClock, emit: LabEventListener): Topics => {
  const arns = new Set<string>();
  const published: Notification[] = [];
  return {
    add: (arn) => {
      arns.add(arn);
    },
    publish: (arn, message, { subject, attributes } = {}) => {
      if (!arns.has(arn)) throw new AwsError('NotFound', 'Topic does not exist', 404);
      const about = defined({ subject });
      published.push({ at: clock.now(), topicArn: arn, message, ...about, ...defined({ attributes }) });
      emit({ kind: 'notification', at: clock.now(), topic: arn, message, ...about });
    },
    published,
  };
};

const CLOUDWATCH = servicePrincipal('cloudwatch.amazonaws.com');

/** An alarm's action: published as CloudWatch does, if the topic's policy lets this alarm of this account. */
export const publishAlarm = async (
  at: {
    readonly account: string;
    readonly clock: LabClock;
    readonly iam: Iam;
    readonly topics: Topics;
    readonly emit: LabEventListener;
  },
  { topicArn, alarmArn, message }: AlarmAction,
): Promise<void> => {
  const decision = await at.iam.decide(CLOUDWATCH, {
    action: 'sns:Publish',
    resource: topicArn,
    context: { 'aws:SourceArn': alarmArn, 'aws:SourceAccount': at.account },
  });
  if (decision.allowed) at.topics.publish(topicArn, message);
  else {
    const failed = { rule: alarmArn, target: topicArn, why: decision.message, deadLettered: false };
    at.emit({ kind: 'delivery-failed', at: at.clock.now(), ...failed });
  }
};

const Attributes = z
  .strictObject({
    entry: z.array(
      z.strictObject({
        Name: z.string(),
        // SNS refuses a string attribute without a value. Source: SNS API, MessageAttributeValue.
        Value: z.strictObject({ DataType: z.literal('String'), StringValue: z.string().min(1) }),
      }),
    ),
  })
  .optional();

/** SNS: Publish, the Query protocol. */
export const createSns = (topics: Topics, random: Random): Service => ({
  name: 'sns',
  ...queryWire('2010-03-31', 'http://sns.amazonaws.com/doc/2010-03-31/'),
  deniedCode: 'AuthorizationError',
  throttledCode: 'Throttled',
  operations: {
    Publish: operation(
      z.strictObject({
        TopicArn: z.string(),
        Message: z.string().min(1).max(262_144),
        // Source: SNS API, Publish: ASCII, begins with a letter, number or punctuation mark, under 100 characters, no control characters.
        Subject: z
          .string()
          .regex(/^[\x21-\x7e][\x20-\x7e]{0,98}$/)
          .optional(),
        MessageAttributes: Attributes,
      }),
      {
        access: (input) => [{ action: 'sns:Publish', resource: input.TopicArn }],
        run: (input) => {
          const attributes = input.MessageAttributes?.entry.map(({ Name, Value }) => [Name, Value.StringValue]);
          topics.publish(
            input.TopicArn,
            input.Message,
            defined({ subject: input.Subject, attributes: attributes && Object.fromEntries(attributes) }),
          );
          return xmlLeaf('MessageId', randomUuid(random));
        },
      },
      'InvalidParameter',
    ),
  },
});
