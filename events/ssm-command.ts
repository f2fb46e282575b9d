import * as z from 'zod';

/** Detail-type of SSM's command-level event. Source: SSM user guide, monitoring-systems-manager-event-examples. */
export const COMMAND_STATUS_CHANGE = 'EC2 Command Status-change Notification';

/** Every document of fleetmend is named with this prefix, and the rule and λ track look at no other. */
export const DOCUMENT_PREFIX = 'fleetmend-';

/** The command-level event; best effort, at least once, in no order. */
export const CommandStatusEvent = z.object({
  source: z.literal('aws.ssm'),
  'detail-type': z.literal(COMMAND_STATUS_CHANGE),
  detail: z.object({
    'command-id': z.uuid(),
    'document-name': z.string(),
    status: z.string(),
  }),
});
export type CommandStatusEvent = z.infer<typeof CommandStatusEvent>;

/** A command-level event as EventBridge delivers it. Status: SSM's display string, `Success`, `Failed`, `Timed Out`, … */
export const commandStatusEvent = (commandId: string, documentName: string, status: string): CommandStatusEvent =>
  CommandStatusEvent.parse({
    source: 'aws.ssm',
    'detail-type': COMMAND_STATUS_CHANGE,
    detail: { 'command-id': commandId, 'document-name': documentName, status },
  });
