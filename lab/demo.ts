import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { meaningOf } from '../core/model/outcome.ts';
import { ResultRow } from '../core/state/results.ts';
import { readWords } from '../infra/words.mjs';
import { bootLab } from './boot.ts';
import type { DemoFleet } from './demo/fleet.ts';
import { startRealDemoFleet } from './demo/real-fleet.ts';
import { paint, table, timelineTable, wrapped } from './demo/show.ts';
import { startSimulatedDemoFleet } from './demo/simulated-fleet.ts';
import { createTimelines, HOPS, type Hop } from './demo/timeline.ts';
import { programs } from './programs.mjs';
import { LAB_CLUSTER, LAB_ENVIRONMENT, synthLab } from './synth.ts';

const { values } = readWords(programs.demo.usage, programs.demo.options);
/** kubelet retries a pod sandbox after about 10 s; the demo retries sooner, to keep the wait short. */
const POD_RETRY_MS = 1000;
const REPAIR_TIMEOUT_MS = 180_000;
/** Leaves room for a digest, the longest word of an error, within 80 columns. */
const INDENT = ' '.repeat(4);

const began = performance.now();
const say = (text: string): void =>
  console.log(`${paint('dim', `${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s`)}  ${text}`);
const heading = (text: string): void => console.log(`\n${paint('bold', text)}`);

const NARRATED: Readonly<Partial<Record<Hop, string>>> = {
  classified: 'log-classifier found the fault in a log line',
  queued: 'signal-intake queued the node for repair',
  sent: 'run-controller sent the repair command',
  ended: 'the document finished',
  recorded: 'command-tracker recorded the result',
};

/** Starts a pod on every broken node, and retries until it starts, as kubelet does. */
const waitForPods = async (fleet: DemoFleet, onPod: (instanceId: string) => void): Promise<void> => {
  const end = Date.now() + REPAIR_TIMEOUT_MS;
  const printed = new Set<string>();
  await Promise.all(
    fleet.stories.map(async ({ instanceId }) => {
      let error = await fleet.startPod(instanceId);
      if (error === undefined) throw new Error(`the demo broke ${instanceId}, but a pod starts on it`);
      // The full error of the runtime, once for each fault.
      say(`${instanceId}: the pod does not start: ${printed.has(error) ? 'same error' : ''}`.trimEnd());
      if (!printed.has(error)) console.log(paint('red', wrapped(error, INDENT)));
      printed.add(error);
      while (error !== undefined) {
        if (Date.now() > end)
          throw new Error(`${instanceId} was not repaired within ${REPAIR_TIMEOUT_MS / 1000} s: ${error}`);
        await delay(POD_RETRY_MS);
        error = await fleet.startPod(instanceId);
      }
      onPod(instanceId);
    }),
  );
};

const Results = z.object({ items: z.array(z.looseObject({ kind: z.string() })), next: z.string().optional() });

const demo = async (): Promise<boolean> => {
  heading(`Starting ${values.real ? 'six real' : 'forty simulated'} nodes and the AWS services on loopback`);
  const fleet = values.real ? await startRealDemoFleet() : startSimulatedDemoFleet();
  // The functions of the lab end with this process. Real nodes have mounts and networks that must be removed.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void fleet.stop().finally(() => process.exit(130)));
  const lab = await bootLab({ ...synthLab(), nodes: fleet.nodes, ...LAB_ENVIRONMENT });
  try {
    say(
      `${fleet.nodes.length} nodes of cluster ${LAB_CLUSTER} in ${lab.region}, ${lab.functionNames().length} functions of the template`,
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
        for (const id of event.instanceIds) say(`${id}: run-controller sent a check command`);
      }
    });

    heading(`Breaking ${broken.size} nodes`);
    await fleet.breakNodes();
    for (const { instanceId, fault } of fleet.stories) say(`${instanceId}: ${fault}`);

    heading('Starting a pod on each broken node');
    await waitForPods(fleet, (instanceId) => {
      timelines.mark(instanceId, 'pod', lab.now());
      say(`${instanceId}: ${paint('green', 'the pod started')}`);
    });
    await lab.idle();
    await stopShipping();

    heading('Timeline of the first repair');
    const first = [...broken].sort((a, b) => (timelines.of(a).pod ?? 0) - (timelines.of(b).pod ?? 0))[0] ?? '';
    const timeline = timelines.of(first);
    console.log(timelineTable(timeline));

    heading('Audit trail (audit-query, queries "runs" and "run")');
    const runs = Results.parse(await lab.invoke('fleetmend-audit-query', { query: 'runs', cluster: LAB_CLUSTER }));
    const results: ResultRow[] = [];
    for (const { runId } of runs.items.flatMap((r) =>
      r.kind === 'run' ? [z.looseObject({ runId: z.string() }).parse(r)] : [],
    )) {
      const { items } = Results.parse(await lab.invoke('fleetmend-audit-query', { query: 'run', runId }));
      results.push(...items.flatMap(({ kind, ...row }) => (kind === 'result' ? [ResultRow.parse(row)] : [])));
    }
    const shown = results.filter((r) => r.action === 'repair' && !meaningOf(r.outcome).hasSkipReason);
    console.log(
      table(
        ['node', 'outcome', 'reason', 'method'],
        shown.map((r) => [r.instanceId, r.outcome, r.reason ?? '', r.method ?? '']),
      ),
    );
    for (const message of new Set(shown.map((r) => r.message))) console.log(wrapped(message, '  '));

    heading('Result');
    const complaints = [
      ...fleet.stories.flatMap(({ instanceId, method }) => {
        const row = results.find((r) => r.instanceId === instanceId && meaningOf(r.outcome).isRepaired);
        if (row === undefined) return [`${instanceId} has no result with the outcome Repaired`];
        if (row.method !== method) return [`${instanceId} was repaired by the method ${row.method}, not ${method}`];
        return repairs.get(instanceId) === 1
          ? []
          : [`${instanceId} got ${repairs.get(instanceId) ?? 0} repair commands, not one`];
      }),
      ...HOPS.filter(([hop]) => timeline[hop] === undefined).map(([hop]) => `the timeline of ${first} lacks ${hop}`),
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
          `${broken.size} of ${broken.size} broken nodes repaired, one command each; ${fleet.nodes.length - broken.size} others unchanged`,
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
