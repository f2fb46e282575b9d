import { randomUUID } from 'node:crypto';
import {
  CancelCommandCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';

/** How a simulated node answers. */
export type FakeNode = {
  broken: boolean;
  /** Milliseconds from sending to the end of the script; infinity for a node that never answers. */
  latencyMs: number;
  /** Answers a repair so instead of repairing. */
  failsWith?: { readonly outcome: 'NotRepaired' | 'Unknown'; readonly reason: string };
  /** A second fault, of a later remediation, which waits for the first one. */
  later?: { readonly remediation: string; readonly reason: string } | undefined;
  /** StatusDetails instead of the script's end. */
  endsAs?: string;
  /** How this part of a check ends on the node; the others as ever. */
  part?: { readonly number: number; readonly latencyMs?: number; readonly endsAs?: string };
};

type Invocation = { readonly instanceId: string; readonly endsAt: number; status: string; output: string };
type FakeCommand = {
  readonly id: string;
  readonly comment: string;
  readonly documentName: string;
  readonly sentAt: number;
  readonly invocations: Invocation[];
  announced: boolean;
};

/** The fault of the next SendCommand. */
export type SendFault = 'none' | 'throttled' | 'lost-answer' | 'server-error' | 'refused';

const fail = (name: string, message: string, httpStatusCode?: number): Error =>
  Object.assign(new Error(message), {
    name,
    ...(httpStatusCode === undefined ? {} : { $metadata: { httpStatusCode } }),
  });

const ended = (i: Invocation): boolean => i.status !== 'InProgress';

/** The part that a document of `node-check` is; its test hash repeats the number of parts. */
const partOf = (documentName: string): { readonly part: number; readonly parts: number } | undefined => {
  const [, part, parts] = /^fleetmend-node-check-([0-9]+)-([0-9])\2{11}$/.exec(documentName) ?? [];
  return part === undefined || parts === undefined ? undefined : { part: Number(part), parts: Number(parts) };
};

const partEnd = (node: FakeNode | undefined, documentName: string): FakeNode['part'] =>
  node?.part?.number === partOf(documentName)?.part ? node?.part : undefined;

const latencyOf = (node: FakeNode | undefined, documentName: string): number =>
  partEnd(node, documentName)?.latencyMs ?? node?.latencyMs ?? Number.POSITIVE_INFINITY;

/** Run Command over simulated nodes on the test's own clock. It counts the commands that reached a node. */
export const fakeSsm = (clock: { ms: number }, nodes: Map<string, FakeNode>) => {
  const commands: FakeCommand[] = [];
  const faults: SendFault[] = [];
  const invalid = new Set<string>();
  const cancelled: string[] = [];
  const world = { calls: 0, listLagMs: 0, isAway: false, namesInvalid: true };

  const resultOf = (documentName: string, instanceId: string, startedAt: number, endedAt: number): string => {
    const own = nodes.get(instanceId);
    const part = partOf(documentName);
    // The first part of a check finds the broken image; the last one finds the later fault.
    const node: FakeNode | undefined =
      own === undefined || part === undefined
        ? own
        : { ...own, broken: own.broken && part.part === 1, later: part.part === part.parts ? own.later : undefined };
    const name = /^fleetmend-(.+?)(?:-(check|repair))?-[0-9a-f]{12}$/.exec(documentName);
    const action = name?.[2] ?? 'check';
    const remediation = documentName.startsWith('fleetmend-node-check-') ? 'node-check' : (name?.[1] ?? '');
    const times = { startedAt: new Date(startedAt).toISOString(), endedAt: new Date(endedAt).toISOString() };
    const line = { v: 2, remediation, action, ...part, title: 'as simulated', ...times };
    const later = node?.later;
    const isLaters = later !== undefined && ['node-check', later.remediation].includes(remediation);
    if (own === undefined || node === undefined || (!node.broken && !isLaters))
      return JSON.stringify({ ...line, outcome: 'Healthy' });
    const waits = { outcome: 'Skipped', skipReason: 'BlockedBy', reason: 'SandboxImageMissing' };
    if (later !== undefined && action === 'repair' && remediation === later.remediation) {
      if (node.broken) return JSON.stringify({ ...line, ...waits });
      own.later = undefined;
      return JSON.stringify({ ...line, outcome: 'Repaired', reason: later.reason });
    }
    if (later !== undefined && !node.broken) {
      const found = { ...later, outcome: 'Broken', title: 'as simulated' };
      return JSON.stringify({ ...line, ...found, remediation, findings: [found] });
    }
    if (action === 'repair') {
      if (node.failsWith !== undefined) return JSON.stringify({ ...line, ...node.failsWith });
      own.broken = false;
      return JSON.stringify({ ...line, outcome: 'Repaired', reason: 'SandboxImageMissing', method: 'ecr' });
    }
    const finding = {
      remediation: 'pause-image',
      outcome: 'Broken',
      reason: 'SandboxImageMissing',
      title: 'as simulated',
    };
    return JSON.stringify({
      ...line,
      ...finding,
      remediation,
      ...(remediation === 'node-check'
        ? {
            findings: [
              finding,
              ...(later === undefined
                ? []
                : [{ ...waits, remediation: later.remediation, title: 'waits for pause-image' }]),
            ],
          }
        : {}),
    });
  };

  /** Lets scripts end whose time has come. */
  const progress = (): void => {
    for (const command of commands) {
      for (const i of command.invocations) {
        if (ended(i) || i.endsAt > clock.ms) continue;
        const node = nodes.get(i.instanceId);
        i.status = partEnd(node, command.documentName)?.endsAs ?? node?.endsAs ?? 'Success';
        i.output = i.status === 'Success' ? resultOf(command.documentName, i.instanceId, command.sentAt, i.endsAt) : '';
      }
    }
  };

  const start = (command: SendCommandCommand): FakeCommand => {
    const { InstanceIds = [], Comment = '', DocumentName = '' } = command.input;
    const started: FakeCommand = {
      id: randomUUID(),
      comment: Comment,
      documentName: DocumentName,
      sentAt: clock.ms,
      announced: false,
      invocations: InstanceIds.map((instanceId) => ({
        instanceId,
        endsAt: clock.ms + latencyOf(nodes.get(instanceId), DocumentName),
        status: 'InProgress',
        output: '',
      })),
    };
    commands.push(started);
    return started;
  };

  const sendCommand = (command: SendCommandCommand): unknown => {
    const ids = command.input.InstanceIds ?? [];
    if (ids.length > 50) throw fail('ValidationException', 'at most 50 instances', 400);
    const fault = faults.shift();
    if (fault === 'throttled') throw fail('ThrottlingException', 'Rate exceeded', 400);
    if (fault === 'server-error') throw fail('InternalServerError', 'try later', 500);
    if (fault === 'refused') throw fail('InvalidDocument', 'no such document', 400);
    const bad = ids.filter((id) => invalid.has(id));
    if (bad.length > 0) {
      throw fail(
        'InvalidInstanceId',
        world.namesInvalid ? `Instances [[${bad.join(', ')}]] not in a valid state for account 123456789012` : '',
        400,
      );
    }
    const started = start(command);
    if (fault === 'lost-answer') throw fail('TimeoutError', 'socket hang up');
    return { Command: { CommandId: started.id, RequestedDateTime: new Date(started.sentAt) } };
  };

  const statusOf = (command: FakeCommand): string => (command.invocations.every(ended) ? 'Success' : 'InProgress');
  const visible = (): FakeCommand[] => commands.filter((c) => clock.ms - c.sentAt >= world.listLagMs);

  const send = async (command: unknown): Promise<unknown> => {
    world.calls++;
    if (world.isAway) throw fail('InternalServerError', 'try later', 500);
    progress();
    if (command instanceof SendCommandCommand) return sendCommand(command);
    if (command instanceof CancelCommandCommand) {
      cancelled.push(command.input.CommandId ?? '');
      for (const i of commands.find((c) => c.id === command.input.CommandId)?.invocations ?? []) {
        if (!ended(i)) i.status = 'Cancelled';
      }
      return {};
    }
    if (command instanceof ListCommandsCommand) {
      const { CommandId, Filters = [], NextToken } = command.input;
      const after = Filters.find((f) => f.key === 'InvokedAfter')?.value;
      const document = Filters.find((f) => f.key === 'DocumentName')?.value;
      const found = visible().filter(
        (c) =>
          (CommandId === undefined || c.id === CommandId) &&
          (after === undefined || c.sentAt >= Date.parse(after)) &&
          (document === undefined || c.documentName === document),
      );
      // Pages of two, so that a reader without paging fails.
      const from = Number(NextToken ?? '0');
      return {
        Commands: found.slice(from, from + 2).map((c) => ({
          CommandId: c.id,
          Comment: c.comment,
          StatusDetails: statusOf(c),
          RequestedDateTime: new Date(c.sentAt),
        })),
        ...(from + 2 < found.length ? { NextToken: String(from + 2) } : {}),
      };
    }
    if (command instanceof ListCommandInvocationsCommand) {
      const found = visible().find((c) => c.id === command.input.CommandId);
      return {
        CommandInvocations: (found?.invocations ?? []).map((i) => ({
          InstanceId: i.instanceId,
          StatusDetails: i.status,
          CommandPlugins: [{ Output: i.output }],
        })),
      };
    }
    if (command instanceof GetCommandInvocationCommand) {
      const { CommandId, InstanceId } = command.input;
      const found = visible().find((c) => c.id === CommandId);
      const invocation = found?.invocations.find((i) => i.instanceId === InstanceId);
      if (invocation === undefined) throw Object.assign(new Error('no'), { name: 'InvocationDoesNotExist' });
      return { StandardOutputContent: invocation.output };
    }
    throw new Error('this fake has no such operation');
  };

  return {
    client: { send: send as SSMClient['send'] },
    world,
    commands,
    faults,
    invalid,
    cancelled,
    /** Command ids whose end has not been announced yet; each is told once. */
    endedSince: (): readonly FakeCommand[] => {
      progress();
      const news = commands.filter((c) => !c.announced && c.invocations.every(ended));
      for (const c of news) c.announced = true;
      return news;
    },
    /** How many commands of documents with this text in their name reached each node. */
    sends: (text: string): ReadonlyMap<string, number> => {
      const counts = new Map<string, number>();
      for (const c of commands.filter((command) => command.documentName.includes(text))) {
        for (const { instanceId } of c.invocations) counts.set(instanceId, (counts.get(instanceId) ?? 0) + 1);
      }
      return counts;
    },
  };
};
