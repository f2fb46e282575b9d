import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { defined } from '../core/model/defined.ts';
import type { Remediation } from '../core/model/remediation.ts';
import { NOTICES_OF_STATE, TEST_NOTICE } from '../events/rules.ts';
import { documentName } from '../events/ssm-command.ts';
import type { FunctionName } from './bundle.ts';
import { type Config, type LogGroup, type SkippedLogGroup, type SkipReason, subscriptionFilterName } from './config.ts';
import { AuditTable } from './constructs/audit-table.ts';
import { closeQueues } from './constructs/closed-queues.ts';
import { ClusterAlarms } from './constructs/cluster-alarms.ts';
import { CustomerKey } from './constructs/customer-key.ts';
import { Documents, type DocumentToDeploy } from './constructs/documents.ts';
import { FleetmendBus } from './constructs/event-bus.ts';
import * as grants from './constructs/grants.ts';
import { LogSubscriptions } from './constructs/log-subscriptions.ts';
import { explainWildcards } from './constructs/nag.ts';
import { Notices } from './constructs/notices.ts';
import { deadLetterQueue, FifoInbox, Inbox, urlsAsJson } from './constructs/queues.ts';
import { roleComplaints } from './constructs/role-sizes.ts';
import { Rules } from './constructs/rules.ts';
import { signalRules } from './constructs/signal-patterns.ts';
import { SpineFunction, type SpineFunctionProps } from './constructs/spine-function.ts';
import { tableStatements } from './constructs/table-access.ts';
import { watch } from './constructs/watching.ts';
import { WaysIn } from './constructs/ways-in.ts';

const TIMEOUT = Duration.seconds(60);
/** AWS recommends six times the function's timeout, so that throttled batches do not use up their retries. */
const INBOX_VISIBILITY = Duration.seconds(6 * TIMEOUT.toSeconds());
/** How an asynchronous request of a person is tried again. */
const WHEN_ASKED = { retryAttempts: 2, maxEventAge: Duration.hours(1) };
/** Added to the timeout of run-controller; its queue is worked one message at a time, and a crash should not hold a lane for long. */
const LANES_VISIBILITY_SLACK_SECONDS = 30;

/** The inputs of a deployment. */
export type FleetmendStackProps = StackProps & {
  readonly config: Config;
  readonly remediations: readonly Remediation[];
  readonly documents: readonly DocumentToDeploy[];
  /** Log groups that take no subscription filter, and why; an output names them. */
  readonly skippedLogGroups: readonly SkippedLogGroup[];
  /** The staged folder of each function. */
  readonly code: Readonly<Record<FunctionName, string>>;
};

/** fleetmend, from the log line to the repaired node; in the order of the flow in docs/architecture.md. */
export class FleetmendStack extends Stack {
  constructor(scope: Construct, id: string, props: FleetmendStackProps) {
    super(scope, id, props);
    const { config, remediations, documents, code } = props;
    const named = (name: string): string => `${this.stackName}-${name}`;

    // The resources that the others use.
    const own = CustomerKey.of(this, 'Key', config, this.stackName);
    const key = own?.key;
    const { table } = new AuditTable(this, 'AuditTable', { key });
    new Documents(this, 'Documents', { stackName: this.stackName, documents });
    const fleetmendBus = new FleetmendBus(this, 'Events', { eventBusName: this.stackName });
    const { bus } = fleetmendBus;
    const notices = new Notices(this, 'Notices', {
      namePrefix: this.stackName,
      notifications: config.notifications,
      key,
    });

    const inbox = (queueId: string, name: string, rest: { readonly deliveryDelay?: Duration } = {}) =>
      new Inbox(this, queueId, {
        queueName: named(name),
        visibilityTimeout: INBOX_VISIBILITY,
        maxReceiveCount: 10,
        key,
        ...rest,
      });
    const signals = inbox('Signals', 'signals');
    // SSM's list calls lag behind its events: without the wait most commands would be read twice.
    const progress = inbox('Progress', 'progress', { deliveryDelay: Duration.seconds(1) });
    const runControllerTimeout = Duration.seconds(config.limits.runControllerTimeoutSeconds);
    const lanes = new FifoInbox(this, 'Lanes', {
      queueName: named('lanes'),
      visibilityTimeout: Duration.seconds(runControllerTimeout.toSeconds() + LANES_VISIBILITY_SLACK_SECONDS),
      maxReceiveCount: 10,
      key,
    });
    const letters = (queueId: string, name: string) => deadLetterQueue(this, queueId, { queueName: named(name), key });
    // Bad input is acknowledged and kept with its reason: by signal-intake and command-tracker in the queue behind their inbox, by
    // run-controller in one of its own, since the dead letters of a FIFO queue must be FIFO too and would hold each other up.
    const dead = {
      rules: letters('DeadRules', 'rules-dlq'),
      'log-classifier': letters('DeadLogClassifier', 'log-classifier-dlq'),
      'operator-api': letters('DeadOperatorApi', 'operator-api-dlq'),
      scheduler: letters('DeadScheduler', 'scheduler-dlq'),
      'run-controller': letters('DeadRunController', 'run-controller-dlq'),
      notifier: letters('DeadNotifier', 'notifier-dlq'),
      signals: signals.dead,
      progress: progress.dead,
      lanes: lanes.dead,
    };

    const ofInbox = (inbox: typeof signals, name: 'signal-intake' | 'command-tracker') => ({
      BAD_INPUT_QUEUE_URL: inbox.dead.queueUrl,
      INBOX_QUEUE_URL: inbox.queue.queueUrl,
      COPIES: String(config.maxConcurrency[name]),
    });

    const functions = new Map<FunctionName, SpineFunction>();
    const spine = (
      functionId: string,
      name: FunctionName,
      rest: Pick<SpineFunctionProps, 'environment' | 'statements'> &
        Partial<Pick<SpineFunctionProps, 'timeout' | 'asynchronous'>>,
    ): SpineFunction => {
      const made = new SpineFunction(this, functionId, {
        name,
        config,
        codeFolder: code[name],
        timeout: TIMEOUT,
        key: own,
        ...rest,
        statements: [...tableStatements(name, table.tableArn), ...rest.statements],
      });
      functions.set(name, made);
      return made;
    };
    const TABLE_NAME = table.tableName;
    const BUS_NAME = bus.eventBusName;
    const LANES_QUEUE_URL = lanes.queue.queueUrl;

    const rules = new Rules(this, 'Rules', { dead: dead.rules, namePrefix: this.stackName });

    // CloudWatch Logs ── subscription ─▶ log-classifier ── PutEvents "Node Symptom"
    const logClassifier = spine('LogClassifierFunction', 'log-classifier', {
      environment: { BUS_NAME, BAD_INPUT_QUEUE_URL: dead['log-classifier'].queueUrl },
      statements: [grants.putEvents(bus.eventBusArn), grants.sendTo(dead['log-classifier'])],
      asynchronous: { dead: dead['log-classifier'], retryAttempts: 2, maxEventAge: Duration.hours(1) },
    });
    const without = (logGroups: readonly LogGroup[], ...reasons: readonly SkipReason[]) => {
      const left = props.skippedLogGroups.filter(({ reason }) => reasons.includes(reason));
      return logGroups.filter(({ name }) => !left.some(({ logGroup }) => logGroup === name));
    };
    new LogSubscriptions(this, 'Subscriptions', {
      logGroups: without(
        config.clusters.flatMap((cluster) => cluster.logGroups),
        'missing',
        'class',
        'full',
      ),
      remediations,
      target: logClassifier.fn,
      filterName: subscriptionFilterName(this.stackName),
    });
    fleetmendBus.keepSymptomsFor(logClassifier.role);

    // CloudWatch alarms, EKS, EC2/ASG events, "Node Symptom" ── rules ─▶ SQS signals ─▶ signal-intake ─▶ pending row, then wake
    if (config.signals.alarms) {
      new ClusterAlarms(this, 'ClusterAlarms', {
        namePrefix: this.stackName,
        clusters: config.clusters.map(({ name, logGroups }) => ({
          name,
          logGroups: without(logGroups, 'missing', 'class', 'metric-filters').map((group) => group.name),
        })),
      });
    }
    const ofSignals = signalRules(config, this.stackName).map((rule) => rules.signal(rule, bus, signals.queue));
    const signalIntake = spine('SignalIntakeFunction', 'signal-intake', {
      environment: { TABLE_NAME, LANES_QUEUE_URL, ...ofInbox(signals, 'signal-intake') },
      statements: [grants.sendTo(lanes.queue, dead.signals), grants.describeInstances()],
    });
    signalIntake.worksOn(signals.queue, { batchSize: 10, maxConcurrency: config.maxConcurrency['signal-intake'] });

    // console / CLI / dashboard button ─▶ operator-api ── queued run, then wake
    const replayable = Object.values(dead);
    const operatorApi = spine('OperatorApiFunction', 'operator-api', {
      environment: {
        TABLE_NAME,
        BUS_NAME,
        LANES_QUEUE_URL,
        SIGNALS_QUEUE_URL: signals.queue.queueUrl,
        PROGRESS_QUEUE_URL: progress.queue.queueUrl,
        LOG_CLASSIFIER_NAME: logClassifier.fn.functionName,
        DLQ_URLS: urlsAsJson(this, replayable),
        STACK_ARN: this.formatArn({ service: 'cloudformation', resource: 'stack', resourceName: this.stackName }),
      },
      statements: [
        grants.sendTo(lanes.queue, signals.queue, progress.queue),
        grants.takeFrom(replayable),
        grants.invoke(logClassifier.fn.functionArn),
        grants.putNoticesOf(bus.eventBusArn, [TEST_NOTICE]),
        grants.describeInstances(),
        grants.describeManagedNodes(),
        ...grants.readClusters(config),
      ],
      asynchronous: { dead: dead['operator-api'], ...WHEN_ASKED },
    });

    // schedule ─▶ scheduler ── sweep runs, overdue commands, entries now due; then wake; stored notices
    const scheduler = spine('SchedulerFunction', 'scheduler', {
      environment: { TABLE_NAME, LANES_QUEUE_URL, BUS_NAME },
      statements: [
        grants.sendTo(lanes.queue),
        grants.readCommands(),
        grants.describeInstances(),
        grants.putNoticesOf(bus.eventBusArn, NOTICES_OF_STATE),
      ],
      asynchronous: { dead: dead.scheduler, retryAttempts: 1, maxEventAge: Duration.minutes(5) },
    });
    rules.clock(scheduler.fn, config.sweepMinutes);

    // SSM command status ── rule ─▶ SQS progress ─▶ command-tracker ── results, then wake
    const ofCommands = rules.commandEnds(
      documents.map(({ key, sha256 }) => documentName(this.stackName, key, sha256)),
      progress.queue,
    );
    const commandTracker = spine('CommandTrackerFunction', 'command-tracker', {
      environment: { TABLE_NAME, LANES_QUEUE_URL, ...ofInbox(progress, 'command-tracker') },
      statements: [grants.sendTo(lanes.queue, dead.progress), grants.readCommands(), grants.describeInstances()],
    });
    commandTracker.worksOn(progress.queue, { batchSize: 10, maxConcurrency: config.maxConcurrency['command-tracker'] });

    // SQS FIFO lanes (group = lane, or run for checks) ─▶ run-controller: plans, sends, ends runs
    const runController = spine('RunControllerFunction', 'run-controller', {
      timeout: runControllerTimeout,
      environment: {
        TABLE_NAME,
        LANES_QUEUE_URL,
        PROGRESS_QUEUE_URL: progress.queue.queueUrl,
        BUS_NAME,
        BAD_INPUT_QUEUE_URL: dead['run-controller'].queueUrl,
      },
      statements: [
        grants.sendTo(lanes.queue, progress.queue, dead['run-controller']),
        grants.putEvents(bus.eventBusArn),
        ...grants.sendCommand(config, grants.sendableDocuments(config, documents, remediations, this.stackName)),
        grants.listAndCancelCommands(),
        grants.describeInstances(),
        grants.describeManagedNodes(),
        ...grants.readNodegroups(config, remediations),
        ...grants.readClusters(config),
        grants.askRegistries(),
      ],
    });
    runController.worksOn(lanes.queue, { batchSize: 1, maxConcurrency: config.maxConcurrency['run-controller'] });
    fleetmendBus.keepNoticesFor(runController.role, operatorApi.role, scheduler.role);

    // console / CLI / dashboard ─▶ audit-query: read-only queries over the audit table
    const shown = { environment: { TABLE_NAME, DLQ_URLS: urlsAsJson(this, replayable) } };
    const toShow = grants.toExplain(replayable);
    const auditQuery = spine('AuditQueryFunction', 'audit-query', { ...shown, statements: toShow });

    // "Run Ended", "Breaker Opened" and the like; a week ─▶ notifier ─▶ topics for people
    const waysIn = { operatorApi: operatorApi.fn, auditQuery: auditQuery.fn, asynchronous: WHEN_ASKED };
    const { policies, reading } = new WaysIn(this, 'WaysIn', waysIn);
    const notifier = spine('NotifierFunction', 'notifier', {
      environment: {
        TABLE_NAME,
        ...notices.environment(config.notifications.send, `${auditQuery.fn.functionName}:${reading.aliasName}`),
      },
      statements: [grants.publishOn(...notices.topicArns), grants.invoke(reading.functionArn)],
      asynchronous: { dead: dead.notifier, ...WHEN_ASKED },
    });
    rules.notices(bus, notifier.fn);
    notices.allow(notifier.role);

    const inboxes = { signals: signals.queue, progress: progress.queue, lanes: lanes.queue };
    const senders = { signals: ofSignals, progress: [ofCommands], all: rules.all };
    closeQueues({ inboxes, dead, rules: senders, functions });
    watch(this, { config, functions, inboxes, dead, notices, requests: operatorApi });

    for (const [name, { role }] of functions) explainWildcards(name, role, config);
    this.node.addValidation({
      validate: () =>
        [...functions].flatMap(([name, { role }]) => roleComplaints(name, role, config, (own) => this.resolve(own))),
    });
    const outputs = {
      AuditTableName: table.tableName,
      EventBusName: bus.eventBusName,
      SignalsQueueUrl: signals.queue.queueUrl,
      ProgressQueueUrl: progress.queue.queueUrl,
      LanesQueueUrl: lanes.queue.queueUrl,
      NoticesTopicArn: notices.topic.topicArn,
      ...defined({ ChatTopicArn: notices.chat?.topicArn }),
      ReadersPolicyArn: policies.Readers.managedPolicyArn,
      RespondersPolicyArn: policies.Responders.managedPolicyArn,
      OperatorsPolicyArn: policies.Operators.managedPolicyArn,
      OperatorApiFunctionName: operatorApi.fn.functionName,
      AuditQueryFunctionName: auditQuery.fn.functionName,
      DeadLetterQueueUrls: urlsAsJson(this, replayable),
      ...(own === undefined ? {} : { KeyPolicyStatements: own.asJson() }),
      ...(props.skippedLogGroups.length === 0
        ? {}
        : { SkippedLogGroups: [...new Set(props.skippedLogGroups.map(({ logGroup }) => logGroup))].join(' ') }),
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
