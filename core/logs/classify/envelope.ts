/** Objects inside objects that are opened: Fluent Bit's record, the `log` in it, the event in that. */
const MAX_DEPTH = 6;
/** Items of a `kubectl get events -o json`. */
const MAX_ITEMS = 200;

// Containers whose output Container Insights ships as the node's own (dataplane: aws-node and kube-proxy).
const NODE_CONTAINERS = /^(?:aws-node|aws-vpc-cni-init|aws-eks-nodeagent|kube-proxy)$/;

// Where shippers and loggers put the message, and the loggers of node components the error that belongs to it.
const MESSAGE_KEYS = [
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
];
// Records around the record: exporters, `kubectl get --watch -o json`, search engines, Google's agent.
const RECORD_KEYS = ['object', 'event', '_source', 'record', 'jsonPayload', 'body', 'data'];
const ERROR_KEYS = ['err', 'error'];
// Lists of records: `kubectl get -o json`, a subscription message of CloudWatch Logs, search results.
const LIST_KEYS = ['items', 'logEvents', 'events', 'records', 'hits', 'streams', 'result'];

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => {
  const trimmed = text.trim();
  if (!/^[{[]/.test(trimmed) || !/[}\]]$/.test(trimmed)) return undefined;
  try {
    return JSON.parse(trimmed);
  } catch {
    return undefined;
  }
};
const isRecord = (json: unknown): boolean => isObject(json) || (Array.isArray(json) && json.some(isObject));

const isByte = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 256;

/** A field's text. The journal writes one that is no plain text (colours, a tab) as the list of its bytes. */
const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every(isByte) ? new TextDecoder().decode(Uint8Array.from(value)) : '';
};

/** The container that a shipper says a line is of: Fluent Bit, Filebeat, Loki, Google's agent. */
const containerOf = ({ kubernetes, resource, stream }: Json): string => {
  if (isObject(stream)) return textOf(stream.container);
  if (isObject(kubernetes)) {
    return (
      textOf(kubernetes.container_name) || (isObject(kubernetes.container) ? textOf(kubernetes.container.name) : '')
    );
  }
  return isObject(resource) && isObject(resource.labels) ? textOf(resource.labels.container_name) : '';
};

/** An application's own line, by the Kubernetes metadata that the shipper adds to it. */
const isApplication = (json: Json): boolean => {
  const container = containerOf(json);
  return container !== '' && !NODE_CONTAINERS.test(container);
};

/** A Kubernetes Event (v1 or events.k8s.io/v1) as `kubectl describe` would print it. */
const eventText = (json: Json): string | undefined => {
  if (!isObject(json.involvedObject) && !isObject(json.regarding) && json.kind !== 'Event') return undefined;
  return `${textOf(json.type)} ${textOf(json.reason)} ${textOf(json.message)}${textOf(json.note)}`.trim();
};

/** Of several records, the applications' are left out; undefined if all are. */
const openAll = (records: readonly unknown[], depth: number): readonly string[] | undefined => {
  const opened = records.slice(0, MAX_ITEMS).map((record) => (isObject(record) ? openRecord(record, depth) : []));
  return opened.length > 0 && opened.every((it) => it === undefined) ? undefined : opened.flatMap((it) => it ?? []);
};

const openRecord = (json: Json, depth: number): readonly string[] | undefined => {
  if (depth >= MAX_DEPTH) return [];
  if (isApplication(json)) return undefined;
  const event = eventText(json);
  if (event !== undefined) return [event];
  for (const key of LIST_KEYS) {
    const list = json[key];
    const records = isObject(list) ? list.hits : list;
    if (Array.isArray(records)) return openAll(records, depth + 1);
  }
  const parts: string[] = [];
  for (const key of MESSAGE_KEYS) {
    const value = textOf(json[key]);
    if (value === '') continue;
    const opened = open(value, depth + 1);
    if (opened === undefined) return undefined;
    parts.push(...opened);
  }
  for (const key of ERROR_KEYS) {
    const error = json[key];
    if (isObject(error)) parts.push(...(openRecord(error, depth + 1) ?? []));
  }
  // Loki's lines, each behind its time.
  if (parts.length === 0 && Array.isArray(json.values)) {
    return openAll(
      json.values.map((pair: unknown) => (Array.isArray(pair) ? { line: pair[1] } : {})),
      depth + 1,
    );
  }
  // A logger's message and its error are one statement.
  if (parts.length > 0) return [parts.join(' ')];
  for (const key of RECORD_KEYS) {
    const inner = json[key];
    if (isObject(inner)) return openRecord(inner, depth + 1);
  }
  // A record without either says nothing.
  return [];
};

const open = (text: string, depth: number): readonly string[] | undefined => {
  const json = depth < MAX_DEPTH ? parse(text) : undefined;
  if (isObject(json)) return openRecord(json, depth);
  return Array.isArray(json) && json.some(isObject) ? openAll(json, depth) : [text];
};

/**
 * The messages inside a JSON record: Fluent Bit's `message` or `log`, the journal's `MESSAGE`, logrus', zap's and klog's
 * `msg` with `error`, a Kubernetes Event or a list of them. Text that is no JSON is itself. Undefined for the line of
 * an application's container, which may say anything.
 */
export const unwrap = (text: string): readonly string[] | undefined => {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const isOnePerLine = lines.length > 1 && lines.every((line) => isRecord(parse(line)));
  if (!isOnePerLine) return open(text, 0);
  const opened = lines.map((line) => open(line, 0));
  return opened.every((it) => it === undefined) ? undefined : opened.flatMap((it) => it ?? []);
};
