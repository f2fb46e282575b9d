import { kindOfSpeaker, type Speaker, speakerOf } from './speaker.ts';

// The namespace of the node components. Whoever may create pods elsewhere can give a container any name.
const NODE_NAMESPACE = 'kube-system';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;
/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isByte = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 256;

/** The text of a field. The journal writes a text with control characters (colours, a tab) as the list of its bytes. */
export const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every(isByte) ? new TextDecoder().decode(Uint8Array.from(value)) : '';
};

type Container = { readonly name: string; readonly namespace: string };

/** The container that wrote a line, as Fluent Bit, Filebeat, Loki and the agent of Google Cloud name it. */
const containerOf = ({ kubernetes, resource, stream }: Json): Container => {
  if (isObject(stream)) return { name: textOf(stream.container), namespace: textOf(stream.namespace) };
  if (isObject(kubernetes)) {
    const { container, container_name, namespace, namespace_name } = kubernetes;
    const name = textOf(container_name) || (isObject(container) ? textOf(container.name) : '');
    return { name, namespace: textOf(namespace_name) || textOf(namespace) };
  }
  const labels = isObject(resource) && isObject(resource.labels) ? resource.labels : {};
  return { name: textOf(labels.container_name), namespace: textOf(labels.namespace_name) };
};

/** The program that wrote a record, by its own fields or by the Kubernetes metadata that the shipper adds to it. */
export const writerOf = (json: Json): Speaker => {
  const { name, namespace } = containerOf(json);
  if (name === '') return speakerOf(json);
  const kind = kindOfSpeaker(name);
  return kind === 'ipamd' && namespace === NODE_NAMESPACE ? { name, kind } : 'stranger';
};
