import pMap from 'p-map';
import type { InFlightCommand } from '../../core/api/request.ts';
import { defined } from '../../core/model/defined.ts';
import type { RunState } from '../../core/state/run-state.ts';
import type { OperatorApiPorts } from './ports.ts';

/** The commands of a run that may be at work on nodes. */
export const inFlightOf = async (deps: OperatorApiPorts, run: RunState): Promise<readonly InFlightCommand[]> =>
  await pMap(
    run.commands.filter((c) => c.status === 'sending' || c.status === 'sent'),
    async ({ key, status, commandId, instanceIds }): Promise<InFlightCommand> => {
      // The state does not list the nodes of a sent check, nor of a closed command; the command's row does.
      const row =
        instanceIds.length > 0 || commandId === undefined ? undefined : await deps.results.getCommand(commandId);
      return {
        runId: run.runId,
        key,
        status: status === 'sending' ? status : 'sent',
        ...defined({ commandId }),
        instanceIds: row?.instanceIds ?? instanceIds,
      };
    },
    { concurrency: 4 },
  );
