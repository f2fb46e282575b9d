import * as z from 'zod';
import { readComment } from '../../functions/adapters/ssm/run-command.ts';
import type { Lab } from '../../lab/aws/lab.ts';
import type { LabEvent } from '../../lab/aws/lab-event.ts';
import { readDocumentName } from '../../lab/sim/result.ts';

/** A command that SSM took. */
export type SentCommand = {
  readonly commandId: string;
  readonly at: number;
  readonly runId: string;
  readonly action: 'check' | 'repair' | 'other';
  readonly instanceIds: readonly string[];
  /** When SSM ended it. */
  endedAt?: number;
};

/** The events of a scene, as SSM, IAM and Lambda saw them; nothing in it is reported by the product. */
export type Chronicle = {
  readonly commands: readonly SentCommand[];
  readonly repairsOf: (instanceId: string) => readonly SentCommand[];
  readonly checksOf: (instanceId: string) => readonly SentCommand[];
  /** Repair commands to any of these nodes, in the order of sending. */
  readonly repairsOn: (nodes: readonly { readonly instanceId: string }[]) => readonly SentCommand[];
  /** Notices on fleetmend's bus: detail-type and detail. */
  readonly notices: readonly { readonly detailType: string; readonly detail: Readonly<Record<string, unknown>> }[];
  /** Calls of functions and deliveries that IAM or a resource policy denied. */
  readonly denials: readonly string[];
  /** Deliveries that failed finally and are in no dead-letter queue. */
  readonly lost: readonly string[];
  /** Invocations that ended in an error. */
  readonly failures: readonly { readonly functionName: string; readonly error: string }[];
  /** Violations: two repairs at the same time on one node, or two commands of one run to a node. */
  readonly violations: readonly string[];
  /** The most nodes of a cluster that were under repair at the same moment. */
  readonly mostAtOnce: (cluster: string) => number;
  /** Calls back for every command that SSM takes, while it is being taken; returns how to stop that. */
  readonly onSent: (listener: (command: SentCommand) => void) => () => void;
};

const Detail = z.record(z.string(), z.unknown());

/** Records the events of a lab. */
export const createChronicle = (lab: Lab): Chronicle => {
  const commands: SentCommand[] = [];
  const byId = new Map<string, SentCommand>();
  const notices: { detailType: string; detail: Readonly<Record<string, unknown>> }[] = [];
  const denials: string[] = [];
  const lost: string[] = [];
  const failures: { functionName: string; error: string }[] = [];
  const violations: string[] = [];
  const underRepair = new Map<string, string>();
  const peaks = new Map<string, number>();
  const listeners = new Set<(command: SentCommand) => void>();
  const sentByRun = new Set<string>();

  const onSent = (event: Extract<LabEvent, { kind: 'command-sent' }>): void => {
    const command: SentCommand = {
      commandId: event.commandId,
      at: event.at,
      runId: readComment(event.comment)?.runId ?? event.comment,
      action: readDocumentName(event.documentName)?.action ?? 'other',
      instanceIds: event.instanceIds,
    };
    commands.push(command);
    byId.set(event.commandId, command);
    if (command.action === 'repair') {
      for (const id of command.instanceIds) {
        const other = underRepair.get(id);
        if (other !== undefined)
          violations.push(`${id}: the repair ${other} was under way when ${event.commandId} came`);
        underRepair.set(id, event.commandId);
        const key = `${command.runId} ${id}`;
        if (sentByRun.has(key)) violations.push(`${id}: run ${command.runId} sent it a second repair`);
        sentByRun.add(key);
      }
      const now = new Map<string, number>();
      for (const id of underRepair.keys()) {
        const cluster = lab.nodes.get(id)?.cluster ?? '';
        now.set(cluster, (now.get(cluster) ?? 0) + 1);
      }
      for (const [cluster, n] of now) peaks.set(cluster, Math.max(peaks.get(cluster) ?? 0, n));
    }
    for (const listener of listeners) listener(command);
  };

  lab.onEvent((event) => {
    switch (event.kind) {
      case 'command-sent':
        onSent(event);
        return;
      case 'command-end': {
        const command = byId.get(event.commandId);
        if (command !== undefined) command.endedAt = event.at;
        return;
      }
      case 'node-end':
        if (underRepair.get(event.instanceId) === event.commandId) underRepair.delete(event.instanceId);
        return;
      case 'event':
        if (event.source === 'fleetmend')
          notices.push({ detailType: event.detailType, detail: Detail.parse(event.detail) });
        return;
      case 'call':
        if (!event.call.allowed)
          denials.push(`${event.call.principal} ${event.call.service}:${event.call.operation} ${event.call.resource}`);
        return;
      case 'delivery-failed':
        if (event.why.includes('not authorized')) denials.push(`${event.rule} to ${event.target}: ${event.why}`);
        if (!event.deadLettered) lost.push(`${event.rule} to ${event.target}: ${event.why}`);
        return;
      case 'function-end':
        if (event.error !== undefined) failures.push({ functionName: event.functionName, error: event.error });
        return;
      default:
        return;
    }
  });

  const of = (action: SentCommand['action']) => (instanceId: string) =>
    commands.filter((c) => c.action === action && c.instanceIds.includes(instanceId));
  return {
    commands,
    repairsOf: of('repair'),
    checksOf: of('check'),
    repairsOn: (nodes) => {
      const ids = new Set(nodes.map((n) => n.instanceId));
      return commands.filter((c) => c.action === 'repair' && c.instanceIds.some((id) => ids.has(id)));
    },
    notices,
    denials,
    lost,
    failures,
    violations,
    mostAtOnce: (cluster) => peaks.get(cluster) ?? 0,
    onSent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
