import { resolve as resolvePath } from 'node:path';
import { defined } from '../core/model/defined.ts';
import { feedAlarms } from './aws/alarm-metrics.ts';
import { createAlarms } from './aws/alarms.ts';
import { AwsError } from './aws/aws-error.ts';
import { type ClockOptions, createClock } from './aws/clock.ts';
import { startDynalite } from './aws/dynalite.ts';
import { createDynamo } from './aws/dynamodb.ts';
import { createTableStore } from './aws/dynamodb-tables.ts';
import { createEc2 } from './aws/ec2.ts';
import { createEcr, type EcrImages } from './aws/ecr.ts';
import { createEks, type EksState } from './aws/eks.ts';
import { createEventBuses } from './aws/event-bus.ts';
import { createEvents } from './aws/events.ts';
import { defaultFaults, type Faults } from './aws/faults.ts';
import { parseFunctionName } from './aws/function-name.ts';
import { createIam, type PolicyDocument } from './aws/iam.ts';
import type { Lab, LabOptions } from './aws/lab.ts';
import { createLabEvents } from './aws/lab-event.ts';
import { createLambda } from './aws/lambda.ts';
import { createLogGroups } from './aws/logs.ts';
import { createNodeRegistry } from './aws/nodes.ts';
import { partitionOf } from './aws/partition.ts';
import { createPartitionMeter } from './aws/partition-load.ts';
import { createQueueStore } from './aws/queue-store.ts';
import { viewQueues } from './aws/queue-view.ts';
import { createRandom } from './aws/random.ts';
import { startAwsServer } from './aws/server.ts';
import { createSettle } from './aws/settle.ts';
import { createSns, createTopics, publishAlarm } from './aws/sns.ts';
import { createSqs } from './aws/sqs.ts';
import { createSsm } from './aws/ssm.ts';
import { createCommandEngine } from './aws/ssm-commands.ts';
import { createDocumentStore } from './aws/ssm-documents.ts';
import { deployStack, readTemplate } from './aws/stack.ts';
import type { DeployedStack, StackWorld } from './aws/stack-types.ts';
import { createSts } from './aws/sts.ts';
import { killOnSignals } from './lambda/signals.ts';

const ADMINISTRATOR: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};
const DEFAULT_SEED = 1;

/** Boots AWS on loopback with the stack of a synthesized assembly in it. */
export const bootLab = async (options: LabOptions): Promise<Lab> => {
  const account = options.account ?? '123456789012';
  const region = options.region ?? 'cn-north-1';
  const { partition, urlSuffix } = partitionOf(region);
  const clockOptions: ClockOptions = { speed: options.speed ?? 1, skipIdle: options.skipIdle ?? false };
  const clock = options.clock ?? createClock(clockOptions);
  const random = createRandom(options.seed ?? DEFAULT_SEED);
  const faults: Faults = { ...defaultFaults(), ...options.faults };
  const events = createLabEvents();
  const { emit } = events;
  const iam = createIam(account, region, options.onDecision);
  const nodes = createNodeRegistry();
  nodes.add(...(options.nodes ?? []));
  const dynalite = startDynalite();
  const problem = (error: Error): void =>
    emit({
      kind: 'delivery-failed',
      at: clock.now(),
      rule: 'lab',
      target: 'lab',
      why: String(error),
      deadLettered: false,
    });
  const tables = createTableStore(dynalite, clock, faults, problem);
  const meter = createPartitionMeter(clock, faults);
  const queues = createQueueStore({ clock, random, faults }, (queue, from, messageId) =>
    emit({ kind: 'dead-letter', at: clock.now(), queue, from, messageId }),
  );
  let stack: DeployedStack | undefined;
  const deployed = (nameOrArn: string) => {
    const { name, qualifier } = parseFunctionName(nameOrArn);
    const own = stack?.functions.get(name);
    if (own === undefined) return undefined;
    const { arn } = own.fn.definition;
    if (qualifier === undefined) return { ...own, arn, qualifier };
    const isKnown = qualifier === '$LATEST' || stack?.aliases.has(`${arn}:${qualifier}`) === true;
    return isKnown ? { ...own, arn: `${arn}:${qualifier}`, qualifier } : undefined;
  };
  const existing = (nameOrArn: string) => {
    const found = deployed(nameOrArn);
    if (found === undefined) throw new AwsError('ResourceNotFoundException', `Function not found: ${nameOrArn}`, 404);
    return found;
  };
  const invokeFunction = (nameOrArn: string, payload: string): void => {
    const { invokeAsync, qualifier } = existing(nameOrArn);
    invokeAsync(payload, qualifier);
  };
  const invokeNow = (nameOrArn: string, payload: string) => {
    const { fn, qualifier } = existing(nameOrArn);
    return fn.invoke(payload, undefined, qualifier);
  };
  const topics = createTopics(clock, emit);
  const buses = createEventBuses({
    account,
    region,
    clock,
    random,
    faults,
    iam,
    queues,
    emit,
    invokeFunction,
    publish: (arn, message) => topics.publish(arn, message),
  });
  buses.addBus('default', `arn:${partition}:events:${region}:${account}:event-bus/default`);
  const documents = createDocumentStore();
  const engine = createCommandEngine({ account, region, partition, clock, random, nodes, buses, emit });
  const alarms = createAlarms(clock, buses.putService, (action) => {
    publishAlarm({ account, clock, iam, topics, emit }, action).catch(problem);
  });
  feedAlarms({ alarms, clock, events, queues: queues.all });
  const logGroups = createLogGroups({ partition, urlSuffix, region, account, clock, iam, emit, invokeFunction });
  const eks: EksState = {
    nodegroupStatus: new Map(),
    deletedNodegroups: new Set(),
    clusters: new Set(),
    fargateProfiles: new Map(),
    remoteNetworks: new Set(),
  };
  const ecrImages: EcrImages = new Map();
  const server = await startAwsServer({
    clock,
    random,
    faults,
    iam,
    region,
    emit,
    kill: (environmentId) => {
      for (const { fn } of stack?.functions.values() ?? []) if (fn.kill(environmentId)) return;
    },
    freeze: async (environmentId, freezeMs) => {
      for (const { fn } of stack?.functions.values() ?? []) await fn.freeze(environmentId, freezeMs);
    },
    services: [
      createDynamo({ dynalite, clock, tables, faults, random, meter }),
      createSqs({ queues, clock, random, faults }),
      createSsm({ account, region, partition, clock, faults, nodes, documents, engine }),
      createEvents({ buses, random, faults }),
      createEc2(account, nodes),
      createEks({ partition, region, account, nodes, state: eks }),
      createEcr(partition, region, account, ecrImages),
      createSns(topics, random),
      createSts({ account, region, clock, iam }),
      logGroups.service,
      createLambda({
        arnOf: (nameOrArn) => deployed(decodeURIComponent(nameOrArn))?.arn,
        invoke: invokeNow,
        invokeAsync: invokeFunction,
      }),
    ],
  });

  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    stack?.stopSources();
    engine.stop();
    clock.stop();
    await Promise.all([...(stack?.functions.values() ?? [])].map(({ fn }) => fn.stop()));
    await server.stop();
    offSignals();
  };
  const stop = (): Promise<void> => {
    stopping ??= stopAll();
    return stopping;
  };
  const offSignals = killOnSignals(() => {
    for (const { fn } of stack?.functions.values() ?? []) void fn.stop();
  });

  const world: StackWorld = {
    region,
    endpointUrl: () => server.endpointUrl,
    clock,
    random,
    faults,
    iam,
    emit,
    maxEnvironments: options.maxEnvironments ?? 4,
    queues,
    tables,
    buses,
    topics,
    logGroups,
    alarms,
    documents,
  };
  const deploy: Lab['deploy'] = async ({ assembly, edit } = {}) => {
    const from = resolvePath(assembly ?? options.assembly);
    const template = readTemplate(from, options.stackName);
    const place = {
      account,
      region,
      partition,
      urlSuffix,
      stackName: options.stackName,
      endpointUrl: server.endpointUrl,
    };
    const update = stack && { previous: stack, pause: () => clock.sleep(faults.deployStepMs) };
    stack = await deployStack(edit?.(template) ?? template, from, place, options.parameters ?? {}, world, update);
  };
  try {
    await deploy(defined({ edit: options.edit }));
  } catch (error) {
    await stop();
    throw error;
  }

  const credentialsFor: Lab['credentialsFor'] = (user, policies = [ADMINISTRATOR]) => {
    const arn = `arn:${partition}:iam::${account}:user/${user}`;
    return iam.issue({
      kind: 'user',
      arn,
      principalArn: arn,
      policies: policies.map((policy, i) => ({ name: `${user}-${i}`, policy })),
    });
  };
  return {
    endpointUrl: server.endpointUrl,
    account,
    region,
    partition,
    clock,
    now: clock.now,
    random,
    invoke: async (functionName, payload) => {
      const result = await invokeNow(functionName, JSON.stringify(payload));
      if (result.kind === 'error')
        throw new Error(`invoking ${functionName}: ${result.error.errorType}: ${result.error.errorMessage}`);
      return JSON.parse(result.payload);
    },
    invokeAsync: (functionName, payload) => invokeFunction(functionName, JSON.stringify(payload)),
    putLogEvents: (group, stream, lines) =>
      clock.during(() =>
        logGroups.put(
          group,
          stream,
          lines.map((line) => (typeof line === 'string' ? { timestamp: clock.now(), message: line } : line)),
        ),
      ),
    putEvent: (event, bus = 'default') => {
      const arn = buses.busArn(bus);
      if (arn === undefined) throw new Error(`putting an event: the lab has no bus ${bus}`);
      return buses.put(arn, event);
    },
    alarms,
    calls: server.calls,
    faults,
    queues: viewQueues(queues),
    tableLoad: meter.loads,
    nodes,
    commands: engine,
    eks,
    ecrImages,
    notifications: topics.published,
    functionLogs: (functionName) => existing(functionName).fn.logs,
    functionNames: () => [...(stack?.functions.keys() ?? [])],
    roleOf: (functionName) => existing(functionName).role,
    get outputs() {
      return stack?.outputs ?? {};
    },
    deploy,
    onEvent: events.on,
    idle: clock.idle,
    settle: createSettle(clock, queues.all),
    advance: (ms) => clock.skipTo(clock.now() + ms),
    credentialsFor,
    environmentFor: (user, policies) => {
      const credentials = credentialsFor(user, policies);
      return {
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_ENDPOINT_URL: server.endpointUrl,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      };
    },
    managedPolicy: (arn) => {
      const policy = stack?.managedPolicies.get(arn);
      if (policy === undefined) throw new Error(`the stack has no managed policy ${arn}`);
      return policy;
    },
    iam,
    stop,
  };
};
