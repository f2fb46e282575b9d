import { readFileSync } from 'node:fs';
import * as z from 'zod';

const Entries = z.tuple([
  z.strictObject({
    EventBusName: z.literal('fleetmend'),
    Source: z.string(),
    DetailType: z.string(),
    Detail: z.string(),
  }),
]);

/** The one entry of the `put-events` example in docs/signals.md, to the letter. */
export const putEventsExample = (): z.infer<typeof Entries>[0] => {
  const page = readFileSync(new URL('../../docs/signals.md', import.meta.url), 'utf8');
  const [, entries = ''] = /put-events --entries '([^']+)'/.exec(page) ?? [];
  return Entries.parse(JSON.parse(entries))[0];
};
