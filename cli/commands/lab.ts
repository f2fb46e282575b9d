import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import { defineCommand } from '../define-command.ts';
import { CommandError, EXIT, usageError } from '../exit.ts';
import { shown } from '../output/text.ts';

/** The variable that `npm run lab` prints with its address. */
const LAB_URL = 'FLEETMEND_LAB_URL';
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const DRILLS = ['break', 'log', 'offline', 'scenario'] as const;

const Answered = z.discriminatedUnion('ok', [
  z.looseObject({ ok: z.literal(true), lines: z.array(z.string()) }),
  z.looseObject({
    ok: z.literal(false),
    error: z.looseObject({ message: z.string(), allowed: z.array(z.string()).optional() }),
  }),
]);

/** The address of the lab. @throws CommandError for none, and for one that is not on this machine */
const addressIn = (env: Readonly<Record<string, string | undefined>>): string => {
  const address = env[LAB_URL];
  if (address === undefined || address === '')
    throw usageError(LAB_URL, 'no lab is named', { next: 'start one with npm run lab, and set what it prints' });
  if (!URL.canParse(address) || !LOOPBACK.has(new URL(address).hostname))
    throw usageError(LAB_URL, `${address} is not on this machine: drills are for the lab alone`);
  return address;
};

type Given = {
  readonly drill: string;
  readonly target: readonly string[];
  readonly fault?: string | undefined;
  readonly online: boolean;
};

const payloadOf = ({ drill, target, fault, online }: Given): object => {
  const [name] = target;
  switch (drill) {
    case 'break':
      return { drill, nodes: target, ...defined({ fault }) };
    case 'log':
      return { drill, nodes: target };
    case 'offline':
      return { drill, nodes: target, online };
    case 'scenario':
      return { drill, ...defined({ name }) };
    default:
      throw usageError('DRILL', `"${drill}" is none of ${DRILLS.join(', ')}`, { allowed: [...DRILLS] });
  }
};

/** `fleetmend lab`: drills in the lab that `npm run lab` keeps running. */
export const lab = defineCommand({
  name: 'lab',
  summary: 'Drill in the lab: break nodes, let them log, take them offline, or begin a scenario',
  arguments: [
    { flags: '<drill>', description: DRILLS.join(', ') },
    {
      flags: '[target...]',
      description: 'nodes by their instance id or name; the name of a scenario, or none for a list',
    },
  ],
  options: [
    { flags: '--fault <reason>', description: 'of break: a reason of the catalogue (default: SandboxImageMissing)' },
    { flags: '--online', description: 'of offline: the agent is back' },
  ],
  examples: [
    'fleetmend lab scenario pods-hang',
    'fleetmend lab break ip-10-0-0-7 --fault CNIConfigMissing',
    'fleetmend lab offline i-0123456789abcdef0',
  ],
  formats: ['table'],
  given: z.object({
    drill: z.string(),
    target: z.array(z.string()).default([]),
    fault: z.string().optional(),
    online: z.boolean().default(false),
  }),
  perform: async ({ io, output }, given) => {
    const address = addressIn(io.env);
    const payload = payloadOf(given);
    const answer = await io.post(address, payload).catch((thrown: unknown) => {
      throw new CommandError(
        'Aws',
        {
          message: `the lab at ${address} does not answer`,
          next: 'start one with npm run lab, and set what it prints',
        },
        thrown,
      );
    });
    const parsed = Answered.safeParse(answer);
    if (!parsed.success)
      throw new CommandError('Aws', {
        message: `${address} is no lab of this version`,
        next: 'start npm run lab again',
      });
    if (!parsed.data.ok) {
      const { message, allowed } = parsed.data.error;
      const list = allowed === undefined ? '' : `; there are: ${allowed.join(', ')}`;
      throw new CommandError('Refused', {
        message: `${message}${list}`,
        ...defined({ allowed }),
      });
    }
    await output.lines(...parsed.data.lines.map(shown));
    return EXIT.done;
  },
});
