import { expect } from 'vitest';
import * as z from 'zod';
import type { CallFault } from '../../lab/aws/faults.ts';
import type { SimulatedNode } from '../../lab/sim/node.ts';
import type { LabAssembly } from '../../lab/synth.ts';
import { edit } from './alarm-causes.ts';
import { MINUTE_MS, openScene, REPAIRABLE, type Scene } from './support.ts';

const Message = z.object({ AlarmName: z.string(), NewStateValue: z.string() });

/** A scene whose alarms ring at the first datapoint where the product waits for more, with three nodes of cluster demo. */
export const openAlarmScene = async (assembly: LabAssembly) => {
  const scene: Scene = await openScene(assembly, { edit });
  const nodes: readonly SimulatedNode[] = scene.addNodes('demo', 3);
  /** What the topic was told: `heartbeat ALARM`. */
  const told = (): readonly string[] =>
    scene.lab.notifications.flatMap(({ message }) => {
      // The messages of notifier are no JSON.
      const { data } = Message.safeParse(message.startsWith('{') ? JSON.parse(message) : undefined);
      return data === undefined ? [] : [`${data.AlarmName.replace(/^fleetmend-/, '')} ${data.NewStateValue}`];
    });
  const ringing = (): readonly string[] =>
    scene.lab.alarms
      .states()
      .filter(({ state }) => state === 'ALARM')
      .map(({ name }) => name.replace(/^fleetmend-/, ''));
  const send = (name: string, body: string): void => {
    const queue = scene.lab.queues.all().find(({ settings }) => settings.name === `fleetmend-${name}`);
    queue?.send({ body, ...(queue.settings.fifo ? { groupId: 'g', deduplicationId: `${scene.lab.now()}` } : {}) });
  };
  const withFaults = async (faults: readonly CallFault[], work: () => Promise<void>): Promise<void> => {
    scene.lab.faults.calls = [...faults];
    try {
      await work();
    } finally {
      scene.lab.faults.calls = [];
    }
  };
  /** Lets time pass, a minute after the other, until each of these was in alarm once; `eachMinute` keeps the cause alive. */
  const untilRinging = async (
    names: readonly string[],
    minutes: number,
    eachMinute = async () => {},
  ): Promise<void> => {
    const seen = new Set<string>();
    for (let minute = 0; minute < minutes && names.some((name) => !seen.has(name)); minute++) {
      await eachMinute();
      await scene.lab.advance(MINUTE_MS);
      for (const name of ringing()) seen.add(name);
    }
    expect(names.filter((name) => !seen.has(name))).toEqual([]);
  };
  /** Puts right what a person would, until no alarm rings: dead letters are discarded, nodes in quarantine released. */
  const untilQuiet = async (minutes: number): Promise<void> => {
    for (let minute = 0; minute < minutes && ringing().length > 0; minute++) {
      if (ringing().some((name) => name.endsWith('-dlq-not-empty'))) await discard();
      if (ringing().includes('nodes-quarantined')) await release();
      await scene.lab.advance(MINUTE_MS);
    }
    expect(ringing()).toEqual([]);
  };
  /** Breaks a node, which says so in its log. */
  const reportFault = async (): Promise<void> => {
    for (const node of nodes.slice(0, 1)) {
      node.breakWith(REPAIRABLE);
      await scene.logFault(node);
    }
  };
  const discard = async (): Promise<void> => {
    for (const [queue, letters] of Object.entries(scene.lab.queues.deadLetters()))
      if (letters.length > 0) await scene.remediate({ action: 'discard', queue, reason: 'the cause is gone' });
  };
  const release = async (): Promise<void> => {
    for (const { cluster, instanceId } of await scene.report({ query: 'quarantine' }))
      await scene.remediate({ action: 'release', cluster, instanceIds: [instanceId], reason: 'the cause is gone' });
  };
  return { scene, nodes, told, ringing, send, withFaults, untilRinging, untilQuiet, reportFault };
};

/** What the causes of alarms need. */
export type AlarmScene = Awaited<ReturnType<typeof openAlarmScene>>;
