/** Objects inside objects that are opened: Fluent Bit's record, the `log` in it, the event in that. */
const MAX_DEPTH = 4;
/** Items of a `kubectl get events -o json`. */
const MAX_ITEMS = 200;

// Containers whose output Container Insights ships as the node's own (dataplane: aws-node and kube-proxy).
const NODE_CONTAINERS = /^(?:aws-node|aws-vpc-cni-init|aws-eks-nodeagent|kube-proxy)$/;

// Where shippers and loggers put the message, and the loggers of node components the error that belongs to it.
const MESSAGE_KEYS = ['log', 'message', 'MESSAGE', 'msg', 'note', 'err', 'error'];

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parse = (text: string): Json | undefined => {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) return undefined;
  try {
    const json: unknown = JSON.parse(trimmed);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** An application's own line, by the Kubernetes metadata that Fluent Bit adds to it. */
const isApplication = (json: Json): boolean => {
  const { kubernetes } = json;
  if (!isObject(kubernetes)) return false;
  const container = textOf(kubernetes.container_name);
  return container !== '' && !NODE_CONTAINERS.test(container);
};

/** A Kubernetes Event (v1 or events.k8s.io/v1) as `kubectl describe` would print it. */
const eventText = (json: Json): string | undefined => {
  if (!isObject(json.involvedObject) && !isObject(json.regarding) && json.kind !== 'Event') return undefined;
  return `${textOf(json.type)} ${textOf(json.reason)} ${textOf(json.message)}${textOf(json.note)}`.trim();
};

const open = (text: string, depth: number): readonly string[] | undefined => {
  const json = depth < MAX_DEPTH ? parse(text) : undefined;
  if (json === undefined) return [text];
  if (isApplication(json)) return undefined;
  if (Array.isArray(json.items)) {
    return json.items.slice(0, MAX_ITEMS).flatMap((item) => (isObject(item) ? (eventText(item) ?? []) : []));
  }
  const event = eventText(json);
  if (event !== undefined) return [event];
  // An object around the event, as exporters and `kubectl get --watch -o json` write it.
  const inner = isObject(json.object) ? json.object : isObject(json.event) ? json.event : undefined;
  const innerText = inner === undefined ? undefined : eventText(inner);
  if (innerText !== undefined) return [innerText];
  const parts: string[] = [];
  for (const key of MESSAGE_KEYS) {
    const value = json[key];
    if (typeof value !== 'string' || value === '') continue;
    const opened = open(value, depth + 1);
    if (opened === undefined) return undefined;
    parts.push(...opened);
  }
  // A logger's message and its error are one statement; a record without either says nothing.
  return parts.length === 0 ? [] : [parts.join(' ')];
};

/**
 * The messages inside a JSON record: Fluent Bit's `message` or `log`, the journal's `MESSAGE`, logrus', zap's and klog's
 * `msg` with `error`, a Kubernetes Event or a list of them. Text that is no JSON is itself. Undefined for the line of
 * an application's container, which may say anything.
 */
export const unwrap = (text: string): readonly string[] | undefined => {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const isOnePerLine = lines.length > 1 && lines.every((line) => parse(line) !== undefined);
  if (!isOnePerLine) return open(text, 0);
  const opened = lines.map((line) => open(line, 0));
  return opened.every((it) => it === undefined) ? undefined : opened.flatMap((it) => it ?? []);
};
