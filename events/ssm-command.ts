import * as z from 'zod';

const HASH_CHARACTERS = 12;

/** Detail-type of SSM's command-level event. Source: SSM user guide, monitoring-systems-manager-event-examples. */
export const COMMAND_STATUS_CHANGE = 'EC2 Command Status-change Notification';

/** `<stack>-<key>-<first 12 hex digits of sha256>`: the name of a document in a deployment. */
export const documentName = (stackName: string, key: string, sha256: string): string =>
  `${stackName}-${key}-${sha256.slice(0, HASH_CHARACTERS)}`;

/**
 * A document's name without its hash and the number of its part: the same for every version of the document, in however
 * many parts. The rule of command ends matches it as a prefix.
 */
export const documentFamily = (name: string): string => name.slice(0, -HASH_CHARACTERS).replace(/-[1-9][0-9]*-$/, '-');

/**
 * Matches, in a policy, every version of the document: the hash, and the number of the part, may be any. A key that only
 * begins alike, such as that of a variant, is longer and does not match.
 */
export const documentPattern = (name: string): string =>
  `${name.slice(0, -HASH_CHARACTERS).replace(/-[1-9][0-9]*-$/, (part) => part.replaceAll(/[0-9]/g, '?'))}${'?'.repeat(HASH_CHARACTERS)}`;

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
