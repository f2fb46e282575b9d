import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { LOGS_SOURCE } from '../../events/node-symptom.ts';
import { NOTICE_SOURCE } from '../../events/rules.ts';

/** fleetmend's own event bus: symptoms go in, notices go out. */
export class FleetmendBus extends Construct {
  readonly bus: events.IEventBus;

  constructor(scope: Construct, id: string, props: { readonly eventBusName: string }) {
    super(scope, id);
    // The cast: aws-cdk-lib's types are not written for exactOptionalPropertyTypes.
    this.bus = new events.EventBus(this, 'Bus', { eventBusName: props.eventBusName }) as events.IEventBus;
  }

  /** Keeps the source `fleetmend.logs` for log-classifier, whose symptoms may lead to a repair. */
  keepSymptomsFor(role: iam.IRole): void {
    this.keepSourceFor('OnlyLogsMaySendSymptoms', LOGS_SOURCE, role);
  }

  /** Keeps the source `fleetmend` for the functions that tell what they did: no one else sends notices in its name. */
  keepNoticesFor(...roles: readonly iam.IRole[]): void {
    this.keepSourceFor('OnlyAdvanceMaySendNotices', NOTICE_SOURCE, ...roles);
  }

  private keepSourceFor(statementId: string, source: string, ...roles: readonly iam.IRole[]): void {
    // An explicit deny: within an account, an identity policy is enough to allow the call.
    const statement = new iam.PolicyStatement({
      sid: statementId,
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: ['events:PutEvents'],
      resources: [this.bus.eventBusArn],
      conditions: {
        // A key with many values (service authorization reference of EventBridge) needs a set operator.
        'ForAnyValue:StringEquals': { 'events:source': [source] },
        ArnNotEquals: { 'aws:PrincipalArn': roles.map((role) => role.roleArn) },
      },
    });
    new events.CfnEventBusPolicy(this, statementId, {
      eventBusName: this.bus.eventBusName,
      statementId,
      statement: statement.toStatementJson(),
    });
  }
}
