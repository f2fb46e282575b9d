import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Outcome } from '../../core/model/outcome.ts';
import { outcomeMetric } from '../../core/runs/run-measures.ts';
import { refusedRequests } from './saved-queries.ts';

const PERIOD = Duration.minutes(5);
const HOUR = Duration.hours(1);
const WIDTH = 24;
const HEIGHT = 6;

/** What the dashboard shows. */
export type DashboardProps = {
  readonly namePrefix: string;
  readonly sweepMinutes: number;
  /** None where the configuration turns the alarms off. */
  readonly alarms: readonly cloudwatch.IAlarm[];
  readonly inboxes: Readonly<Record<string, sqs.IQueue>>;
  readonly functions: Readonly<Record<string, lambda.IFunction>>;
  /** The log group of operator-api. */
  readonly requests: logs.ILogGroup;
};

const guideOf = (namePrefix: string): string =>
  [
    `# fleetmend: ${namePrefix}`,
    'Repairs EKS worker nodes that can no longer start pods. What is broken now: `fleetmend`. Why a node was or was not repaired: `fleetmend explain NODE`.',
    `**Stop all repairs**: \`fleetmend pause --all --for 2h --reason "…"\`, or invoke \`${namePrefix}-operator-api:stop\` with \`{"action":"pause","requestedBy":"you","reason":"…"}\`.`,
    'Each alarm has a section in docs/operating.md.',
  ].join('\n\n');

/**
 * The dashboard of a stack: what is broken and how repairs end, then whether fleetmend itself works. It has no custom widgets, so
 * nobody can act from it.
 */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { namePrefix, sweepMinutes, alarms, inboxes, functions, requests } = props;
    const ofClusters = (metricName: string, statistic: string, period: Duration, label: string) =>
      new cloudwatch.MathExpression({
        expression: `SEARCH('{${namePrefix},service,cluster} MetricName="${metricName}"', '${statistic}', ${period.toSeconds()})`,
        usingMetrics: {},
        label,
        period,
      });
    const ofFunction = (name: string, metricName: string, label: string, statistic = 'Sum', period = PERIOD) =>
      new cloudwatch.Metric({
        namespace: namePrefix,
        metricName,
        dimensionsMap: { service: namePrefix, function: name },
        statistic,
        period,
        label,
      });
    const graph = (title: string, width: number, rest: Omit<cloudwatch.GraphWidgetProps, 'title' | 'width'>) =>
      new cloudwatch.GraphWidget({ title, width, height: HEIGHT, ...rest });
    const ends = Outcome.options.map(
      (outcome) =>
        new cloudwatch.MathExpression({
          expression: `SUM(SEARCH('{${namePrefix},service,cluster} MetricName="${outcomeMetric(outcome)}"', 'Sum', ${HOUR.toSeconds()}))`,
          usingMetrics: {},
          label: outcome,
          period: HOUR,
        }),
    );
    const sweepPeriod = Duration.minutes(sweepMinutes);
    const widgets: readonly (readonly cloudwatch.IWidget[])[] = [
      [new cloudwatch.TextWidget({ markdown: guideOf(namePrefix), width: WIDTH, height: HEIGHT })],
      ...(alarms.length === 0
        ? []
        : [[new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: WIDTH, height: HEIGHT })]]),
      [
        graph('Repaired nodes by outcome, an hour', 12, { left: ends, stacked: true }),
        graph('Seconds from detection to repair', 12, {
          left: [
            ofClusters('SecondsToRepair', 'p50', HOUR, 'p50 '),
            ofClusters('SecondsToRepair', 'p95', HOUR, 'p95 '),
          ],
        }),
      ],
      [
        graph('Broken now, by the last sweep', 12, { left: [ofClusters('NodesBroken', 'Sum', sweepPeriod, '')] }),
        graph('Nodes in quarantine', 6, {
          left: [ofFunction('scheduler', 'NodesQuarantined', 'in quarantine', 'Maximum')],
        }),
        graph('Signals', 6, {
          left: [
            ofFunction('log-classifier', 'Symptoms', 'from logs'),
            ofFunction('signal-intake', 'SignalTaken', 'taken'),
            ofFunction('signal-intake', 'SignalOverBudget', 'too many of a source'),
            ofFunction('signal-intake', 'SignalUnproven', 'too many of unproven nodes'),
            ofFunction('scheduler', 'Sweep', 'sweeps'),
          ],
          stacked: true,
        }),
      ],
      [
        graph('Age of the oldest message, seconds', 8, {
          left: Object.entries(inboxes).map(([label, queue]) =>
            queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum', label }),
          ),
        }),
        graph('Errors and throttles of the functions', 8, {
          left: Object.entries(functions).flatMap(([name, fn]) => [
            fn.metricErrors({ period: PERIOD, statistic: 'Sum', label: `${name} errors` }),
            fn.metricThrottles({ period: PERIOD, statistic: 'Sum', label: `${name} throttles` }),
          ]),
        }),
        graph('Heartbeat: complete ticks, 5 in 5 minutes', 8, {
          left: [ofFunction('scheduler', 'TickCompleted', 'ticks')],
        }),
      ],
      [
        new cloudwatch.LogQueryWidget({
          title: 'Refused requests of people',
          logGroupNames: [requests.logGroupName],
          queryString: refusedRequests.text,
          width: WIDTH,
          height: HEIGHT,
        }),
      ],
    ];
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: namePrefix,
      defaultInterval: Duration.days(1),
      widgets: widgets.map((row) => [...row]),
    });
  }
}
