import * as z from 'zod';
import { contextsPath, listContexts } from '../context/contexts.ts';
import { defineCommand } from '../define-command.ts';
import { EXIT } from '../exit.ts';

/** `fleetmend contexts`: the stacks of the file of contexts. */
export const contexts = defineCommand({
  name: 'contexts',
  summary: 'List the contexts: the stacks, Regions and profiles that --context names',
  examples: ['fleetmend contexts'],
  given: z.object({}),
  perform: async ({ io, output }) => {
    await output.list({
      kind: 'ContextList',
      columns: [
        { title: 'CONTEXT', value: ({ context, isCurrent }) => `${context}${isCurrent ? ' *' : ''}` },
        { title: 'STACK', value: ({ stack }) => stack },
        { title: 'REGION', value: ({ region }) => region },
        { title: 'PROFILE', value: ({ profile }) => profile },
        { title: 'ENDPOINT', value: ({ endpoint }) => endpoint, isWide: true },
      ],
      items: listContexts(io),
      nameOf: ({ context }) => context,
      empty: `There are no contexts: ${contextsPath(io)} does not exist, or lists none. Without one, fleetmend asks the stack fleetmend of the Region and the credentials of the environment. To name others, write there: {"contexts": {"eu": {"region": "eu-west-1"}}}`,
    });
    return EXIT.done;
  },
});
