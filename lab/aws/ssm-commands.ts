import { outputOf } from '../agent-output.ts';
import type { AgentReply } from '../node.ts';
import type { LabClock } from './clock.ts';
import type { EventBuses } from './event-bus.ts';
import type { LabEventListener } from './lab-event.ts';
import type { NodeRegistry } from './nodes.ts';
import { type Random, randomUuid } from './random.ts';
import type { StoredDocument } from './ssm-documents.ts';
import { coarseStatus, commandEnd, isTerminal } from './ssm-status.ts';

/** One node's part of a command at one moment. */
export type InvocationView = {
  readonly at: number;
  readonly statusDetails: string;
  readonly reply?: AgentReply;
  readonly startedAt?: number;
  readonly endedAt?: number;
};

/** A command at one moment. */
export type CommandView = { readonly at: number; readonly statusDetails: string };

/** One node's part of a command, with its past, since reads lag. */
export type Invocation = {
  readonly instanceId: string;
  readonly history: InvocationView[];
  readonly abort: AbortController;
};

/** A command, with its past. */
export type Command = {
  readonly commandId: string;
  readonly document: StoredDocument;
  readonly comment: string;
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly timeoutSeconds: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
  readonly invocations: readonly Invocation[];
  readonly history: CommandView[];
};

/** What to send. */
export type NewCommand = {
  readonly document: StoredDocument;
  readonly instanceIds: readonly string[];
  readonly comment: string;
  readonly timeoutSeconds: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
};

/** The dependencies of the command engine. */
export type CommandOptions = {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly clock: LabClock;
  readonly random: Random;
  readonly nodes: NodeRegistry;
  readonly buses: EventBuses;
  readonly emit: LabEventListener;
  /** Lab milliseconds until the service has registered that an agent took its message; it then sends to twice as many. */
  readonly acknowledgeMs?: number;
};

/** SSM's engine: sends documents to nodes, keeps statuses and emits the events. */
export type CommandEngine = {
  readonly send: (command: NewCommand) => Command;
  readonly cancel: (commandId: string, instanceIds: readonly string[]) => void;
  readonly get: (commandId: string) => Command | undefined;
  /** Newest first. */
  readonly all: () => readonly Command[];
  readonly stop: () => void;
};

/** `10`, `50%` or `100%` of a number of targets; a percentage of something is at least what SSM rounds up to. */
const limitOf = (text: string, targets: number): number =>
  text.endsWith('%') ? Math.ceil((Number(text.slice(0, -1)) / 100) * targets) : Number(text);

/** Errors allowed: `10%` of 50 are 5, so the sixth stops the command (SSM user guide, send-commands-multiple). */
const errorLimitOf = (text: string, targets: number): number =>
  text.endsWith('%') ? Math.floor((Number(text.slice(0, -1)) / 100) * targets) : Number(text);

const last = <T>(items: readonly T[]): T => items[items.length - 1] as T;

/** The newest of the views that existed at a moment. */
export const viewAt = <T extends { readonly at: number }>(history: readonly T[], atMs: number): T | undefined =>
  history.findLast((view) => view.at <= atMs);

/** Creates the engine. */
export const createCommandEngine = (options: CommandOptions): CommandEngine => {
  const { clock, random, nodes, buses, emit } = options;
  const acknowledgeMs = options.acknowledgeMs ?? 150;
  const commands = new Map<string, Command>();
  const expiries = new Map<string, () => void>();
  const stopping = new AbortController();

  const emitCommand = (command: Command, coarse: string): void => {
    // Both spellings occur in events: half of the events of the lab have one, half the other.
    const isInWords = Number.parseInt(command.commandId.slice(0, 1), 16) % 2 === 1;
    const status = coarse === 'TimedOut' && isInWords ? 'Timed Out' : coarse;
    buses.putService({
      source: 'aws.ssm',
      detailType: 'EC2 Command Status-change Notification',
      resources: command.invocations
        .slice(0, 1)
        .map((i) => `arn:${options.partition}:ec2:${options.region}:${options.account}:instance/${i.instanceId}`),
      detail: {
        'command-id': command.commandId,
        'document-name': command.document.name,
        'expire-after': new Date(command.expiresAt).toISOString(),
        parameters: {},
        'requested-date-time': new Date(command.requestedAt).toISOString(),
        status,
      },
    });
  };
  const emitInvocation = (command: Command, instanceId: string, status: string): void => {
    buses.putService({
      source: 'aws.ssm',
      detailType: 'EC2 Command Invocation Status-change Notification',
      resources: [`arn:${options.partition}:ec2:${options.region}:${options.account}:instance/${instanceId}`],
      detail: {
        'command-id': command.commandId,
        'document-name': command.document.name,
        'instance-id': instanceId,
        'requested-date-time': new Date(command.requestedAt).toISOString(),
        status,
      },
    });
  };

  const statusOf = (invocation: Invocation): string => last(invocation.history).statusDetails;
  const setCommand = (command: Command, statusDetails: string): void => {
    const before = last(command.history).statusDetails;
    if (before === statusDetails) return;
    command.history.push({ at: clock.now(), statusDetails });
    if (coarseStatus(before) !== coarseStatus(statusDetails)) emitCommand(command, coarseStatus(statusDetails));
    if (!isTerminal(statusDetails)) return;
    expiries.get(command.commandId)?.();
    expiries.delete(command.commandId);
    emit({ kind: 'command-end', at: clock.now(), commandId: command.commandId, statusDetails });
  };
  const settle = (command: Command): void => {
    const statuses = command.invocations.map(statusOf);
    if (isTerminal(last(command.history).statusDetails) || !statuses.every(isTerminal)) return;
    setCommand(command, commandEnd(statuses, errorLimitOf(command.maxErrors, statuses.length)));
  };
  const setInvocation = (command: Command, invocation: Invocation, view: Omit<InvocationView, 'at'>): void => {
    const before = last(invocation.history);
    if (isTerminal(before.statusDetails)) return;
    invocation.history.push({ ...before, ...view, at: clock.now() });
    if (coarseStatus(before.statusDetails) !== coarseStatus(view.statusDetails)) {
      emitInvocation(command, invocation.instanceId, coarseStatus(view.statusDetails));
    }
    if (isTerminal(view.statusDetails)) {
      emit({
        kind: 'node-end',
        at: clock.now(),
        commandId: command.commandId,
        instanceId: invocation.instanceId,
        statusDetails: view.statusDetails,
        stdout: outputOf(view.reply?.stdout ?? '', ''),
      });
      settle(command);
    }
  };

  const runOn = async (command: Command, invocation: Invocation): Promise<void> => {
    const node = nodes.managed(invocation.instanceId);
    if (node === undefined) {
      setInvocation(command, invocation, { statusDetails: 'Undeliverable', endedAt: clock.now() });
      return;
    }
    setInvocation(command, invocation, { statusDetails: 'InProgress', startedAt: clock.now() });
    setCommand(command, 'InProgress');
    emit({ kind: 'node-start', at: clock.now(), commandId: command.commandId, instanceId: invocation.instanceId });
    const work = node.run(
      { commandId: command.commandId, documentName: command.document.name, content: command.document.content },
      AbortSignal.any([invocation.abort.signal, stopping.signal]),
    );
    // A real node runs in wall time: the clock must not run ahead of it.
    const release = node.kind === 'real' ? clock.hold() : () => undefined;
    const cancelHold = clock.at(command.expiresAt, release);
    try {
      const reply = await work;
      setInvocation(command, invocation, { statusDetails: reply.statusDetails, reply, endedAt: clock.now() });
    } catch (error) {
      if (!stopping.signal.aborted && !invocation.abort.signal.aborted) throw error;
    } finally {
      cancelHold();
      release();
    }
  };

  /** One node, then two, then four, … up to MaxConcurrency (SSM user guide), until too many failed. */
  const deliver = async (command: Command): Promise<void> => {
    const limit = Math.max(1, limitOf(command.maxConcurrency, command.invocations.length));
    const allowedErrors = errorLimitOf(command.maxErrors, command.invocations.length);
    const failures = (): number =>
      command.invocations.filter((i) => ['Failed', 'ExecutionTimedOut'].includes(statusOf(i))).length;
    const queue = [...command.invocations];
    const running = new Set<Promise<void>>();
    let wave = 1;
    // An invocation that has not started at the delivery timeout never starts; the total timeout ends it.
    const deliverUntil = command.requestedAt + command.timeoutSeconds * 1000;
    while (queue.length > 0 && !stopping.signal.aborted && clock.now() <= deliverUntil) {
      const free = Math.min(wave, limit - running.size, queue.length);
      for (const invocation of queue.splice(0, free)) {
        if (isTerminal(statusOf(invocation))) continue;
        if (failures() > allowedErrors) {
          setInvocation(command, invocation, { statusDetails: 'Terminated', endedAt: clock.now() });
          continue;
        }
        const work: Promise<void> = runOn(command, invocation).finally(() => running.delete(work));
        running.add(work);
      }
      wave *= 2;
      if (queue.length === 0) break;
      if (running.size >= limit) await Promise.race([...running, clock.sleep(command.expiresAt - clock.now())]);
      else await clock.sleep(acknowledgeMs);
    }
    await Promise.all(running);
  };

  return {
    send: (input) => {
      const at = clock.now();
      const command: Command = {
        ...input,
        commandId: randomUuid(random),
        requestedAt: at,
        expiresAt: at + (input.timeoutSeconds + input.document.executionTimeoutSeconds) * 1000,
        invocations: input.instanceIds.map((instanceId) => ({
          instanceId,
          history: [{ at, statusDetails: 'Pending' }],
          abort: new AbortController(),
        })),
        history: [{ at, statusDetails: 'Pending' }],
      };
      commands.set(command.commandId, command);
      emit({
        kind: 'command-sent',
        at,
        commandId: command.commandId,
        documentName: input.document.name,
        instanceIds: input.instanceIds,
        comment: input.comment,
      });
      const expire = (): void => {
        for (const invocation of command.invocations) {
          if (!isTerminal(statusOf(invocation)))
            setInvocation(command, invocation, { statusDetails: 'DeliveryTimedOut', endedAt: clock.now() });
        }
      };
      expiries.set(command.commandId, clock.at(command.expiresAt, expire));
      deliver(command).catch((error: unknown) => {
        emit({
          kind: 'delivery-failed',
          at: clock.now(),
          rule: command.commandId,
          target: 'ssm',
          why: String(error),
          deadLettered: false,
        });
      });
      return command;
    },
    cancel: (commandId, instanceIds) => {
      const command = commands.get(commandId);
      if (command === undefined) return;
      for (const invocation of command.invocations) {
        if (instanceIds.length > 0 && !instanceIds.includes(invocation.instanceId)) continue;
        if (isTerminal(statusOf(invocation))) continue;
        invocation.abort.abort();
        setInvocation(command, invocation, { statusDetails: 'Cancelled', endedAt: clock.now() });
      }
    },
    get: (commandId) => commands.get(commandId),
    all: () => [...commands.values()].reverse(),
    stop: () => stopping.abort(),
  };
};
