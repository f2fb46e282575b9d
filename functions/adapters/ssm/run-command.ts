import {
  CancelCommandCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { defined } from '../../../core/model/defined.ts';
import type { SendReport } from '../../../core/runs/command.ts';
import type { Invocation } from '../../../core/runs/invocation.ts';
import { allPages, pages } from '../pages.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { type DocumentReading, REVIEWED_VERSION, type ReviewedDocuments } from './reviewed-documents.ts';

/** The Comment that marks a command as ours, so that it can be found again after a crash (at most 100 characters). */
export const commentOf = (runId: string, key: string): string => `fm ${runId} ${key}`;

/** The run and command key of a Comment of ours, or undefined for a command that is not ours. */
export const readComment = (comment: string): { readonly runId: string; readonly key: string } | undefined => {
  const match = /^fm (\S+) (\S+)$/.exec(comment);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { runId: match[1], key: match[2] };
};

/** One command to send. */
export type Order = {
  readonly runId: string;
  readonly key: string;
  readonly documentName: string;
  readonly instanceIds: readonly string[];
  readonly deliveryTimeoutSeconds: number;
  /** The command is not sent later than this. */
  readonly notAfter: string;
};

type Report = SendReport extends infer R ? (R extends unknown ? Omit<R, 'key'> : never) : never;

const ID = /\bi-(?:[0-9a-f]{17}|[0-9a-f]{8})\b/g;
const isThrottled = (thrown: Error): boolean =>
  /^(ThrottlingException|Throttling|RequestLimitExceeded|TooManyRequestsException)$/.test(thrown.name);

/** SSM keeps commands for 30 days. It returns this error for any other id. */
const isUnknownCommand = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === 'InvalidCommandId';

const isRefusal = (thrown: Error): boolean => {
  const status = (thrown as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  // 408: the request timed out, so whether it took effect is unknown.
  return status !== undefined && status >= 400 && status < 500 && status !== 408;
};

type NetworkError = Error & { readonly syscall?: string };

/** Whether the network refused before any byte of the request left: the name was not resolved, or no connection opened. */
const isUnconnected = (thrown: unknown): boolean => {
  // Node tries the addresses of a name one after the other, and reports all failures together.
  if (thrown instanceof AggregateError) return thrown.errors.length > 0 && thrown.errors.every(isUnconnected);
  return thrown instanceof Error && ['connect', 'getaddrinfo'].includes((thrown as NetworkError).syscall ?? '');
};

/**
 * Whether a failure proves that no request left the function. A connection that was open and died proves nothing. Source of
 * the names: AWS SDK for JavaScript v3, credential providers; Node.js, "System errors".
 */
const neverLeft = (thrown: Error): boolean => thrown.name === 'CredentialsProviderError' || isUnconnected(thrown);

/** Sends and cancels; only run-controller's role may do either. */
export type Sender = {
  /**
   * Compares the document with what was built, then calls SendCommand once, and retries only throttled calls. A call that
   * proves that nothing ran is `not-sent`. Undefined means that the result is unknown: the command may be running, so it
   * must be looked for, not sent again.
   */
  readonly send: (order: Order, signal: AbortSignal) => Promise<Report | undefined>;
  readonly cancel: (commandId: string) => Promise<void>;
};

const THROTTLE_ATTEMPTS = 4;
const THROTTLED_SECONDS = 10;
/** The waiting time after a failure of the function's own network or credentials. */
const UNCONNECTED_SECONDS = 10;
/** The waiting time where SSM did not say what the document holds. */
const UNREAD_SECONDS = 10;

/**
 * SSM's SendCommand has no idempotency token (SSM model), so the client must be built with `maxAttempts: 1`: a retry
 * after a lost answer would run the document twice.
 */
export const createSender = ({
  client,
  documents,
  now,
  wait = sleep,
}: {
  readonly client: Pick<SSMClient, 'send'>;
  readonly documents: ReviewedDocuments;
  readonly now: () => Date;
  readonly wait?: Sleep;
}): Sender => {
  const later = (seconds: number): string => new Date(now().getTime() + seconds * 1000).toISOString();
  const unread = (reading: Exclude<DocumentReading, { readonly kind: 'built' }>): Report => {
    if (reading.kind === 'other') return { kind: 'document-refused', message: reading.why };
    if (reading.kind === 'retry') return { kind: 'not-sent', notBefore: later(UNREAD_SECONDS) };
    return { kind: 'refused', message: reading.problem };
  };
  const send: Sender['send'] = async (order, signal) => {
    const document = await documents.read(order.documentName);
    if (document.kind !== 'built') return unread(document);
    for (let attempt = 1; ; attempt++) {
      // A function that was frozen here finds its signal aborted or its time over when it goes on.
      if (signal.aborted || now().toISOString() > order.notAfter) return { kind: 'not-sent', notBefore: later(1) };
      try {
        const { Command } = await client.send(
          new SendCommandCommand({
            DocumentName: order.documentName,
            // The version that was compared, and nothing else: SSM refuses the call where its hash has changed since.
            DocumentVersion: REVIEWED_VERSION,
            DocumentHash: document.hash,
            DocumentHashType: 'Sha256',
            InstanceIds: [...order.instanceIds],
            Comment: commentOf(order.runId, order.key),
            TimeoutSeconds: order.deliveryTimeoutSeconds,
            // fleetmend's own window and breaker are the limits; SSM's default would stop at the first failed node.
            MaxConcurrency: '100%',
            MaxErrors: '100%',
          }),
          { abortSignal: signal },
        );
        if (Command?.CommandId === undefined) return undefined;
        return {
          kind: 'sent',
          commandId: Command.CommandId,
          sentAt: (Command.RequestedDateTime ?? now()).toISOString(),
        };
      } catch (thrown) {
        if (!(thrown instanceof Error)) return undefined;
        if (isThrottled(thrown)) {
          if (attempt < THROTTLE_ATTEMPTS) {
            await wait(200 * 2 ** attempt);
            continue;
          }
          return { kind: 'not-sent', notBefore: later(THROTTLED_SECONDS) };
        }
        if (neverLeft(thrown)) return { kind: 'not-sent', notBefore: later(UNCONNECTED_SECONDS) };
        if (thrown.name === 'InvalidInstanceId')
          return { kind: 'invalid-ids', instanceIds: thrown.message.match(ID) ?? [] };
        // The document was deleted, or made again: it is compared again before the next call.
        if (thrown.name.startsWith('InvalidDocument')) documents.forget(order.documentName);
        return isRefusal(thrown) ? { kind: 'refused', message: `${thrown.name}: ${thrown.message}` } : undefined;
      }
    }
  };
  return {
    send,
    cancel: async (commandId) => {
      try {
        await client.send(new CancelCommandCommand({ CommandId: commandId }));
      } catch (thrown) {
        // SSM has forgotten the command: there is nothing to stop.
        if (!isUnknownCommand(thrown)) throw thrown;
      }
    },
  };
};

/** A command as ListCommands shows it. */
export type ListedCommand = {
  readonly commandId: string;
  readonly comment: string;
  readonly statusDetails: string;
  readonly requestedAt: string;
};

/** Reads commands and their invocations. */
export type CommandReader = {
  readonly byId: (commandId: string) => Promise<ListedCommand | undefined>;
  /** Finds a command by its Comment among those of one document since a time. */
  readonly find: (search: {
    readonly comment: string;
    readonly documentName: string;
    readonly since: string;
  }) => Promise<ListedCommand | undefined>;
  /** All invocations of a command, with their output. */
  readonly invocations: (commandId: string) => Promise<readonly Invocation[]>;
  /** The first 24,000 characters of what the document printed on one node. */
  readonly stdout: (commandId: string, instanceId: string) => Promise<string>;
};

/** Reads Run Command. At most 50 invocations a page, which is all that one of our commands has. */
export const createCommandReader = ({ client }: { readonly client: Pick<SSMClient, 'send'> }): CommandReader => {
  const list = (input: ConstructorParameters<typeof ListCommandsCommand>[0]): AsyncGenerator<ListedCommand> =>
    pages(async (token) => {
      const page = await client.send(new ListCommandsCommand({ ...input, ...defined({ NextToken: token }) }));
      const items = (page.Commands ?? []).flatMap((c): ListedCommand[] =>
        c.CommandId === undefined
          ? []
          : [
              {
                commandId: c.CommandId,
                comment: c.Comment ?? '',
                statusDetails: c.StatusDetails ?? c.Status ?? '',
                requestedAt: (c.RequestedDateTime ?? new Date(0)).toISOString(),
              },
            ],
      );
      return { items, next: page.NextToken };
    });
  return {
    byId: async (commandId) => {
      try {
        for await (const command of list({ CommandId: commandId })) return command;
      } catch (thrown) {
        if (!isUnknownCommand(thrown)) throw thrown;
      }
      return undefined;
    },
    find: async ({ comment, documentName, since }) => {
      const filters = [
        { key: 'InvokedAfter' as const, value: `${since.slice(0, 19)}Z` },
        { key: 'DocumentName' as const, value: documentName },
      ];
      for await (const command of list({ Filters: filters, MaxResults: 50 })) {
        if (command.comment === comment) return command;
      }
      return undefined;
    },
    stdout: async (commandId, instanceId) => {
      const input = { CommandId: commandId, InstanceId: instanceId };
      return (await client.send(new GetCommandInvocationCommand(input))).StandardOutputContent ?? '';
    },
    invocations: (commandId) =>
      allPages(async (token) => {
        const page = await client.send(
          new ListCommandInvocationsCommand({
            CommandId: commandId,
            Details: true,
            MaxResults: 50,
            ...defined({ NextToken: token }),
          }),
        );
        const items = (page.CommandInvocations ?? []).flatMap((i): Invocation[] =>
          i.InstanceId === undefined
            ? []
            : [
                {
                  instanceId: i.InstanceId,
                  statusDetails: i.StatusDetails ?? i.Status ?? '',
                  output: i.CommandPlugins?.[0]?.Output ?? '',
                },
              ],
        );
        return { items, next: page.NextToken };
      }),
  };
};
