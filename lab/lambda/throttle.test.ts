import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CfnResource } from '../aws/cfn-template.ts';
import { functionResources, type LabFixture, startFixture } from '../aws/fixture.ts';

let fixture: LabFixture;
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

/** A queue with a dead-letter queue, and a function that keeps the receive counts that it was given. */
const pair = (name: string, reserved: number, source: Readonly<Record<string, unknown>> = {}) => ({
  [`${name}Queue`]: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      QueueName: name,
      VisibilityTimeout: 20,
      RedrivePolicy: { deadLetterTargetArn: arn(`${name}Dead`), maxReceiveCount: 2 },
    },
  } satisfies CfnResource,
  [`${name}Dead`]: { Type: 'AWS::SQS::Queue', Properties: { QueueName: `${name}-dead` } } satisfies CfnResource,
  ...functionResources(`${name}Function`, {
    statements: [
      {
        Effect: 'Allow',
        Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        Resource: arn(`${name}Queue`),
      },
    ],
    properties: { Timeout: 20, ReservedConcurrentExecutions: reserved },
  }),
  [`${name}Source`]: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: arn(`${name}Queue`),
      FunctionName: { Ref: `${name}Function` },
      BatchSize: 1,
      ...source,
    },
  } satisfies CfnResource,
});

const CODE = `
export const handler = async (event) => {
  for (const record of event.Records) console.log('COUNT ' + record.attributes.ApproximateReceiveCount);
  await new Promise((resolve) => setTimeout(resolve, 100));
};`;

let throttles = 0;
beforeAll(async () => {
  fixture = await startFixture(
    { ...pair('reserved', 1), ...pair('limited', 2, { ScalingConfig: { MaximumConcurrency: 2 } }) },
    { code: { reservedFunction: CODE, limitedFunction: CODE } },
  );
  fixture.lab.onEvent((event) => {
    if (event.kind === 'function-throttled') throttles += 1;
  });
});
afterAll(() => fixture.stop());
afterEach(() => {
  throttles = 0;
  fixture.lab.faults.throttledInvocationRate = 0;
});

const send = (name: string, count: number): void => {
  const queue = fixture.lab.queues.all().find((q) => q.settings.name === name);
  for (let i = 0; i < count; i++) queue?.send({ body: `${i}` });
};
const counts = (name: string) =>
  fixture.lab
    .functionLogs(name)
    .filter((line) => line.startsWith('COUNT '))
    .map((line) => Number(line.slice(6)));

describe('an event source whose function is throttled', () => {
  it('takes more messages than reserved concurrency admits, and tries again within their visibility', async () => {
    send('reserved', 10);
    await fixture.lab.settle();
    expect(throttles).toBeGreaterThan(0);
    await expect.poll(() => counts('reservedFunction').length).toBeGreaterThanOrEqual(10);
    expect(fixture.lab.queues.depth('reserved')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('never over-polls where MaximumConcurrency is within the reserved concurrency', async () => {
    send('limited', 10);
    await fixture.lab.settle();
    expect(throttles).toBe(0);
    await expect.poll(() => counts('limitedFunction')).toEqual(Array(10).fill(1));
  });

  it('returns messages after their visibility timeout: their receive count rises up to the dead-letter queue', async () => {
    fixture.lab.faults.throttledInvocationRate = 1;
    const startedAt = fixture.lab.now();
    send('limited', 3);
    await fixture.lab.settle();
    expect(throttles).toBeGreaterThan(6);
    expect(fixture.lab.queues.messages('limited-dead')).toHaveLength(3);
    expect((fixture.lab.now() - startedAt) / 1000).toBeGreaterThanOrEqual(40);
  });

  it('that is never free keeps the lab from settling, which says so at its limit', async () => {
    fixture.lab.faults.throttledInvocationRate = 1;
    send('reserved', 1);
    const settled = await fixture.lab.settle({ labMs: 15_000 });
    expect(settled).toEqual({
      isSettled: false,
      due: ['queue reserved: 0 visible, 1 in flight, 0 delayed', expect.stringMatching(/^\d+ timers, the next at 20/)],
    });
    fixture.lab.faults.throttledInvocationRate = 0;
    expect(await fixture.lab.settle()).toEqual({ isSettled: true });
  });

  it('that is free again in time gets the message with its risen count', async () => {
    const before = counts('limitedFunction').length;
    fixture.lab.faults.throttledInvocationRate = 1;
    send('limited', 1);
    await fixture.lab.advance(21_000);
    fixture.lab.faults.throttledInvocationRate = 0;
    await fixture.lab.settle();
    await expect.poll(() => counts('limitedFunction').slice(before)).toEqual([2]);
  });
});
