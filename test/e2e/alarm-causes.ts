import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateDocumentCommand, DeleteDocumentCommand, GetDocumentCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { readTemplate } from '../../lab/aws/stack.ts';
import type { Scene } from './support.ts';

export type Template = ReturnType<typeof readTemplate>;

/** The template with changed properties of some resources. */
const changed = (
  template: Template,
  change: (properties: Readonly<Record<string, unknown>>, type: string) => Readonly<Record<string, unknown>>,
): Template => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).map(([id, resource]) => [
      id,
      { ...resource, Properties: { ...resource.Properties, ...change(resource.Properties ?? {}, resource.Type) } },
    ]),
  ),
});
export const isAlarm = (type: string) => type === 'AWS::CloudWatch::Alarm';
/** The first throttled call and the first tick that leaves something ring, where the product waits for more. */
export const edit = (template: Template): Template =>
  changed(template, ({ AlarmName }, type) =>
    isAlarm(type) && /-(calls-throttled|overdue-left)$/.test(String(AlarmName))
      ? { Threshold: 0, EvaluationPeriods: 1, DatapointsToAlarm: 1 }
      : {},
  );
/** As when ticks of scheduler have no more time than they keep for what has begun (RESERVE_MS). */
export const hurried = (template: Template): Template =>
  changed(edit(template), ({ FunctionName }, type) =>
    type === 'AWS::Lambda::Function' && FunctionName === 'fleetmend-scheduler' ? { Timeout: 15 } : {},
  );
/** As when somebody has disabled the event source mappings, and taken from the rules the right to invoke notifier. */
export const disabled = (template: Template): Template =>
  changed(edit(template), ({ FunctionName }, type) => {
    if (type === 'AWS::Lambda::EventSourceMapping') return { Enabled: false };
    const isOfNotifier =
      type === 'AWS::Lambda::Permission' && JSON.stringify(FunctionName).includes('NotifierFunction');
    return isOfNotifier ? { Principal: 'nobody.amazonaws.com' } : {};
  });
/** Makes a document again as a stranger would, with another content; returns the one that it had. */
export const remake = async ({ lab }: Scene, Name: string, change: (content: string) => string): Promise<string> => {
  const { endpointUrl, region } = lab;
  const client = new SSMClient({ endpoint: endpointUrl, region, credentials: lab.credentialsFor('stranger') });
  const { Content = '' } = await client.send(new GetDocumentCommand({ Name }));
  await client.send(new DeleteDocumentCommand({ Name }));
  const rest = { DocumentType: 'Command', DocumentFormat: 'JSON' } as const;
  await client.send(new CreateDocumentCommand({ Name, Content: change(Content), ...rest }));
  client.destroy();
  return Content;
};
/** Spoils a stored run, so that it cannot be read. */
export const garble = async ({ lab }: Scene, runId: string): Promise<void> => {
  const { endpointUrl, region, outputs } = lab;
  const client = new DynamoDBClient({ endpoint: endpointUrl, region, credentials: lab.credentialsFor('admin') });
  await client.send(
    new UpdateItemCommand({
      TableName: outputs.AuditTableName ?? '',
      Key: { pk: { S: `RUN#${runId}` }, sk: { S: 'STATE' } },
      UpdateExpression: 'SET #pending = :text',
      ExpressionAttributeNames: { '#pending': 'pending' },
      ExpressionAttributeValues: { ':text': { S: 'no list' } },
    }),
  );
  client.destroy();
};
/** Stores rows that nobody can read: a node that waits for the lane, and a command that is due. */
export const putUnreadable = async ({ lab }: Scene, instanceId: string): Promise<void> => {
  const { endpointUrl, region, outputs } = lab;
  const client = new DynamoDBClient({ endpoint: endpointUrl, region, credentials: lab.credentialsFor('admin') });
  const rows = [
    { pk: 'LANE#demo/pause-image', sk: `NODE#${instanceId}` },
    { pk: 'COMMAND#c-unreadable', sk: 'COMMAND', duePk: 'OPEN#0', dueSk: new Date(lab.now()).toISOString() },
  ];
  for (const row of rows) {
    const Item = Object.fromEntries(Object.entries(row).map(([name, S]) => [name, { S }]));
    await client.send(new PutItemCommand({ TableName: outputs.AuditTableName ?? '', Item }));
  }
  client.destroy();
};
