import * as z from 'zod';
import { InstanceId } from '../model/ids.ts';
import type { LineKind } from '../model/log-lines.ts';

/** One log line and its node. */
export type LogLine = {
  /** Undefined where neither the record nor its stream names the instance. */
  readonly instanceId: string | undefined;
  readonly message: string;
  /** The program that wrote it, by the unit or the identifier in the record. */
  readonly kind: LineKind;
};

// Container Insights' Fluent Bit (chart amazon-cloudwatch-observability): `dataplane` records have hostname,
// systemd_unit and message, `host` records have host, ident and message. Records from tailed files (aws-node, kube-proxy)
// have log. The aws filter adds ec2_instance_id to all of them.
const LogRecord = z.object({
  message: z.string().optional(),
  log: z.string().optional(),
  ec2_instance_id: z.string().optional(),
  hostname: z.string().optional(),
  host: z.string().optional(),
  systemd_unit: z.string().optional(),
  ident: z.string().optional(),
});

const KINDS: ReadonlyMap<string, LineKind> = new Map([
  ['kubelet', 'kubelet'],
  ['containerd', 'containerd'],
  ['docker', 'docker'],
  ['dockerd', 'docker'],
  ['cri-docker', 'cri-dockerd'],
  ['cri-dockerd', 'cri-dockerd'],
]);
const kindOf = (name: string): LineKind => KINDS.get(name.replace(/\.(?:service|socket)$/, '')) ?? 'other';

/** With resource-based names an EC2 host name starts with the instance id: `i-0123456789abcdef0.ec2.internal`. */
const idOfHost = (host: string | undefined): string | undefined => /^i-[0-9a-f]{8,17}(?=[.-])/.exec(host ?? '')?.[0];

/**
 * Reads one log event of the `dataplane` or `host` group of Container Insights. Undefined where it is no such record (plain
 * text, another JSON): such a line names no node.
 */
export const readLogRecord = (text: string, logStream: string): LogLine | undefined => {
  if (!text.startsWith('{')) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = LogRecord.safeParse(json);
  if (!parsed.success) return undefined;
  const { ec2_instance_id, hostname, host, systemd_unit, ident } = parsed.data;
  const message = parsed.data.message ?? parsed.data.log;
  if (message === undefined) return undefined;
  const ids = [ec2_instance_id, idOfHost(hostname), idOfHost(host), idOfHost(logStream)];
  const kind = parsed.data.message === undefined ? 'ipamd' : kindOf(systemd_unit ?? ident ?? '');
  return { message, kind, instanceId: ids.find((id) => InstanceId.safeParse(id).success) };
};
