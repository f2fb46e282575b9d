import { defined } from '../../core/model/defined.ts';
import { createAsyncInvoker, DEFAULT_ASYNC_CONFIG } from '../lambda/async-invoke.ts';
import { startEventSource } from '../lambda/event-source.ts';
import { createFunction } from '../lambda/function.ts';
import { IRRELEVANT_TYPES, physicalIds } from './cfn-ids.ts';
import { readWithNested } from './cfn-nested.ts';
import { type CfnTemplate, createResolver, type StackPlace } from './cfn-template.ts';
import type { TableDefinition } from './dynamodb-tables.ts';
import { compileLogFilter } from './filter-pattern.ts';
import type { PolicyDocument } from './iam.ts';
import { assetOf, functionDefinition } from './stack-functions.ts';
import { permissionStatement, rolePolicies, roleSession, statementsOf } from './stack-iam.ts';
import { metricFilter, queueSettings, ruleOf } from './stack-messaging.ts';
import type { DeployedFunction, DeployedStack, StackUpdate, StackWorld } from './stack-types.ts';
import { removeOld } from './stack-update.ts';

type Properties = Readonly<Record<string, unknown>>;

const MAX_FILTER_CHARS = 1024;

/** Reads `<stackName>.template.json` of an assembly, with its nested stacks in it. */
export const readTemplate = (assembly: string, stackName: string): CfnTemplate => {
  try {
    return readWithNested(assembly, `${stackName}.template.json`);
  } catch (cause) {
    throw new Error(`reading the template of ${stackName} in ${assembly}: run the synth first`, { cause });
  }
};

/**
 * Creates the resources of a template in the lab, or updates those of a stack, in CloudFormation's order: documents and
 * policies, functions, what refers to functions, and at the end the deletion of what the template no longer has. Tables and
 * queues with their messages stay.
 */
export const deployStack = async (
  template: CfnTemplate,
  assembly: string,
  place: StackPlace,
  parameters: Readonly<Record<string, string>>,
  world: StackWorld,
  update?: StackUpdate,
): Promise<DeployedStack> => {
  const { queues, tables, buses, topics, logGroups, alarms, documents, iam, clock, faults } = world;
  const { resolve, ids, holds } = createResolver(template, place, parameters, (logicalId, resource, inner) =>
    physicalIds(logicalId, resource, place, inner),
  );
  const present = Object.entries(template.Resources).filter(([, r]) => holds(r.Condition));
  for (const [logicalId] of present) ids(logicalId);
  const arnOf = (logicalId: string): string => ids(logicalId).attributes.Arn ?? ids(logicalId).ref;
  const each = async (
    type: string,
    work: (properties: Properties, logicalId: string) => void | Promise<void>,
  ): Promise<void> => {
    for (const [logicalId, resource] of present) {
      if (resource.Type === type) await work(resolve(resource.Properties ?? {}) as Properties, logicalId);
    }
  };
  const done = new Set<string>([
    ...IRRELEVANT_TYPES,
    'AWS::IAM::Role',
    'AWS::IAM::Policy',
    'AWS::IAM::ManagedPolicy',
    'AWS::Lambda::EventInvokeConfig',
  ]);
  const build = async (
    type: string,
    work: (properties: Properties, logicalId: string) => void | Promise<void>,
  ): Promise<void> => {
    done.add(type);
    await each(type, work);
  };

  const restated = new Set<string>();
  /** Empties a resource's policy once, before the statements of this template are added to it. */
  const restate = (arn: string): void => {
    if (!restated.has(arn)) iam.setResourcePolicy(arn, []);
    restated.add(arn);
  };
  const resources = new Map(
    present
      .filter(([, { Type }]) => !IRRELEVANT_TYPES.has(Type))
      .map(([id, { Type, Properties }]) => [
        `${Type} ${ids(id).ref}`,
        { type: Type, ref: ids(id).ref, arn: arnOf(id), text: JSON.stringify(resolve(Properties ?? {})) },
      ]),
  );
  await build('AWS::SQS::Queue', (p, id) => {
    const { ref, attributes } = ids(id);
    const settings = queueSettings(attributes.QueueName ?? '', arnOf(id), ref, p);
    const existing = queues.byArn(settings.arn);
    if (existing === undefined) queues.create(settings);
    else Object.assign(existing.settings, settings);
  });
  await build('AWS::SQS::QueuePolicy', (p) => {
    for (const url of p.Queues as readonly string[]) {
      const queue = queues.all().find((q) => q.settings.url === url);
      if (queue === undefined) throw new Error(`booting the lab: a policy for the unknown queue ${url}`);
      iam.setResourcePolicy(queue.settings.arn, statementsOf(p.PolicyDocument));
    }
  });
  await build('AWS::DynamoDB::Table', async (p, id) => {
    const definition: TableDefinition = {
      TableName: ids(id).ref,
      KeySchema: p.KeySchema as TableDefinition['KeySchema'],
      AttributeDefinitions: p.AttributeDefinitions as TableDefinition['AttributeDefinitions'],
      ...(p.GlobalSecondaryIndexes === undefined
        ? {}
        : {
            GlobalSecondaryIndexes: p.GlobalSecondaryIndexes as NonNullable<TableDefinition['GlobalSecondaryIndexes']>,
          }),
    };
    if (tables.get(definition.TableName) === undefined) await tables.create(definition, arnOf(id));
  });
  await build('AWS::SNS::Topic', (_p, id) => topics.add(ids(id).ref));
  await build('AWS::SNS::TopicPolicy', (p) => {
    for (const topic of p.Topics as readonly string[]) iam.setResourcePolicy(topic, statementsOf(p.PolicyDocument));
  });
  await build('AWS::Events::EventBus', (p, id) => buses.addBus(String(p.Name), arnOf(id)));
  await build('AWS::Events::EventBusPolicy', (p) => {
    const bus = buses.busArn(String(p.EventBusName ?? 'default'));
    if (bus === undefined) throw new Error(`booting the lab: a policy for the unknown bus ${String(p.EventBusName)}`);
    restate(bus);
    iam.addResourceStatements(
      bus,
      p.Statement === undefined
        ? [{ Effect: 'Allow', Principal: p.Principal, Action: p.Action, Resource: bus }]
        : [p.Statement],
    );
  });
  await build('AWS::SSM::Document', (p, id) => {
    const name = ids(id).ref;
    if (p.DocumentType !== 'Command' || p.TargetType === undefined)
      throw new Error(`booting the lab: document ${name} must be a Command document with a TargetType`);
    documents.put(name, `arn:${place.partition}:ssm:${place.region}:${place.account}:document/${name}`, p.Content);
  });

  const policies = rolePolicies(template, resolve, (logicalId) => ids(logicalId).ref);
  const asyncConfigs = new Map<string, Properties>();
  await each('AWS::Lambda::EventInvokeConfig', (p) => {
    asyncConfigs.set(String(p.FunctionName), p);
  });
  await update?.pause();
  const functions = new Map<string, DeployedFunction>();
  await build('AWS::Lambda::Function', (p, id) => {
    const name = ids(id).ref;
    const role = roleSession(String(p.Role), name, policies);
    const definition = functionDefinition(p, { name, arn: arnOf(id), role, assembly, asset: assetOf(template, id) });
    const running = update?.previous.functions.get(name)?.fn;
    running?.update(definition);
    const fn = running ?? createFunction(definition, world);
    const setPolicies = (): void => iam.setRolePolicies(role.principalArn, role.policies);
    if (update === undefined) setPolicies();
    else clock.after(faults.iamLagMs, setPolicies, { background: true });
    const config = asyncConfigs.get(name);
    const onFailure = (config?.DestinationConfig as { OnFailure?: { Destination?: string } } | undefined)?.OnFailure
      ?.Destination;
    const dead = (p.DeadLetterConfig as { TargetArn?: string } | undefined)?.TargetArn;
    const invokeAsync = createAsyncInvoker(
      fn,
      role,
      {
        maxRetries: Number(config?.MaximumRetryAttempts ?? DEFAULT_ASYNC_CONFIG.maxRetries),
        maxAgeSeconds: Number(config?.MaximumEventAgeInSeconds ?? DEFAULT_ASYNC_CONFIG.maxAgeSeconds),
        ...defined({ onFailureArn: onFailure, deadLetterArn: dead }),
      },
      world,
    );
    functions.set(name, { fn, invokeAsync, role });
  });
  const aliases = new Set<string>();
  await build('AWS::Lambda::Alias', (p, id) => {
    if (p.FunctionVersion !== '$LATEST' || p.RoutingConfig !== undefined)
      throw new Error(`booting the lab: the alias ${id} must follow $LATEST alone`);
    aliases.add(ids(id).ref);
  });
  const managedPolicies = new Map<string, PolicyDocument>();
  await each('AWS::IAM::ManagedPolicy', (p, id) => {
    managedPolicies.set(ids(id).ref, p.PolicyDocument as PolicyDocument);
  });
  const functionOf = (nameOrArn: string): DeployedFunction => {
    const found = [...functions.values()].find(
      (f) => f.fn.definition.name === nameOrArn || f.fn.definition.arn === nameOrArn,
    );
    if (found === undefined) throw new Error(`booting the lab: no function ${nameOrArn}`);
    return found;
  };
  await build('AWS::Lambda::Permission', (p) => {
    const { arn } = functionOf(String(p.FunctionName)).fn.definition;
    restate(arn);
    iam.addResourceStatements(arn, [permissionStatement(p, arn)]);
  });
  await build('AWS::Events::Rule', (p, id) => {
    const busArn = buses.busArn(String(p.EventBusName ?? 'default'));
    if (busArn === undefined) throw new Error(`booting the lab: rule ${id} is on an unknown bus`);
    const key = `AWS::Events::Rule ${ids(id).ref}`;
    // A rule that stays as it is keeps its schedule.
    if (update?.previous.resources.get(key)?.text === resources.get(key)?.text && update !== undefined) return;
    buses.addRule(ruleOf(String(p.Name ?? ids(id).ref), arnOf(id), busArn, p));
  });
  await update?.pause();
  logGroups.reset();
  await build('AWS::Logs::SubscriptionFilter', (p, id) => {
    const pattern = String(p.FilterPattern ?? '');
    if (pattern.length > MAX_FILTER_CHARS)
      throw new Error(`booting the lab: the subscription filter ${id} is over ${MAX_FILTER_CHARS} characters`);
    logGroups.subscribe({
      name: String(p.FilterName ?? id),
      group: String(p.LogGroupName),
      filter: compileLogFilter(pattern),
      functionArn: String(p.DestinationArn),
    });
  });
  const addAlarm = (p: Properties, id: string): void => alarms.add(ids(id).ref, arnOf(id), p);
  await build('AWS::CloudWatch::Alarm', addAlarm);
  await build('AWS::CloudWatch::CompositeAlarm', addAlarm);
  await build('AWS::Logs::MetricFilter', (p) => logGroups.count(metricFilter(p, alarms.putMetric)));
  const stops: (() => void)[] = [];
  update?.previous.stopSources();
  await build('AWS::Lambda::EventSourceMapping', (p, id) => {
    const queue = queues.byArn(String(p.EventSourceArn));
    if (queue === undefined)
      throw new Error(`booting the lab: the event source mapping ${id} has no queue of this stack`);
    if (p.FilterCriteria !== undefined)
      throw new Error(`booting the lab: the lab does not know the FilterCriteria of ${id}`);
    const { fn, role } = functionOf(String(p.FunctionName));
    if (queue.settings.visibilityTimeoutSeconds < fn.definition.timeoutSeconds) {
      throw new Error(
        `booting the lab: queue ${queue.settings.name}: its visibility timeout is below the timeout of ${fn.definition.name}; Lambda refuses that`,
      );
    }
    if (p.Enabled === false) return;
    const scaling = p.ScalingConfig as { MaximumConcurrency?: number } | undefined;
    const source = {
      queue,
      target: fn,
      role,
      batchSize: Number(p.BatchSize ?? 10),
      windowSeconds: Number(p.MaximumBatchingWindowInSeconds ?? 0),
      reportsItemFailures: ((p.FunctionResponseTypes ?? []) as readonly string[]).includes('ReportBatchItemFailures'),
      ...defined({ maximumConcurrency: scaling?.MaximumConcurrency }),
    };
    stops.push(startEventSource(source, world));
  });
  const forgotten = present.find(([, r]) => !done.has(r.Type));
  if (forgotten !== undefined)
    throw new Error(`booting the lab: nothing builds ${forgotten[0]} (${forgotten[1].Type})`);
  if (update !== undefined) {
    await update.pause();
    await removeOld(update.previous, resources, world);
  }
  const outputs = Object.fromEntries(
    Object.entries(template.Outputs ?? {}).map(([name, o]) => [name, String(resolve(o.Value))]),
  );
  return {
    functions,
    aliases,
    managedPolicies,
    outputs,
    resources,
    stopSources: () => {
      for (const stop of stops) stop();
    },
  };
};
