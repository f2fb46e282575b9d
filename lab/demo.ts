import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { ResultRow } from '../core/state/rows.ts';
import { bootLab } from './boot.ts';
import type { DemoFleet } from './demo/fleet.ts';
import { startRealDemoFleet } from './demo/real-fleet.ts';
import { paint, table, timelineTable } from './demo/show.ts';
import { startSimulatedDemoFleet } from './demo/simulated-fleet.ts';
import { createTimelines, type Hop } from './demo/timeline.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, synthLab } from './synth.ts';

const { values } = parseArgs({ options: { real: { type: 'boolean', default: false } } });
/** kubelet tries a pod again about every 10 s; the demo is less patient. */
const POD_RETRY_MS = 1000;
const PATIENCE_MS = 180_000;

const began = performance.now();
const say = (text: string): void =>
  console.log(`${paint('dim', `${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s`)}  ${text}`);
const heading = (text: string): void => console.log(`\n${paint('bold', text)}`);

const NARRATED: Readonly<Partial<Record<Hop, string>>> = {
  heard: 'log-classifier heard it: Node Symptom',
  filed: 'signal-intake filed it in the lane',
  sent: 'run-controller sent the repair',
  ended: 'the document has ended',
  recorded: 'command-tracker wrote the result',
};

/** Runs a pod on every broken node until it starts, as kubelet would. */
const waitForPods = async (fleet: DemoFleet, onPod: (instanceId: string) => void): Promise<void> => {
  const end = Date.now() + PATIENCE_MS;
  const told = new Set<string>();
  await Promise.all(
    fleet.stories.map(async ({ instanceId }) => {
      let error = await fleet.startPod(instanceId);
      if (error === undefined) throw new Error(`the demo broke ${instanceId}, but a pod starts on it`);
      // The runtime's own words, once for each fault.
      say(`${instanceId}: ${paint('red', told.has(error) ? 'the same error' : error)}`);
      told.add(error);
      while (error !== undefined) {
        if (Date.now() > end)
          throw new Error(`${instanceId} was not repaired within ${PATIENCE_MS / 1000} s: ${error}`);
        await delay(POD_RETRY_MS);
        error = await fleet.startPod(instanceId);
      }
      onPod(instanceId);
    }),
  );
};

const Results = z.object({ items: z.array(z.looseObject({ kind: z.string() })), next: z.string().optional() });

const demo = async (): Promise<boolean> => {
  heading(values.real ? 'Booting six real nodes and AWS on loopback' : 'Booting simulated nodes and AWS on loopback');
  const fleet = values.real ? await startRealDemoFleet() : startSimulatedDemoFleet();
  // The lab's functions end with this process; the nodes too, but politely where we can.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void fleet.stop().finally(() => process.exit(130)));
  const lab = await bootLab({ ...synthLab(), nodes: fleet.nodes, ...LAB_ENVIRONMENT });
  try {
    say(
      `${fleet.nodes.length} ${values.real ? 'real' : 'simulated'} nodes of cluster ${LAB_CLUSTER} in ${lab.region}; ${lab.functionNames().length} functions, from the synthesized template`,
    );
    const stopShipping = await fleet.shipLogs(lab);
    const broken = new Set(fleet.stories.map((s) => s.instanceId));
    const repairs = new Map<string, number>();
    const timelines = createTimelines((instanceId, hop) => {
      if (broken.has(instanceId) && NARRATED[hop] !== undefined) say(`${instanceId}: ${NARRATED[hop]}`);
    });
    lab.onEvent(timelines.listen);
    lab.onEvent((event) => {
      if (event.kind !== 'command-sent') return;
      if (event.documentName.includes('-repair-')) {
        for (const id of event.instanceIds) repairs.set(id, (repairs.get(id) ?? 0) + 1);
      } else {
        for (const id of event.instanceIds) say(`${id}: its log said that the image was deleted: a check`);
      }
    });

    heading('Breaking nodes');
    await fleet.breakNodes();
    for (const { instanceId, fault } of fleet.stories) say(`${instanceId}: ${fault}`);

    heading('A pod is scheduled on each of them; the pipeline hears of it');
    await waitForPods(fleet, (instanceId) => {
      timelines.mark(instanceId, 'pod', lab.now());
      say(`${instanceId}: ${paint('green', 'a pod starts')}`);
    });
    await lab.idle();
    await stopShipping();

    heading('The way of the first node repaired');
    const first = [...broken].sort((a, b) => (timelines.of(a).pod ?? 0) - (timelines.of(b).pod ?? 0))[0] ?? '';
    console.log(timelineTable(timelines.of(first)));

    heading(`The audit trail (audit-query, query "runs" and "run")`);
    const runs = Results.parse(await lab.invoke('fleetmend-audit-query', { query: 'runs', cluster: LAB_CLUSTER }));
    const results: ResultRow[] = [];
    for (const { runId } of runs.items.flatMap((r) =>
      r.kind === 'run' ? [z.looseObject({ runId: z.string() }).parse(r)] : [],
    )) {
      const { items } = Results.parse(await lab.invoke('fleetmend-audit-query', { query: 'run', runId }));
      results.push(...items.flatMap(({ kind, ...row }) => (kind === 'result' ? [ResultRow.parse(row)] : [])));
    }
    const shown = results.filter((r) => r.action === 'repair' && r.outcome !== 'Skipped');
    console.log(
      table(
        ['node', 'outcome', 'reason', 'method', 'message'],
        shown.map((r) => [r.instanceId, r.outcome, r.reason ?? '', r.method ?? '', r.message]),
      ),
    );

    heading('Verdict');
    const complaints = [
      ...fleet.stories.flatMap(({ instanceId, method }) => {
        const row = results.find((r) => r.instanceId === instanceId && r.outcome === 'Repaired');
        if (row === undefined) return [`${instanceId} has no result Repaired`];
        if (row.method !== method) return [`${instanceId} was repaired by ${row.method}, not by ${method}`];
        return repairs.get(instanceId) === 1
          ? []
          : [`${instanceId} got ${repairs.get(instanceId) ?? 0} repair commands, not one`];
      }),
      ...[...repairs.keys()].filter((id) => !broken.has(id)).map((id) => `the healthy node ${id} got a repair command`),
      ...(await fleet.touched()).map((what) => `a healthy node was changed: ${what}`),
      ...Object.entries(lab.queues.deadLetters()).flatMap(([name, letters]) =>
        letters.length > 0 ? [`${letters.length} dead letters in ${name}`] : [],
      ),
    ];
    for (const complaint of complaints) say(paint('red', complaint));
    if (complaints.length === 0) {
      say(
        paint(
          'green',
          `${broken.size} of ${broken.size} broken nodes repaired, one command each; ${fleet.nodes.length - broken.size} healthy nodes untouched`,
        ),
      );
    }
    return complaints.length === 0;
  } finally {
    await lab.stop();
    await fleet.stop();
  }
};

process.exit((await demo()) ? 0 : 1);
