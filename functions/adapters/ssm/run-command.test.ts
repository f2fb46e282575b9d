import type { SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { fakeSsm } from '../../../test/support/fake-ssm.ts';
import { BUILT, DOCUMENT_HASH } from '../../../test/support/reviewed-documents.ts';
import { at, node, nodes, START } from '../../../test/support/runs.ts';
import type { DocumentReading, ReviewedDocuments } from './reviewed-documents.ts';
import { commentOf, createCommandReader, createSender, readComment } from './run-command.ts';

const now = () => new Date(START);
const order = {
  runId: 'r-1',
  key: '7',
  documentName: 'fleetmend-pause-image-repair-aaaaaaaaaaaa',
  instanceIds: nodes(2),
  deliveryTimeoutSeconds: 60,
  notAfter: '2099-01-01T00:00:00.000Z',
};
const error = (name: string, httpStatusCode?: number, message = 'no'): Error =>
  Object.assign(new Error(message), {
    name,
    ...(httpStatusCode === undefined ? {} : { $metadata: { httpStatusCode } }),
  });

/** A sender whose calls answer so, one after the other; the last answer is repeated. */
const sender = (...answers: (Error | object)[]) => {
  const calls: SendCommandCommand['input'][] = [];
  const waits: number[] = [];
  const send = async (command: SendCommandCommand) => {
    const answer = answers[Math.min(calls.length, answers.length - 1)];
    calls.push(command.input);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const forgotten: string[] = [];
  const documents: ReviewedDocuments = {
    read: async () => readings.shift() ?? (await BUILT.read('')),
    forget: (name) => forgotten.push(name),
  };
  const { send: call, cancel } = createSender({
    client: { send: send as SSMClient['send'] },
    documents,
    now,
    wait: async (ms) => {
      waits.push(ms);
    },
  });
  return { calls, waits, forgotten, call: (signal = new AbortController().signal) => call(order, signal), cancel };
};
/** What the next calls learn of the document; built as it should be where the list is empty. */
const readings: DocumentReading[] = [];
const accepted = { Command: { CommandId: 'c-1', RequestedDateTime: new Date(at(1)) } };

describe('SendCommand', () => {
  it('is called once, with limits that let fleetmend be the limit', async () => {
    const s = sender(accepted);
    expect(await s.call()).toEqual({ kind: 'sent', commandId: 'c-1', sentAt: at(1) });
    expect(s.calls).toEqual([
      {
        DocumentName: order.documentName,
        DocumentVersion: '1',
        DocumentHash: DOCUMENT_HASH,
        DocumentHashType: 'Sha256',
        InstanceIds: nodes(2),
        Comment: 'fm r-1 7',
        TimeoutSeconds: 60,
        MaxConcurrency: '100%',
        MaxErrors: '100%',
      },
    ]);
  });

  it.each(['ThrottlingException', 'Throttling', 'RequestLimitExceeded', 'TooManyRequestsException'])(
    'is called again after %s, with increasing delays',
    async (name) => {
      const s = sender(error(name, 400), error(name, 400), accepted);
      expect(await s.call()).toMatchObject({ kind: 'sent' });
      expect(s.waits).toEqual([400, 800]);
    },
  );

  it.each<[DocumentReading, object]>([
    [
      { kind: 'other', why: 'it is another' },
      { kind: 'document-refused', message: 'it is another' },
    ],
    [
      { kind: 'missing', problem: 'not there' },
      { kind: 'refused', message: 'not there' },
    ],
    [
      { kind: 'refused', problem: 'AccessDenied' },
      { kind: 'refused', message: 'AccessDenied' },
    ],
    [
      { kind: 'retry', problem: 'throttled' },
      { kind: 'not-sent', notBefore: at(10) },
    ],
  ])('is not called where the document is %j', async (reading, report) => {
    readings.push(reading);
    const s = sender(accepted);
    expect(await s.call()).toEqual(report);
    expect(s.calls).toEqual([]);
  });

  it.each(['InvalidDocument', 'InvalidDocumentVersion'])(
    'has the document compared again after %s: it was deleted, or made again',
    async (name) => {
      const s = sender(error(name, 400));
      expect(await s.call()).toMatchObject({ kind: 'refused' });
      expect(s.forgotten).toEqual([order.documentName]);
    },
  );

  it('gives up if SSM continues to throttle: the command certainly did not run', async () => {
    const s = sender(error('ThrottlingException', 400));
    expect(await s.call()).toEqual({ kind: 'not-sent', notBefore: at(10) });
    expect(s.calls).toHaveLength(4);
  });

  it.each<[string, Error]>([
    ['a network error', error('TimeoutError')],
    ['an abort in its midst', error('AbortError')],
    ['a server error', error('InternalServerError', 500)],
    ['a gateway error', error('ServiceUnavailable', 503)],
    ['a timeout of the service', error('RequestTimeout', 408)],
  ])('leaves it open after %s, and is not called again', async (_, thrown) => {
    const s = sender(thrown, accepted);
    expect(await s.call()).toBeUndefined();
    expect(s.calls).toHaveLength(1);
  });

  it('leaves the result unknown if the response names no command', async () => {
    expect(await sender({}).call()).toBeUndefined();
  });

  it.each<[string, Error, object]>([
    [
      'a document that is not there',
      error('InvalidDocument', 400, 'gone'),
      { kind: 'refused', message: 'InvalidDocument: gone' },
    ],
    [
      'a lack of permission',
      error('AccessDeniedException', 400),
      { kind: 'refused', message: 'AccessDeniedException: no' },
    ],
    [
      'ids that SSM does not have',
      error(
        'InvalidInstanceId',
        400,
        `Instances [[${node(1)}, i-0123456789abcdef0, mi-0123456789abcdef0]] not in a valid state for account 123456789012`,
      ),
      { kind: 'invalid-ids', instanceIds: [node(1), 'i-0123456789abcdef0'] },
    ],
    ['an error without ids', error('InvalidInstanceId', 400, ''), { kind: 'invalid-ids', instanceIds: [] }],
  ])('is refused for %s', async (_, thrown, expected) => {
    const s = sender(thrown);
    expect(await s.call()).toEqual(expected);
    expect(s.calls).toHaveLength(1);
  });

  it('is not called at all when the time is over', async () => {
    const s = sender(accepted);
    expect(await s.call(AbortSignal.abort())).toEqual({ kind: 'not-sent', notBefore: at(1) });
    expect(s.calls).toEqual([]);
  });

  it('is not called again when the time ends while it waits', async () => {
    const controller = new AbortController();
    const { send } = createSender({
      documents: BUILT,
      client: { send: (async () => Promise.reject(error('ThrottlingException', 400))) as SSMClient['send'] },
      now,
      wait: async () => {
        controller.abort();
      },
    });
    expect(await send(order, controller.signal)).toEqual({ kind: 'not-sent', notBefore: at(1) });
  });
});

it('CancelCommand succeeds for a command that SSM no longer stores, and throws any other error', async () => {
  await expect(sender(error('InvalidCommandId', 400)).cancel('c-1')).resolves.toBeUndefined();
  await expect(sender(error('InternalServerError', 500)).cancel('c-1')).rejects.toThrow('no');
});

it('a Comment identifies the command, within 100 characters', () => {
  expect(readComment(commentOf('r-20260822T100000-abcdef0123-10', '20'))).toEqual({
    runId: 'r-20260822T100000-abcdef0123-10',
    key: '20',
  });
  expect(commentOf('r'.repeat(90), '20').length).toBeLessThanOrEqual(100);
  for (const text of ['', 'fm r-1', 'fm r-1 2 3', 'xfm r-1 2', 'FM r-1 2', 'patching'])
    expect(readComment(text)).toBeUndefined();
});

describe('the reader', () => {
  const world = async () => {
    const clock = { ms: Date.parse(START) };
    const ssm = fakeSsm(clock, new Map(nodes(3).map((id) => [id, { broken: false, latencyMs: 1000 }])));
    const send = createSender({ client: ssm.client, documents: BUILT, now, wait: async () => {} }).send;
    for (let i = 1; i <= 5; i++) await send({ ...order, key: String(i) }, new AbortController().signal);
    return { clock, ssm, reader: createCommandReader({ client: ssm.client }) };
  };

  it('finds a command by its Comment, over all pages, and none that is not there', async () => {
    const { ssm, reader } = await world();
    const search = { documentName: order.documentName, since: at(-60) };
    expect(await reader.find({ ...search, comment: commentOf('r-1', '5') })).toMatchObject({
      commandId: ssm.commands[4]?.id,
      requestedAt: START,
    });
    expect(await reader.find({ ...search, comment: commentOf('r-1', '6') })).toBeUndefined();
    expect(await reader.find({ ...search, since: at(60), comment: commentOf('r-1', '5') })).toBeUndefined();
  });

  it('finds a command by its id', async () => {
    const { ssm, reader } = await world();
    expect(await reader.byId(ssm.commands[2]?.id ?? '')).toMatchObject({
      comment: 'fm r-1 3',
      statusDetails: 'InProgress',
    });
    expect(await reader.byId('c-nobody')).toBeUndefined();
  });

  it('reads the invocations with their output', async () => {
    const { clock, ssm, reader } = await world();
    clock.ms += 2000;
    const read = await reader.invocations(ssm.commands[0]?.id ?? '');
    expect(read.map((i) => [i.instanceId, i.statusDetails])).toEqual(nodes(2).map((id) => [id, 'Success']));
    expect(read[0]?.output).toMatch(/"outcome":"Healthy"/);
    expect(await reader.invocations('c-nobody')).toEqual([]);
  });

  it('follows the pages of invocations', async () => {
    const pages = [
      { CommandInvocations: [{ InstanceId: node(1), Status: 'Success' }, {}], NextToken: 'more' },
      {
        CommandInvocations: [{ InstanceId: node(2), StatusDetails: 'Failed', CommandPlugins: [{ Output: 'o' }] }],
        NextToken: '',
      },
    ];
    const tokens: unknown[] = [];
    const reader = createCommandReader({
      client: {
        send: (async (command: { input: { NextToken?: string } }) => {
          tokens.push(command.input.NextToken);
          return pages[tokens.length - 1];
        }) as never,
      },
    });
    expect(await reader.invocations('c-1')).toEqual([
      { instanceId: node(1), statusDetails: 'Success', output: '' },
      { instanceId: node(2), statusDetails: 'Failed', output: 'o' },
    ]);
    expect(tokens).toEqual([undefined, 'more']);
  });
});
