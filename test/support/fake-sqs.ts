import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** A message on a fake queue. */
export type FakeMessage = {
  readonly id: string;
  readonly body: string;
  readonly group: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly delaySeconds?: number | undefined;
  readonly sentAtMs: number;
};

/** Queues in memory, behind the SQS client's `send`. Received messages stay out of sight until they are made visible. */
export type FakeSqs = {
  readonly client: Pick<SQSClient, 'send'>;
  readonly messages: (queueUrl: string) => readonly FakeMessage[];
  /** Puts a message on a queue, as another sender does. */
  readonly add: (queueUrl: string, message: Pick<FakeMessage, 'body' | 'sentAtMs'>) => void;
  /** Sizes of the batches that were sent, in order. */
  readonly batches: readonly number[];
  /** Refuses the next `times` entries whose body holds the text, inside an answer of 200. */
  readonly refuse: (text: string, times: number) => void;
  /** Fails the next `times` calls. */
  readonly fail: (times: number) => void;
};

/** Builds fake queues; every queue URL exists. Without a clock every message is old. */
export const fakeSqs = (now: () => number = () => 0): FakeSqs => {
  const queues = new Map<string, FakeMessage[]>();
  const hidden = new Set<string>();
  const batches: number[] = [];
  const refusals: { text: string; times: number }[] = [];
  let failures = 0;
  let ids = 0;
  const queueOf = (url: string | undefined): FakeMessage[] => {
    const queue = queues.get(url ?? '') ?? [];
    queues.set(url ?? '', queue);
    return queue;
  };
  const refused = (body: string): boolean => {
    const refusal = refusals.find((r) => r.times > 0 && body.includes(r.text));
    if (refusal !== undefined) refusal.times--;
    return refusal !== undefined;
  };
  const send = async (command: unknown): Promise<unknown> => {
    if (failures > 0) {
      failures--;
      throw new Error('the queue is away');
    }
    if (command instanceof SendMessageCommand) {
      const { QueueUrl, MessageBody = '', MessageAttributes = {} } = command.input;
      const attributes = Object.fromEntries(
        Object.entries(MessageAttributes).map(([k, v]) => [k, v.StringValue ?? '']),
      );
      queueOf(QueueUrl).push({
        id: `m${++ids}`,
        body: MessageBody,
        group: undefined,
        deduplicationId: undefined,
        attributes,
        sentAtMs: now(),
      });
      return {};
    }
    if (command instanceof SendMessageBatchCommand) {
      const { QueueUrl, Entries = [] } = command.input;
      if (Entries.length > 10) throw new Error('TooManyEntriesInBatchRequest');
      batches.push(Entries.length);
      const answer = {
        Successful: [] as { Id: string | undefined }[],
        Failed: [] as { Id: string | undefined; Code: string }[],
      };
      for (const entry of Entries) {
        const body = entry.MessageBody ?? '';
        if (refused(body)) {
          answer.Failed.push({ Id: entry.Id, Code: 'InternalError' });
          continue;
        }
        const { MessageGroupId: group, MessageDeduplicationId: deduplicationId, DelaySeconds: delaySeconds } = entry;
        queueOf(QueueUrl).push({
          id: `m${++ids}`,
          body,
          group,
          deduplicationId,
          attributes: {},
          delaySeconds,
          sentAtMs: now(),
        });
        answer.Successful.push({ Id: entry.Id });
      }
      return answer;
    }
    if (command instanceof ReceiveMessageCommand) {
      const found = queueOf(command.input.QueueUrl)
        .filter((m) => !hidden.has(m.id))
        .slice(0, command.input.MaxNumberOfMessages ?? 1);
      for (const m of found) hidden.add(m.id);
      return {
        Messages: found.map((m) => ({
          MessageId: m.id,
          ReceiptHandle: m.id,
          Body: m.body,
          Attributes: { SentTimestamp: String(m.sentAtMs) },
          MessageAttributes: Object.fromEntries(
            Object.entries(m.attributes).map(([k, StringValue]) => [k, { StringValue }]),
          ),
        })),
      };
    }
    if (command instanceof DeleteMessageCommand) {
      const queue = queueOf(command.input.QueueUrl);
      const at = queue.findIndex((m) => m.id === command.input.ReceiptHandle);
      if (at >= 0) queue.splice(at, 1);
      return {};
    }
    if (command instanceof ChangeMessageVisibilityCommand) {
      if (command.input.VisibilityTimeout === 0) hidden.delete(command.input.ReceiptHandle ?? '');
      return {};
    }
    if (command instanceof GetQueueAttributesCommand) {
      const count = queueOf(command.input.QueueUrl).length;
      return { Attributes: { ApproximateNumberOfMessages: String(count) } };
    }
    throw new Error('this fake has no such operation');
  };
  return {
    client: { send: send as SQSClient['send'] },
    messages: (url) => [...queueOf(url)],
    add: (url, message) => {
      const fresh = { id: `m${++ids}`, group: undefined, deduplicationId: undefined, attributes: {}, ...message };
      queueOf(url).push(fresh);
    },
    batches,
    refuse: (text, times) => {
      refusals.push({ text, times });
    },
    fail: (times) => {
      failures = times;
    },
  };
};
