import * as z from 'zod';
import { stderrOf } from '../agent-output.ts';
import { AwsError } from './aws-error.ts';
import type { LabClock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { AccessRequest } from './iam.ts';
import type { NodeRegistry } from './nodes.ts';
import { page } from './paging.ts';
import { operation, type Service } from './service.ts';
import { type Command, type CommandEngine, viewAt } from './ssm-commands.ts';
import { documentCalls } from './ssm-document-calls.ts';
import type { DocumentStore } from './ssm-documents.ts';
import { describeInstanceInformation } from './ssm-inventory.ts';
import { coarseStatus, contentOf, isTerminal } from './ssm-status.ts';
import { commandJson, invocationJson } from './ssm-views.ts';
import { jsonWire } from './wire.ts';

const ManagedId = z
  .string()
  .regex(
    /(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)/,
    'Member must satisfy regular expression pattern: (^i-(\\w{8}|\\w{17})$)|(^mi-\\w{17}$)',
  );
const Ids = z.array(ManagedId).max(50, 'Member must have length less than or equal to 50');
const CommandId = z.uuid();
const NextToken = z.string().optional();
const Filters = z
  .array(
    z.strictObject({
      key: z.enum(['InvokedAfter', 'InvokedBefore', 'Status', 'DocumentName', 'ExecutionStage']),
      value: z.string().min(1).max(128),
    }),
  )
  .min(1)
  .max(5)
  .optional();

const SendCommand = z.strictObject({
  InstanceIds: Ids.min(1),
  DocumentName: z.string().regex(/^[a-zA-Z0-9_\-.:/]{3,128}$/),
  DocumentVersion: z
    .string()
    .regex(/^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$/)
    .optional(),
  DocumentHash: z.string().max(256).optional(),
  DocumentHashType: z.enum(['Sha256', 'Sha1']).optional(),
  TimeoutSeconds: z.number().int().min(30).max(2_592_000).default(3600),
  Comment: z.string().max(100, 'Member must have length less than or equal to 100').default(''),
  Parameters: z.record(z.string(), z.array(z.string())).optional(),
  MaxConcurrency: z
    .string()
    .max(7)
    .regex(/^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/)
    .default('50'),
  MaxErrors: z
    .string()
    .max(7)
    .regex(/^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/)
    .default('0'),
});

/** The dependencies of the SSM service. */
export type SsmOptions = {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly clock: LabClock;
  readonly faults: Faults;
  readonly nodes: NodeRegistry;
  readonly documents: DocumentStore;
  readonly engine: CommandEngine;
};

/** SSM: Run Command and inventory, AWS JSON 1.1 (`AmazonSSM.*`). Reads lag by the setting `listLagMs`. */
export const createSsm = (options: SsmOptions): Service => {
  const { clock, faults, nodes, documents, engine } = options;
  const readAt = (): number => clock.now() - faults.listLagMs;
  const anywhere = (action: string) => (): readonly AccessRequest[] => [{ action: `ssm:${action}`, resource: '*' }];

  const instanceAccess = (instanceId: string): AccessRequest => {
    const context: Record<string, string> = {};
    for (const [key, value] of Object.entries(nodes.get(instanceId)?.tags ?? {})) {
      context[`ssm:resourceTag/${key}`] = value;
      context[`aws:ResourceTag/${key}`] = value;
    }
    return {
      action: 'ssm:SendCommand',
      resource: `arn:${options.partition}:ec2:${options.region}:${options.account}:instance/${instanceId}`,
      context,
    };
  };

  const keep = (command: Command, statusDetails: string, filters: z.infer<typeof Filters>): boolean =>
    (filters ?? []).every(({ key, value }) => {
      if (key === 'DocumentName') return command.document.name === value;
      if (key === 'InvokedAfter') return command.requestedAt >= Date.parse(value);
      if (key === 'InvokedBefore') return command.requestedAt <= Date.parse(value);
      if (key === 'ExecutionStage') return (value === 'Complete') === isTerminal(statusDetails);
      return [statusDetails, coarseStatus(statusDetails)].includes(value);
    });
  /** Commands that a read returns now: a new one appears after the lag of reads. */
  const visible = (commandId?: string, instanceId?: string): readonly Command[] => {
    const candidates = commandId === undefined ? engine.all() : [engine.get(commandId)].filter((c) => c !== undefined);
    return candidates
      .filter((c) => c.requestedAt <= readAt())
      .filter((c) => instanceId === undefined || c.invocations.some((i) => i.instanceId === instanceId));
  };
  const known = (commandId: string | undefined): void => {
    if (commandId !== undefined && engine.get(commandId) === undefined) throw new AwsError('InvalidCommandId', '');
  };

  const operations: Service['operations'] = {
    SendCommand: operation(SendCommand, {
      access: (input) => [
        { action: 'ssm:SendCommand', resource: documents.get(input.DocumentName).arn },
        ...input.InstanceIds.map(instanceAccess),
      ],
      items: (input) => input.InstanceIds.length,
      run: (input) => {
        const document = documents.get(input.DocumentName, input.DocumentVersion);
        if (
          input.DocumentHash !== undefined &&
          input.DocumentHashType !== 'Sha1' &&
          input.DocumentHash !== document.sha256
        ) {
          throw new AwsError('InvalidDocument', 'Document hash and hash type did not match.');
        }
        const declared = document.content.parameters ?? {};
        const unknown = Object.keys(input.Parameters ?? {}).filter((p) => !(p in declared));
        if (unknown.length > 0)
          throw new AwsError('InvalidParameters', `The document has no parameter ${unknown.join(', ')}.`);
        if (new Set(input.InstanceIds).size !== input.InstanceIds.length) throw new AwsError('DuplicateInstanceId', '');
        const offenders = input.InstanceIds.filter((id) => nodes.managed(id) === undefined);
        if (offenders.length > 0) {
          throw new AwsError(
            'InvalidInstanceId',
            `Instances [[${offenders.join(', ')}]] not in a valid state for account ${options.account}`,
          );
        }
        const command = engine.send({
          document,
          instanceIds: input.InstanceIds,
          comment: input.Comment,
          timeoutSeconds: input.TimeoutSeconds,
          maxConcurrency: input.MaxConcurrency,
          maxErrors: input.MaxErrors,
        });
        return { Command: commandJson(command, clock.now()) };
      },
    }),
    ListCommands: operation(
      z.strictObject({
        CommandId: CommandId.optional(),
        InstanceId: ManagedId.optional(),
        MaxResults: z.number().int().min(1).max(50).default(50),
        NextToken,
        Filters,
      }),
      {
        access: anywhere('ListCommands'),
        run: (input) => {
          known(input.CommandId);
          const commands = visible(input.CommandId, input.InstanceId).filter((c) =>
            keep(c, viewAt(c.history, readAt())?.statusDetails ?? 'Pending', input.Filters),
          );
          const { items, next } = page(commands, input.MaxResults, input.NextToken);
          return { Commands: items.map((c) => commandJson(c, readAt())), ...next };
        },
      },
    ),
    ListCommandInvocations: operation(
      z.strictObject({
        CommandId: CommandId.optional(),
        InstanceId: ManagedId.optional(),
        MaxResults: z.number().int().min(1).max(50).default(50),
        NextToken,
        Filters,
        Details: z.boolean().default(false),
      }),
      {
        access: anywhere('ListCommandInvocations'),
        run: (input) => {
          known(input.CommandId);
          const rows = visible(input.CommandId, input.InstanceId).flatMap((command) =>
            command.invocations
              .filter((i) => input.InstanceId === undefined || i.instanceId === input.InstanceId)
              .filter((i) => keep(command, viewAt(i.history, readAt())?.statusDetails ?? 'Pending', input.Filters))
              .map((invocation) => ({ command, invocation })),
          );
          const { items, next } = page(rows, input.MaxResults, input.NextToken);
          return {
            CommandInvocations: items.map((r) => invocationJson(r.command, r.invocation, readAt(), input.Details)),
            ...next,
          };
        },
      },
    ),
    GetCommandInvocation: operation(
      z.strictObject({ CommandId, InstanceId: ManagedId, PluginName: z.string().min(4).optional() }),
      {
        access: anywhere('GetCommandInvocation'),
        run: (input) => {
          const command = visible(input.CommandId)[0];
          const invocation = command?.invocations.find((i) => i.instanceId === input.InstanceId);
          if (command === undefined || invocation === undefined) throw new AwsError('InvocationDoesNotExist', '');
          const view = viewAt(invocation.history, readAt());
          const statusDetails = view?.statusDetails ?? 'Pending';
          const content = contentOf(view?.reply?.stdout ?? '', view?.reply === undefined ? '' : stderrOf(view.reply));
          return {
            CommandId: command.commandId,
            InstanceId: invocation.instanceId,
            Comment: command.comment,
            DocumentName: command.document.name,
            DocumentVersion: '$DEFAULT',
            PluginName: command.document.content.mainSteps[0]?.name ?? '',
            ResponseCode: view?.reply?.exitCode ?? -1,
            ExecutionStartDateTime: view?.startedAt === undefined ? '' : new Date(view.startedAt).toISOString(),
            ExecutionEndDateTime: view?.endedAt === undefined ? '' : new Date(view.endedAt).toISOString(),
            Status: coarseStatus(statusDetails),
            StatusDetails: statusDetails,
            StandardOutputContent: content.stdout,
            StandardErrorContent: content.stderr,
          };
        },
      },
    ),
    CancelCommand: operation(z.strictObject({ CommandId, InstanceIds: Ids.optional() }), {
      access: anywhere('CancelCommand'),
      run: (input) => {
        known(input.CommandId);
        engine.cancel(input.CommandId, input.InstanceIds ?? []);
        return {};
      },
    }),
    ...documentCalls(
      documents,
      faults,
      (name) => `arn:${options.partition}:ssm:${options.region}:${options.account}:document/${name}`,
    ),
    DescribeInstanceInformation: describeInstanceInformation(nodes, clock),
  };
  return { name: 'ssm', operations, ...jsonWire('AmazonSSM', '1.1') };
};
