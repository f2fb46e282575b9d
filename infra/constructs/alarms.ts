import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type AlarmDefinition, alarmDefinitions } from './alarm-definitions.ts';
import type { Monitored } from './monitored.ts';

const TREATMENT: Readonly<Record<AlarmDefinition['missing'], cloudwatch.TreatMissingData>> = {
  breaching: cloudwatch.TreatMissingData.BREACHING,
  'not-breaching': cloudwatch.TreatMissingData.NOT_BREACHING,
  ignore: cloudwatch.TreatMissingData.IGNORE,
};

/** The alarms that need a person. Each notifies the topic when it rings, and when its cause is gone. */
export class Alarms extends Construct {
  readonly all: readonly cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: Monitored & { readonly topics: readonly sns.ITopic[] }) {
    super(scope, id);
    const actions = props.topics.map((topic) => new SnsAction(topic));
    this.all = alarmDefinitions(props).map((definition) => {
      const { name, severity, metric, threshold, below, periods = 1, needed = periods, says, guide } = definition;
      const alarm = new cloudwatch.Alarm(this, name, {
        alarmName: `${props.namePrefix}-${name}`,
        alarmDescription: `${severity}: ${says}. See docs/operating.md#${guide}`,
        metric,
        threshold,
        evaluationPeriods: periods,
        datapointsToAlarm: needed,
        comparisonOperator: below
          ? cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
          : cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: TREATMENT[definition.missing],
      });
      alarm.addAlarmAction(...actions);
      alarm.addOkAction(...actions);
      return alarm;
    });
  }
}
