import * as z from 'zod';

/**
 * An EC2 instance id (`i-` and 8 or 17 hex digits). Source: SSM's SendCommandRequest shape; hybrid ids (`mi-…`) are
 * not EC2 instances and are refused here, since fleetmend proves membership by EC2 tags.
 */
export const InstanceId = z
  .string()
  .regex(/^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/, 'not an EC2 instance id: expected i- and 8 or 17 hex digits');

/** A hybrid node's SSM id, and its name where it was activated by SSM. Source: EKS user guide, hybrid node credentials. */
export const HybridId = z.string().regex(/^mi-[0-9a-f]{17}$/);

/**
 * The subject of an audit row. Besides EC2 instances: hybrid nodes, Fargate nodes by name, and the Fargate profiles or
 * hybrid nodes of a cluster as a group, if only the Kubernetes API lists the single nodes. No command is ever sent to them.
 */
export const NodeId = z
  .string()
  .regex(
    /^(?:i-(?:[0-9a-f]{8}|[0-9a-f]{17})|mi-[0-9a-f]{17}|fargate-[a-z0-9](?:[a-z0-9.-]{0,243}[a-z0-9])?|fargate-profile\/[0-9A-Za-z_-]{1,100}|hybrid-nodes\/[0-9A-Za-z][0-9A-Za-z._-]{0,252})$/,
    'not an EC2 instance id (i- and 8 or 17 hex digits), nor the name of a Fargate or hybrid node',
  );

/** An EKS cluster name: 1 to 100 characters, letters, digits, `-` and `_`, starting with a letter or digit. */
export const ClusterName = z
  .string()
  .regex(
    /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/,
    'not an EKS cluster name: 1 to 100 letters, digits, - or _, first a letter or digit',
  );

/** A moment in UTC as ISO 8601 with a `Z`, as the audit table stores it (it sorts as text). */
export const IsoTime = z.iso.datetime();

/** Milliseconds since the epoch of an ISO time; NaN never leaves, because the input was parsed by {@link IsoTime}. */
export const epochMs = (iso: string): number => Date.parse(iso);

/** The ISO time of milliseconds since the epoch. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
