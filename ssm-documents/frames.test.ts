import { describe, expect, it } from 'vitest';
import { classify } from './classify.ts';

const IMAGE = '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5';
const CHAIN = `failed to get sandbox image "${IMAGE}": failed to pull image "${IMAGE}": failed to resolve reference "${IMAGE}": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`;
const EVENT = `Failed to create pod sandbox: rpc error: code = Unknown desc = ${CHAIN}`;
const LINE = `E0914 03:22:10.118822    1093 log.go:32] "RunPodSandbox from runtime service failed" err="rpc error: code = Unknown desc = ${CHAIN.replaceAll('"', '\\"')}"`;
const NOISE = 'I0914 03:22:10.200000    1093 kubelet.go:2407] "SyncLoop ADD" source="api"';

describe('classify finds a fault', () => {
  it.each<[string, string]>([
    ['in a record of Fluent Bit', JSON.stringify({ systemd_unit: 'kubelet.service', message: LINE })],
    ['in the bytes that the journal writes', JSON.stringify({ MESSAGE: [...new TextEncoder().encode(LINE)] })],
    ['in a result of Logs Insights', JSON.stringify({ '@timestamp': 't', '@message': JSON.stringify({ log: LINE }) })],
    [
      'in a subscription message, its other lines an application’s',
      JSON.stringify({
        messageType: 'DATA_MESSAGE',
        logEvents: [
          { message: JSON.stringify({ log: 'x', kubernetes: { container_name: 'web' } }) },
          { message: JSON.stringify({ message: LINE }) },
        ],
      }),
    ],
    ['in a search result', JSON.stringify({ _index: 'logs', _source: { message: LINE } })],
    ['in search results', JSON.stringify({ hits: { hits: [{ _source: { message: LINE } }] } })],
    ['in a record of OpenTelemetry', JSON.stringify({ severityText: 'ERROR', body: { stringValue: LINE } })],
    ['in Loki’s streams', JSON.stringify({ streams: [{ stream: { unit: 'kubelet' }, values: [['1', LINE]] }] })],
    ['in an error object', JSON.stringify({ level: 'error', msg: 'RunPodSandbox failed', error: { message: CHAIN } })],
    ['in a list of records', JSON.stringify([{ message: NOISE }, { message: LINE }])],
    ['in records, one a line', `${JSON.stringify({ message: NOISE })}\n${JSON.stringify({ message: LINE })}`],
    ['in a record that was cut', JSON.stringify({ message: LINE }).slice(0, 420)],
    ['behind the prefix of syslog', `<27>1 2026-09-14T03:22:10.118Z ip-10-0-3-7 kubelet 1093 - - ${LINE}`],
    ['behind lines joined by rsyslog', `${NOISE}#012${LINE}`],
    ['behind a file name that grep adds', `/var/log/messages:${LINE}`],
    ['in a table', `| Warning | FailedCreatePodSandBox | ${EVENT} |`],
    ['in HTML', `<p>${EVENT.replaceAll('"', '&quot;')}</p>`],
    ['in a spreadsheet', `"2026-09-14","Warning","${EVENT.replaceAll('"', '""')}"`],
    ['in lines of 60 characters', EVENT.replace(/(.{60})/g, '$1\r\n      ')],
    ['with blanks where a terminal ended its lines', EVENT.replace(/(.{60})/g, '$1 ')],
    ['with full-width punctuation', EVENT.replaceAll(':', '：')],
    ['in a sentence', `Hi all, since noon: ${EVENT} - what can we do?`],
    ['without its beginning', `…sandbox image "${IMAGE}": failed to pull image "${IMAGE}": …`],
    ['in Russian', `Не удалось создать песочницу: не удалось получить образ песочницы "${IMAGE}": 401 Unauthorized`],
    ['in French', `échec de l'obtention de l'image du bac à sable « ${IMAGE} » : 401 Non autorisé`],
  ])('%s', (_, text) => {
    expect(classify(text)).toEqual({ reason: 'SandboxImageMissing', image: IMAGE });
  });

  it('without an image where the text ends within the phrase', () => {
    for (const end of ['i', 'imag', 'image', 'image "', 'image "6024011434']) {
      const cut = EVENT.slice(0, EVENT.indexOf('image "')) + end;
      expect({ end, found: classify(cut) }).toEqual({ end, found: { reason: 'SandboxImageMissing' } });
    }
  });
});

describe('classify ignores a line of an application’s container', () => {
  it.each<[string, Record<string, unknown>]>([
    ['of Fluent Bit', { kubernetes: { container_name: 'bot' }, log: LINE }],
    ['of Filebeat', { kubernetes: { container: { name: 'bot' } }, message: LINE }],
    ['of Google’s agent', { resource: { labels: { container_name: 'bot' } }, jsonPayload: { message: LINE } }],
    ['of Loki', { streams: [{ stream: { container: 'bot' }, values: [['1', LINE]] }] }],
    ['in a search result', { _source: { kubernetes: { container_name: 'bot' }, message: LINE } }],
  ])('in a record %s', (_, record) => {
    expect(classify(JSON.stringify(record))).toBeNull();
  });

  it('and one of a component’s container, which logs no fault of kubelet', () => {
    for (const container_name of ['aws-node', 'kube-proxy', 'kubelet']) {
      expect(classify(JSON.stringify({ kubernetes: { container_name }, log: LINE }))).toBeNull();
    }
  });

  it('but not what aws-node reports about the network, unless its pod is of another namespace', () => {
    const log =
      '{"level":"error","caller":"aws-k8s-agent/main.go:42","msg":"Initialization failure: ipamd init: failed to retrieve attached ENIs info"}';
    const of = (namespace_name: string) =>
      classify(JSON.stringify({ kubernetes: { container_name: 'aws-node', namespace_name }, log }));
    expect(of('kube-system')).toEqual({ reason: 'CNINotReady', hint: true });
    expect(of('team-evil')).toBeNull();
  });
});

describe('a record without a message', () => {
  it.each([['{}'], ['[]'], ['[1,2]'], ['{"message":{}}'], ['{"values":[1,[],["1"]]}'], ['{"hits":{"hits":null}}']])(
    'is null: %s',
    (text) => {
      expect(classify(text)).toBeNull();
    },
  );

  it('is null where records are nested too deeply', () => {
    const deep = Array.from({ length: 5000 }).reduce<string>((inner) => `{"event":${inner}}`, '{"message":"x"}');
    expect(classify(deep)).toBeNull();
  });
});
