import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LabFixture, rejection, startFixture } from './fixture.ts';

let fixture: LabFixture;
let sqs: SQSClient;
const url = (name: string): string => `${fixture.lab.endpointUrl}/${fixture.lab.account}/${name}`;

beforeAll(async () => {
  const redrive = (dead: string) => ({ deadLetterTargetArn: { 'Fn::GetAtt': [dead, 'Arn'] }, maxReceiveCount: 2 });
  fixture = await startFixture({
    Dead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } },
    Work: {
      Type: 'AWS::SQS::Queue',
      Properties: { QueueName: 'work', VisibilityTimeout: 60, RedrivePolicy: redrive('Dead') },
    },
    Lanes: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'lanes.fifo', FifoQueue: true, VisibilityTimeout: 90 } },
  });
  sqs = new SQSClient(fixture.client());
});
afterAll(() => fixture.stop());
beforeEach(() => {
  for (const queue of fixture.lab.queues.all()) queue.purge();
  fixture.lab.faults.failedBatchEntryRate = 0;
  fixture.lab.faults.duplicateDeliveryRate = 0;
});

const receive = async (
  name: string,
  max = 10,
): Promise<readonly { readonly body: string; readonly handle: string }[]> => {
  const { Messages: messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: url(name), MaxNumberOfMessages: max }),
  );
  return messages.map((m) => ({ body: m.Body ?? '', handle: m.ReceiptHandle ?? '' }));
};
const remove = (name: string, handle: string) =>
  sqs.send(new DeleteMessageCommand({ QueueUrl: url(name), ReceiptHandle: handle }));

describe('a standard queue', () => {
  it('hides a received message until its visibility timeout, then delivers it again', async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl: url('work'), MessageBody: 'a' }));
    expect((await receive('work')).map((m) => m.body)).toEqual(['a']);
    expect(await receive('work')).toEqual([]);
    await fixture.lab.clock.skipTo(fixture.lab.now() + 61_000);
    expect((await receive('work')).map((m) => m.body)).toEqual(['a']);
  });

  it('moves a message that was received too often to its dead-letter queue', async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl: url('work'), MessageBody: 'poison' }));
    for (let i = 0; i < 2; i++) {
      const [message] = await receive('work');
      await sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url('work'),
          ReceiptHandle: message?.handle ?? '',
          VisibilityTimeout: 0,
        }),
      );
    }
    expect(await receive('work')).toEqual([]);
    expect((await receive('dead')).map((m) => m.body)).toEqual(['poison']);
  });

  it('removes a deleted message, and counts the messages that it holds', async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl: url('work'), MessageBody: 'a' }));
    await sqs.send(new SendMessageCommand({ QueueUrl: url('work'), MessageBody: 'b', DelaySeconds: 60 }));
    const [message] = await receive('work');
    const attributes = async () => {
      const { Attributes: all } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url('work'), AttributeNames: ['All'] }),
      );
      return [
        all?.ApproximateNumberOfMessages,
        all?.ApproximateNumberOfMessagesNotVisible,
        all?.ApproximateNumberOfMessagesDelayed,
      ];
    };
    expect(await attributes()).toEqual(['0', '1', '1']);
    await remove('work', message?.handle ?? '');
    expect(await attributes()).toEqual(['0', '0', '1']);
  });

  it('may deliver a message twice, and hides it afterwards', async () => {
    fixture.lab.faults.duplicateDeliveryRate = 1;
    await sqs.send(new SendMessageCommand({ QueueUrl: url('work'), MessageBody: 'a' }));
    const got = [...(await receive('work')), ...(await receive('work')), ...(await receive('work'))];
    expect(got.map((m) => m.body)).toEqual(['a', 'a']);
  });

  it('lists the failed entries of a batch in a successful answer', async () => {
    fixture.lab.faults.failedBatchEntryRate = 1;
    const answer = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl: url('work'), Entries: [{ Id: 'x', MessageBody: 'a' }] }),
    );
    expect(answer.Failed?.map((f) => [f.Id, f.Code])).toEqual([['x', 'InternalError']]);
  });

  it.each([
    [
      'eleven entries',
      Array.from({ length: 11 }, (_, i) => ({ Id: `${i}`, MessageBody: 'a' })),
      'TooManyEntriesInBatchRequest',
    ],
    [
      'two entries with one id',
      [
        { Id: 'a', MessageBody: 'a' },
        { Id: 'a', MessageBody: 'b' },
      ],
      'BatchEntryIdsNotDistinct',
    ],
    ['a body over the limit', [{ Id: 'a', MessageBody: 'x'.repeat(262_145) }], 'BatchRequestTooLong'],
  ])('refuses %s', async (_name, entries, code) => {
    const sending = sqs.send(new SendMessageBatchCommand({ QueueUrl: url('work'), Entries: entries }));
    expect(await rejection(sending)).toContain(code);
  });

  it('refuses a missing queue and unknown members', async () => {
    expect(await rejection(sqs.send(new SendMessageCommand({ QueueUrl: url('no'), MessageBody: 'a' })))).toContain(
      'QueueDoesNotExist',
    );
    const answer = await fixture.raw('sqs', 'AmazonSQS.SendMessage', '1.0', {
      QueueUrl: url('work'),
      MessageBody: 'a',
      Wrong: 1,
    });
    expect(String(answer.message)).toContain("'Wrong'");
  });
});

describe('a FIFO queue', () => {
  const send = (group: string, body: string, id = `${group}-${body}-${fixture.lab.now()}`) =>
    sqs.send(
      new SendMessageCommand({
        QueueUrl: url('lanes.fifo'),
        MessageBody: body,
        MessageGroupId: group,
        MessageDeduplicationId: id,
      }),
    );

  it('delivers no message of a group while one is in flight, and keeps the order', async () => {
    for (const body of ['1', '2', '3']) await send('a', body);
    await send('b', 'other');
    const [first] = await receive('lanes.fifo', 1);
    expect(first?.body).toBe('1');
    expect((await receive('lanes.fifo')).map((m) => m.body)).toEqual(['other']);
    await remove('lanes.fifo', first?.handle ?? '');
    expect((await receive('lanes.fifo')).map((m) => m.body)).toEqual(['2', '3']);
  });

  it('redelivers a message that was not deleted before the later ones of its group', async () => {
    for (const body of ['1', '2']) await send('c', body);
    expect((await receive('lanes.fifo', 1)).map((m) => m.body)).toEqual(['1']);
    await fixture.lab.clock.skipTo(fixture.lab.now() + 91_000);
    expect((await receive('lanes.fifo', 1)).map((m) => m.body)).toEqual(['1']);
  });

  it('drops a repeated deduplication id for five minutes', async () => {
    await send('d', '1', 'same');
    await send('d', '1', 'same');
    expect(await receive('lanes.fifo')).toHaveLength(1);
    for (const queue of fixture.lab.queues.all()) queue.purge();
    await fixture.lab.clock.skipTo(fixture.lab.now() + 301_000);
    await send('d', '1', 'same');
    expect(await receive('lanes.fifo')).toHaveLength(1);
  });

  it('refuses a message without a group, and a delay', async () => {
    const message = { QueueUrl: url('lanes.fifo'), MessageBody: 'a', MessageDeduplicationId: 'x' };
    expect(await rejection(sqs.send(new SendMessageCommand(message)))).toContain('MissingParameter');
    const delayed = { ...message, MessageGroupId: 'g', DelaySeconds: 5 };
    expect(await rejection(sqs.send(new SendMessageCommand(delayed)))).toContain('DelaySeconds');
  });
});
