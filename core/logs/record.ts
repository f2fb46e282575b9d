import * as z from 'zod';
import { defined } from '../model/defined.ts';
import { InstanceId } from '../model/ids.ts';
import type { LineKind } from '../model/log-lines.ts';
import { writerOf } from './classify/writer.ts';

/** One log line and its node. */
export type LogLine = {
  /** Undefined where neither the record nor its stream names the instance. */
  readonly instanceId: string | undefined;
  /** The private DNS name on which the record and its stream agree, where there is no instance id. */
  readonly privateDnsName?: string;
  readonly message: string;
  /** The program that wrote it, by the unit or the identifier in the record. */
  readonly kind: LineKind;
};

// Container Insights' Fluent Bit (chart amazon-cloudwatch-observability): `dataplane` records have hostname,
// systemd_unit and message, `host` records have host, ident and message. Records from tailed files (aws-node, kube-proxy)
// have log. The aws filter adds ec2_instance_id to all of them.
const LogRecord = z.looseObject({
  message: z.string().optional(),
  log: z.string().optional(),
  ec2_instance_id: z.string().optional(),
  hostname: z.string().optional(),
  host: z.string().optional(),
});

/** With resource-based names an EC2 host name starts with the instance id: `i-0123456789abcdef0.ec2.internal`. */
const idOfHost = (host: string | undefined): string | undefined => /^i-[0-9a-f]{8,17}(?=[.-])/.exec(host ?? '')?.[0];

// The stream of a tailed file ends with its name: pod, namespace, container, id. Fluent Bit tails each pod whose name begins
// with `aws-node` or `kube-proxy`, in any namespace.
const STREAM_OF_AWS_NODE =
  /\.containers\.aws-node-[a-z0-9]{5}_kube-system_(?:aws-node|aws-vpc-cni-init|aws-eks-nodeagent)-[0-9a-f]{64}\.log$/;

// The writer of a stream chooses its name, and the writer of a record its fields: a record counts for a node only where all
// of them name one. Only address names are compared; a host may have any other name of its own.
const addressNameOf = (host: string | undefined): string | undefined =>
  /^ip-\d{1,3}(?:-\d{1,3}){3}(?![a-z0-9])/.exec(host ?? '')?.[0];

const distinct = (names: readonly (string | undefined)[]): readonly string[] => [
  ...new Set(names.filter((name) => name !== undefined)),
];

/** EC2's name of a host by its address, with or without its domain. Source: EC2 user guide, instance hostname types. */
const PRIVATE_DNS_NAME = /^(?=.{1,253}$)ip-\d{1,3}(?:-\d{1,3}){3}(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** The name that a record has for its host, where its stream begins with the same one. */
const agreedName = (hosts: readonly (string | undefined)[], logStream: string): string | undefined => {
  const names = distinct(hosts.filter((host) => PRIVATE_DNS_NAME.test(host ?? ''))).toSorted(
    (a, b) => b.length - a.length,
  );
  const [name, ...others] = names;
  if (name === undefined || others.some((other) => !name.startsWith(`${other}.`))) return undefined;
  const address = addressNameOf(name);
  // A stream may leave the domain out, and a record may: where both have one it is the same.
  const isAlike = name === address || !logStream.startsWith(`${address}.`) || logStream.startsWith(name);
  return isAlike && addressNameOf(logStream) === address ? name : undefined;
};

/** What an event of a log group is. */
export type RecordReading =
  | ({ readonly is: 'line' } & LogLine)
  /** A record that names two nodes, or another one than its stream. */
  | { readonly is: 'disputed' }
  /** A line of a program that is no component of the node: it may say anything. */
  | { readonly is: 'foreign' }
  /** Plain text or another JSON: it names no node. */
  | { readonly is: 'none' };

const NONE: RecordReading = { is: 'none' };
const FOREIGN: RecordReading = { is: 'foreign' };
const DISPUTED: RecordReading = { is: 'disputed' };

const parse = (text: string): unknown => {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Reads one log event of the `dataplane` or `host` group of Container Insights, or of a group like them. */
export const readLogRecord = (text: string, logStream: string): RecordReading => {
  const parsed = LogRecord.safeParse(parse(text));
  if (!parsed.success) return NONE;
  const { ec2_instance_id, hostname, host } = parsed.data;
  const message = parsed.data.message ?? parsed.data.log;
  if (message === undefined) return NONE;
  const writer = writerOf(parsed.data);
  const isTailed = parsed.data.message === undefined && writer === undefined;
  if (writer === 'stranger' || (isTailed && !STREAM_OF_AWS_NODE.test(logStream))) return FOREIGN;
  const hosts = [hostname, host, logStream];
  const ids = distinct([ec2_instance_id, ...hosts.map(idOfHost)].filter((id) => InstanceId.safeParse(id).success));
  if (ids.length > 1 || distinct(hosts.map(addressNameOf)).length > 1) return DISPUTED;
  const [instanceId] = ids;
  const privateDnsName = instanceId === undefined ? agreedName([hostname, host], logStream) : undefined;
  const kind = isTailed ? 'ipamd' : (writer?.kind ?? 'other');
  return { is: 'line', message, kind, instanceId, ...defined({ privateDnsName }) };
};
