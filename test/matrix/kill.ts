import type { RealNode } from '../../lab/real/node.ts';
import { mustStart } from './cell.ts';
import { documentOf, mustSay, nameOf, runDocument } from './documents.ts';
import type { Fault, FaultScene } from './fault.ts';
import { randomInt } from './random.ts';

const COUNT_FILE = '/run/fleetmend-matrix-commands';
const SHEBANG_LINES = 1;

/** A document with a counter of its commands, which kills the script and its children, with SIGKILL, before one. */
export const killedBefore = (key: string, command: number): ReturnType<typeof documentOf> => {
  const document = documentOf(key);
  const counter = [
    'set -o functrace; __commands=0',
    `trap 'printf %s $((++__commands)) > ${COUNT_FILE}; ((__commands != ${command})) || kill -KILL 0' DEBUG`,
  ];
  return {
    ...document,
    content: {
      ...document.content,
      mainSteps: document.content.mainSteps.map((step) => ({
        ...step,
        inputs: { ...step.inputs, runCommand: step.inputs.runCommand.toSpliced(SHEBANG_LINES, 0, ...counter) },
      })),
    },
  };
};

/** How many commands the repair of a fault runs on this node. The node is repaired afterwards. */
export const countCommands = async (node: RealNode, fault: Fault, scene: FaultScene): Promise<number> => {
  await fault.break(node, scene);
  const key = `${fault.remediation}-repair`;
  await runDocument(node, key, killedBefore(key, -1));
  return await readCount(node);
};

/** How many commands the last counted document ran. */
export const readCount = async (node: RealNode): Promise<number> =>
  Number((await node.exec(['cat', COUNT_FILE])).stdout);

/**
 * Breaks the node, kills the repair before one of its commands, and has the next repair repair what is there then: nothing
 * of the killed one is left.
 */
export const killAndRepair = async (
  node: RealNode,
  fault: Fault,
  scene: FaultScene,
  random: () => number,
  commands: number,
): Promise<void> => {
  const key = `${fault.remediation}-repair`;
  const command = 1 + randomInt(random, commands);
  await fault.break(node, scene);
  const reply = await node.run(killedBefore(key, command), new AbortController().signal);
  const where = `killed before command ${command} of ${commands} (${reply.statusDetails})`;
  const next = await runDocument(node, key);
  const { outcome } = next.result;
  try {
    if (outcome !== 'Repaired' && outcome !== 'Healthy') mustSay(next, { outcome: 'Repaired' });
    if (fault.sandbox?.startsAfter === true) await mustStart(node, fault, true);
    mustSay(await runDocument(node, key), { outcome: 'Healthy' });
    await mustHaveNoRemains(node);
  } catch (cause) {
    throw new Error(`"${fault.name}" on ${nameOf(node)}, ${where}: ${(cause as Error).message}`, { cause });
  }
};

/** A document's folder for what it is working on, and the name of the containers that it tests images with. */
export const mustHaveNoRemains = async (node: RealNode): Promise<void> => {
  const folder = (await node.exec(['ls', '-A', '/run/fleetmend'])).stdout.trim();
  if (folder !== 'lock') throw new Error(`something is left in /run/fleetmend: ${folder}`);
  const containers = (await node.ctr(['containers', 'ls', '--quiet'])).stdout.trim();
  if (containers.includes('fleetmend')) throw new Error(`a test container is left: ${containers}`);
};
