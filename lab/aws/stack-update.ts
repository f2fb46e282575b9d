import type { DeployedStack, StackWorld } from './stack-types.ts';

/** The cleanup of an update: what the new template no longer has. */
export const removeOld = async (
  { resources: old, functions }: DeployedStack,
  kept: DeployedStack['resources'],
  { documents, buses, alarms, queues }: StackWorld,
): Promise<void> => {
  for (const [key, { type, ref, arn }] of old) {
    if (kept.has(key)) continue;
    if (type === 'AWS::SSM::Document') documents.remove(ref);
    if (type === 'AWS::Events::Rule') buses.removeRule(arn);
    if (type === 'AWS::CloudWatch::Alarm' || type === 'AWS::CloudWatch::CompositeAlarm') alarms.remove(ref);
    if (type === 'AWS::SQS::Queue') queues.byArn(arn)?.purge();
    if (type === 'AWS::Lambda::Function') await functions.get(ref)?.fn.stop();
  }
};
