import { logsSubscription } from '../../events/logs-subscription.ts';
import { commandStatusEvent } from '../../events/ssm-command.ts';
import { createDeadLetters } from '../../functions/adapters/messaging/dead-letters.ts';
import { DEAD, healthy, newInstance, operatorApiWorld } from './operator-api-world.ts';
import type { TestTable } from './table.ts';

/** When a world begins. */
export const AT = '2026-08-22T10:00:00.000Z';
/** A healthy node of the cluster demo. */
export const node = newInstance();
/** A world with letters; `send` puts one on a dead-letter queue, as a function does. */
export const lettersWorld = (table: TestTable) => {
  const w = operatorApiWorld(table, [healthy(node)], AT);
  const send = async (body: unknown, queueUrl: string = DEAD[0]) => {
    const options = { client: w.sqs.client, queueUrl, functionName: 'f', now: () => new Date(0) };
    await createDeadLetters(options).put({ body: typeof body === 'string' ? body : JSON.stringify(body), reason: 'r' });
  };
  const sent = (queueUrl: string) => w.sqs.messages(queueUrl).map((m) => JSON.parse(m.body));
  const dead = () => DEAD.flatMap((url) => w.sqs.messages(url));
  return { ...w, send, sent, dead };
};
/** A symptom as EventBridge delivers it. */
export const symptom = (detail: Record<string, unknown>, source = 'acme.alerts') => ({
  id: 'e-1',
  source,
  'detail-type': 'Node Symptom',
  time: AT,
  detail,
});
/** A log payload with one line. */
export const logs = (logGroup: string, message: string) =>
  logsSubscription({
    owner: '1',
    logGroup,
    logStream: 's',
    subscriptionFilters: [],
    logEvents: [{ id: '1', timestamp: Date.parse('2026-08-22T09:00:00Z'), message }],
  });
/** A line that shows the fault on the node. */
export const FAULT = JSON.stringify({
  ec2_instance_id: node,
  message: 'failed to get sandbox image "x.example/eks/pause:3.5": 401 Unauthorized',
});
/** The end of a command. */
export const COMMAND = commandStatusEvent('11111111-2222-4333-8444-555555555555', 'fleetmend-x', 'Success');
