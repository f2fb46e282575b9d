import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from './envelope.ts';

const texts = (text: string) => unwrap(text)?.map((opened) => opened.text);
const unwrapJson = (json: unknown) => texts(JSON.stringify(json));
const nested = (depth: number): object =>
  Array.from({ length: depth }).reduce<object>((inner) => ({ object: inner }), { msg: 'm' });

describe('unwrap', () => {
  it('returns text that is not JSON as it is', async () => {
    await fc.assert(
      fc.property(
        fc.string().filter((text) => !/^\s*[{[]/.test(text)),
        (text) => {
          expect(texts(text)).toEqual([text]);
        },
      ),
      { verbose: true },
    );
    for (const text of ['{"msg": "cut', '[not json]', '{not json}', '[1, 2]', '']) expect(texts(text)).toEqual([text]);
  });

  it('opens no message of a record that is JSON of more than 32 KB, and shows no fault in it', () => {
    const inner = (length: number) => JSON.stringify({ msg: 'm'.repeat(length) });
    expect(unwrapJson({ log: inner(32_000) })).toEqual(['m'.repeat(32_000)]);
    expect(unwrapJson({ log: inner(32_768) })).toEqual([]);
    expect(unwrapJson({ log: 'm'.repeat(40_000) })).toEqual(['m'.repeat(40_000)]);
    expect(texts(inner(32_768))).toEqual(['m'.repeat(32_768)]);
  });

  it.each<[string, unknown, readonly string[]]>([
    ['Fluent Bit', { log: 'm' }, ['m']],
    ['the journal', { MESSAGE: 'm' }, ['m']],
    ['the journal, which writes control characters as bytes', { MESSAGE: [109, 9, 110] }, ['m\tn']],
    ['the journal, with the first and the last byte', { MESSAGE: [0, 109, 127] }, ['\u0000m\u007f']],
    ['the journal, with a list that is none of bytes', { MESSAGE: [109, 256] }, []],
    ['the journal, with a list of negative numbers', { MESSAGE: [109, -1] }, []],
    ['the journal, with a list of fractions', { MESSAGE: [109, 9.5] }, []],
    ['the journal, with a list of texts', { MESSAGE: ['109'] }, []],
    ['a logger: its message and its error are one statement', { msg: 'm', error: 'e' }, ['m e']],
    ['a logger whose error is an object', { msg: 'm', err: { message: 'e' } }, ['m e']],
    ['a record in a record', { log: JSON.stringify({ msg: 'm' }) }, ['m']],
    ['a record under a key', { jsonPayload: { message: 'm' } }, ['m']],
    ['a list of records', [{ msg: 'a' }, { msg: 'b' }, 3], ['a', 'b']],
    ['a list without records', { items: [] }, []],
    ['search results', { hits: { hits: [{ _source: { message: 'm' } }] } }, ['m']],
    ['Loki', { stream: {}, values: [['1700000000', 'm'], 'no pair'] }, ['m']],
    ['Loki, with a message of its own', { msg: 'own', values: [['1700000000', 'm']] }, ['own']],
    ['a record without a message', { level: 'info', MESSAGE: [1, 300] }, []],
    ['a Kubernetes event', { kind: 'Event', type: 'Warning', reason: 'R', message: 'm' }, ['Warning R m']],
    ['an event by its object', { involvedObject: {}, reason: 'R', message: 'm' }, ['R m']],
    ['an event of events.k8s.io', { regarding: {}, type: 'Warning', reason: 'R', note: 'n' }, ['Warning R n']],
  ])('opens the record of %s', (_, json, expected) => {
    expect(unwrapJson(json)).toEqual(expected);
  });

  it.each([
    'log',
    'message',
    'MESSAGE',
    '@message',
    'msg',
    'note',
    'line',
    'short_message',
    'body',
    'stringValue',
    'err',
    'error',
  ])('reads the message under %s', (key) => {
    expect(unwrapJson({ [key]: 'm' })).toEqual(['m']);
  });

  it.each(['object', 'event', '_source', 'record', 'jsonPayload', 'body', 'data'])(
    'opens the record under %s',
    (key) => {
      expect(unwrapJson({ [key]: { msg: 'm' } })).toEqual(['m']);
    },
  );

  it.each(['items', 'logEvents', 'events', 'records', 'hits', 'streams', 'result'])(
    'opens the list under %s',
    (key) => {
      expect(unwrapJson({ [key]: [{ msg: 'm' }] })).toEqual(['m']);
    },
  );

  it.each(['err', 'error'])('opens the error under %s, which belongs to the message', (key) => {
    expect(unwrapJson({ msg: 'm', [key]: { message: 'e' } })).toEqual(['m e']);
  });

  it.each<[string, object]>([
    ['Fluent Bit', { kubernetes: { container_name: 'NAME', namespace_name: 'SPACE' } }],
    ['Filebeat', { kubernetes: { container: { name: 'NAME' }, namespace: 'SPACE' } }],
    ['Loki', { stream: { container: 'NAME', namespace: 'SPACE' } }],
    ['the agent of Google Cloud', { resource: { labels: { container_name: 'NAME', namespace_name: 'SPACE' } } }],
  ])("reads a node component's container and drops an application's, as %s names it", (_, fields) => {
    const from = (name: string, space: string) =>
      unwrap(
        JSON.stringify({ msg: 'm', ...fields })
          .replace('NAME', name)
          .replace('SPACE', space),
      );
    expect(from('aws-node', 'kube-system')).toEqual([{ text: 'm', isRecord: true, kind: 'ipamd' }]);
    expect(from('aws-node', 'team-evil')).toBeUndefined();
    expect(from('my-app', 'kube-system')).toBeUndefined();
  });

  it('drops a container of a component whose namespace is not named', () => {
    for (const fields of [
      { resource: { labels: { container_name: 'aws-node' } } },
      { stream: { container: 'aws-node' } },
    ]) {
      expect(unwrapJson({ msg: 'm', ...fields })).toBeUndefined();
    }
  });

  it('names the program that wrote a record, and puts the name of a script before what it says', () => {
    expect(unwrap('{"ident":"kubelet","message":"m"}')).toEqual([{ text: 'm', isRecord: true, kind: 'kubelet' }]);
    expect(unwrap('{"ident":"pull-sandbox-image.sh","message":"m"}')).toEqual([
      { text: 'pull-sandbox-image.sh: m', isRecord: true, kind: 'other' },
    ]);
    expect(unwrap('{"ident":"systemd","message":"systemd: m"}')).toEqual([
      { text: 'systemd: m', isRecord: true, kind: 'other' },
    ]);
    expect(unwrap('{"log":"{\\"ident\\":\\"kubelet\\",\\"message\\":\\"m\\"}"}')).toEqual([
      { text: 'm', isRecord: true, kind: 'kubelet' },
    ]);
    expect(unwrap('{"ident":"sshd","message":"m"}')).toBeUndefined();
    expect(unwrap('{"message":"m"}')).toEqual([{ text: 'm', isRecord: true }]);
    expect(unwrap('m')).toEqual([{ text: 'm', isRecord: false }]);
  });

  it('reads records whose metadata name no container', () => {
    const absent = [{ kubernetes: null }, { resource: null }, { resource: { labels: null } }, { stream: null }];
    for (const fields of [
      ...absent,
      { kubernetes: {} },
      { resource: {} },
      { resource: { labels: {} } },
      { stream: {} },
    ]) {
      expect(unwrapJson({ msg: 'm', ...fields })).toEqual(['m']);
    }
  });

  it('drops the records of applications from a list, and a list of nothing else', () => {
    const application = { msg: 'x', kubernetes: { container_name: 'my-app' } };
    expect(unwrapJson([application, { msg: 'm' }])).toEqual(['m']);
    expect(unwrapJson([application])).toBeUndefined();
    expect(texts(`${JSON.stringify(application)}\n{"msg":"m"}`)).toEqual(['m']);
    expect(texts(`${JSON.stringify(application)}\n${JSON.stringify(application)}`)).toBeUndefined();
    expect(unwrapJson({ log: JSON.stringify(application) })).toBeUndefined();
    expect(unwrapJson({ msg: 'm', err: application })).toEqual(['m']);
  });

  it('reads one record a line, where every line is one', () => {
    expect(texts('{"msg":"a"}\n\n[{"msg":"b"}]\n')).toEqual(['a', 'b']);
    expect(texts('{"msg":"a"}\n \t\n[{"msg":"b"},3]')).toEqual(['a', 'b']);
    expect(texts(' {"msg":"a"} ')).toEqual(['a']);
    expect(texts('{"msg":"a"}\ntext')).toEqual(['{"msg":"a"}\ntext']);
  });

  it('opens at most six levels', () => {
    expect(unwrapJson(nested(5))).toEqual(['m']);
    expect(unwrapJson(nested(6))).toEqual([]);
    const logs = (depth: number): string =>
      Array.from({ length: depth }).reduce<string>((log) => JSON.stringify({ log }), 'm');
    expect(texts(logs(6))).toEqual(['m']);
    expect(texts(logs(7))).toEqual(['{"log":"m"}']);
  });

  it('opens at most six levels of lists, of errors and of the lines of Loki too', () => {
    const levels = (depth: number, wrap: (inner: object) => object): object =>
      Array.from({ length: depth }).reduce<object>(wrap, { msg: 'm' });
    expect(unwrapJson(levels(5, (inner) => ({ items: [inner] })))).toEqual(['m']);
    expect(unwrapJson(levels(6, (inner) => ({ items: [inner] })))).toEqual([]);
    expect(unwrapJson(levels(9, (err) => ({ msg: 'm', err })))).toEqual(['m m m m m m']);
    const loki = (inner: object) => ({ stream: {}, values: [['1700000000', JSON.stringify(inner)]] });
    expect(unwrapJson(levels(3, loki))).toEqual(['{"msg":"m"}']);
    expect(unwrapJson(levels(2, loki))).toEqual(['m']);
  });

  it('opens at most 200 records of a list', () => {
    expect(unwrapJson(Array.from({ length: 201 }, () => ({ msg: 'm' })))).toHaveLength(200);
  });
});

it('opens no message as JSON that is longer than what is read of one, and leaves long words as they are', () => {
  const long = 'x'.repeat(40_000);
  expect(unwrap(JSON.stringify({ log: JSON.stringify({ log: 'a fault', long }) }))).toEqual([]);
  expect(unwrap(JSON.stringify({ log: long }))).toMatchObject([{ text: long }]);
  expect(unwrap(JSON.stringify({ log: JSON.stringify({ log: 'a fault' }) }))).toMatchObject([{ text: 'a fault' }]);
});
