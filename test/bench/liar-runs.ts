import type { LabAssembly } from '../../lab/synth.ts';
import { faultLine } from '../e2e/fault-line.ts';
import { logGroupOf, MINUTE_MS, openScene, REPAIRABLE } from '../e2e/support.ts';
import { CLUSTER, INVENTED, type Lie, type Town } from './lies.ts';

/** The nodes of a town, and for how many minutes it is watched at most. */
export type TownSize = { readonly honest: number; readonly healthy: number; readonly patienceMinutes: number };

/** What a lie cost the others. */
export type LieFigures = {
  readonly name: string;
  /** From the first line to the moment at which the last honest node was repaired; undefined where one was not. */
  readonly seconds: number | undefined;
  /** How much of that the machine took to compute, by the lab's clock, which goes on meanwhile. The rest is waiting. */
  readonly machineSeconds: number;
  /** Documents that were sent to healthy nodes: checks, and repairs, which check first and then change nothing. */
  readonly checksOfHealthy: number;
  readonly repairsOfHealthy: number;
  /** Rows that the table has gained at the end. */
  readonly rows: number;
  /** Of these, rows that name an instance which does not exist. */
  readonly inventedRows: number;
  /** Calls that wrote to DynamoDB. */
  readonly writes: number;
};

const STEP_MS = 10_000;

/**
 * Has a lie told in a town while its broken nodes log their fault every ten seconds, until all honest ones are repaired. The
 * lab's clock goes on while the machine computes, `speed` seconds for a second.
 */
export const measureLie = async (assembly: LabAssembly, lie: Lie, size: TownSize, speed = 1): Promise<LieFigures> => {
  const scene = await openScene(assembly, { seed: 3, speed });
  const { lab, chronicle } = scene;
  try {
    const town: Town = {
      scene,
      healthy: scene.addNodes(CLUSTER, size.healthy),
      honest: scene.addNodes(CLUSTER, size.honest, { faultOf: () => REPAIRABLE }),
    };
    const liars = lie.liars?.(town) ?? [];
    const rowsBefore = (await scene.items()).length;
    const [began, startedMs] = [lab.now(), Date.now()];
    let repairedAt: number | undefined;
    for (let at = 0; at <= size.patienceMinutes * MINUTE_MS && repairedAt === undefined; at += STEP_MS) {
      if (at % MINUTE_MS === 0) await lie.tell?.(town);
      const broken = [...liars, ...town.honest].filter((node) => node.faults().length > 0);
      for (const node of broken) {
        const stream = `${node.privateDnsName}-dataplane.systemd.containerd.service`;
        await lab.putLogEvents(logGroupOf(CLUSTER), stream, [faultLine(node, lab.now())]);
      }
      await lab.advance(STEP_MS);
      if (town.honest.every((node) => node.faults().length === 0)) {
        const ids = new Set(town.honest.map(({ instanceId }) => instanceId));
        const repairs = chronicle.commands.filter(
          (c) => c.action === 'repair' && c.instanceIds.some((id) => ids.has(id)),
        );
        repairedAt = Math.max(...repairs.map(({ at: sentAt, endedAt }) => endedAt ?? sentAt));
      }
    }
    const machineSeconds = Math.round(((Date.now() - startedMs) / 1000) * speed);
    const ofHealthy = (commands: (instanceId: string) => readonly unknown[]): number =>
      town.healthy.reduce((sum, { instanceId }) => sum + commands(instanceId).length, 0);
    const writes = lab.calls.filter(
      ({ service, operation }) => service === 'dynamodb' && /^(?:Put|Update|Delete|Transact)/.test(operation),
    );
    const items = await scene.items();
    return {
      name: lie.name,
      seconds: repairedAt === undefined ? undefined : Math.round((repairedAt - began) / 1000),
      checksOfHealthy: ofHealthy(chronicle.checksOf),
      repairsOfHealthy: ofHealthy(chronicle.repairsOf),
      machineSeconds,
      rows: items.length - rowsBefore,
      inventedRows: items.filter((item) => JSON.stringify(item).includes(INVENTED)).length,
      writes: writes.length,
    };
  } finally {
    await lab.stop();
  }
};
