import type { Refusal } from '../../core/api/refusal.ts';

/** The option or argument from which a field of a payload comes. */
const OPTIONS: Readonly<Record<string, string>> = {
  cluster: '--cluster',
  remediation: '--remediation',
  instanceId: 'NODE',
  node: 'NODE',
  instanceIds: 'NODE',
  reason: '--reason',
  requestId: '--request-id',
  runId: 'RUN',
  covers: '--everything',
  until: '--for',
  force: '--force',
  max: '--max',
  queue: '--queue',
  messageIds: '--message',
  outcome: '--outcome',
  since: '--since',
  limit: '--limit',
  author: '--author',
  day: '--day',
  by: '--by',
};

/** A refusal that names the option of the command in place of the field of the payload. */
export const withOptions = (refused: Refusal): Refusal => {
  const option = OPTIONS[/^[A-Za-z]+/.exec(refused.field ?? '')?.[0] ?? ''];
  if (option === undefined || refused.field === undefined) return refused;
  const prefix = `field ${refused.field}: `;
  const message = refused.message.startsWith(prefix)
    ? `${option}: ${refused.message.slice(prefix.length)}`
    : refused.message;
  return { ...refused, field: option, message };
};
