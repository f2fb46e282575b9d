import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { LaneState } from '../../core/state/lane-state.ts';
import { ResultRow } from '../../core/state/results.ts';
import { TrustRow } from '../../core/state/trust-state.ts';
import { rowOf } from '../../functions/adapters/table/items.ts';
import { unpacked } from '../../functions/adapters/table/packed.ts';
import type { ConfigInput } from '../../infra/config.ts';
import { createClock, type LabClock } from '../../lab/aws/clock.ts';
import type { Lab, LabOptions } from '../../lab/aws/lab.ts';
import { createRandom } from '../../lab/aws/random.ts';
import { bootLab } from '../../lab/boot.ts';
import { fleetInstanceId } from '../../lab/sim/fleet.ts';
import { type Latency, logNormal } from '../../lab/sim/latency.ts';
import { createSimulatedNode, type SimulatedNode, type SimulatedNodeOptions } from '../../lab/sim/node.ts';
import type { SimulatedFault } from '../../lab/sim/result.ts';
import { LAB_ENVIRONMENT, type LabAssembly, synthLab } from '../../lab/synth.ts';
import type { BuiltDocument } from '../../ssm-documents/builder/build.ts';
import { accepted } from '../support/answers.ts';
import { type Chronicle, createChronicle } from './chronicle.ts';
import { drainOf } from './drain.ts';
import { faultLine } from './fault-line.ts';

/** A minute of the lab's time. */
export const MINUTE_MS = 60_000;

/** A cluster of a scene; by default it repairs and has no sweeps. */
export type SceneCluster = {
  readonly name: string;
  readonly mode?: 'observe' | 'repair';
  readonly sweeps?: boolean;
  /** The remediations whose disruptive repairs are allowed. */
  readonly disruptive?: readonly string[];
  /** The user's own alarms about it. */
  readonly alarms?: readonly string[];
};

/** The log group that a cluster's nodes log to. */
export const logGroupOf = (cluster: string): string => `/aws/containerinsights/${cluster}/dataplane`;

/**
 * Synthesizes the stack for these clusters, once for all labs of a file. The alarms about clusters are off where `signals`
 * does not ask for them: they count the same lines that log-classifier reads.
 */
export const synthScene = (
  clusters: readonly SceneCluster[],
  limits: NonNullable<ConfigInput['limits']> = {},
  signals: NonNullable<ConfigInput['signals']> = { alarms: false },
  documents?: readonly BuiltDocument[],
): LabAssembly =>
  synthLab(
    {
      signals,
      clusters: clusters.map(({ name, mode = 'repair', sweeps = false, disruptive = [], alarms = [] }) => ({
        ...{ name, mode, sweeps },
        remediations: Object.fromEntries(disruptive.map((it) => [it, { allowDisruptive: true }])),
        alarms: [...alarms],
        logGroups: [logGroupOf(name)],
        nodeTags: ['eks:cluster-name', 'eks:eks-cluster-name', 'kubernetes.io/cluster'] as const,
      })),
      limits,
      alarms: false,
    },
    documents,
  );

/** A fault that the repair repairs, by the method that needs ECR. */
export const REPAIRABLE: SimulatedFault = {
  remediation: 'pause-image',
  reason: 'SandboxImageMissing',
  repair: { kind: 'repairs', method: 'ecr' },
};

/** A fault that the repair fails at, for this reason. */
export const failing = (reason: string): SimulatedFault => ({ ...REPAIRABLE, repair: { kind: 'fails', reason } });

/** Documents of a scene take a few seconds; a test can add slow nodes. */
const SCENE_LATENCY: Latency = logNormal(2000, 6000);

const TableItemShape = z.looseObject({ pk: z.string(), sk: z.string() });
const Item = z.looseObject({ kind: z.string() });
const Page = z.object({ items: z.array(Item), next: z.string().optional() });
/** An item of a report. */
export type AuditItem = z.infer<typeof Item>;
/** A run as reports show it. */
export const ShownRun = z.looseObject({
  runId: z.string(),
  status: z.string(),
  action: z.enum(['check', 'repair']),
  because: z.looseObject({ kind: z.string() }),
  pending: z.number(),
  inFlight: z.number(),
  counts: z.record(z.string(), z.number()),
  stopped: z.object({ reason: z.string() }).optional(),
});
export type ShownRun = z.infer<typeof ShownRun>;
/** operator-api's answer to `check` and `repair`. */
export const Started = z.object({
  runId: z.string(),
  planned: z.number(),
  skipped: z.array(z.object({ instanceId: z.string(), skipReason: z.string() })),
  held: z.string().optional(),
});

/** A lab with simulated nodes on a clock that skips idle time, and its record. */
export type Scene = {
  readonly lab: Lab;
  readonly clock: LabClock;
  readonly chronicle: Chronicle;
  /** Adds nodes to a cluster; ids never repeat. */
  readonly addNodes: (
    cluster: string,
    count: number,
    options?: Partial<SimulatedNodeOptions> & { readonly faultOf?: (index: number) => SimulatedFault | undefined },
  ) => readonly SimulatedNode[];
  /** Ships a log line of containerd about a failed sandbox for each node, several by a collector: one payload for each cluster. */
  readonly logFault: (
    ...nodes: readonly Pick<SimulatedNode, 'instanceId' | 'cluster' | 'privateDnsName'>[]
  ) => Promise<void>;
  /** operator-api's answer, which may be a refusal. */
  readonly ask: (request: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** What operator-api answers besides `ok`; throws for a refusal. */
  readonly remediate: (request: Readonly<Record<string, unknown>>) => Promise<unknown>;
  readonly start: (request: Readonly<Record<string, unknown>>) => Promise<z.infer<typeof Started>>;
  /** All pages of a query. */
  readonly report: (query: Readonly<Record<string, unknown>>) => Promise<readonly AuditItem[]>;
  readonly runs: (cluster: string) => Promise<readonly ShownRun[]>;
  readonly resultsOf: (runId: string) => Promise<readonly ResultRow[]>;
  /** The nodes that a check found healthy: they have no result row. */
  readonly healthyOf: (runId: string) => Promise<readonly string[]>;
  /** A node's results, the newest first. */
  readonly history: (instanceId: string) => Promise<readonly ResultRow[]>;
  /** Every item of the audit table as its writer had it, before some of it was compressed, by a scan. */
  readonly items: () => Promise<readonly TableItem[]>;
  /** A lane with open work. */
  readonly openLane: (lane: string) => Promise<LaneState | undefined>;
  /** The last breaker of a remediation's document in a cluster. */
  readonly breaker: (cluster: string, remediation: string) => Promise<TrustRow['breaker']>;
  /** Advances by minutes until nothing is open and no queue holds a message; throws with the remainder. */
  readonly drain: (maxMinutes?: number, sweeps?: 'all' | 'not-to-come') => Promise<void>;
  /** Everything in dead-letter queues: queue, body, reason, function. */
  readonly letters: () => readonly DeadLetterShown[];
};

/** An item of the audit table, with its keys. */
export type TableItem = Readonly<Record<string, unknown>> & { readonly pk: string; readonly sk: string };

/** A dead letter as a test looks at it. */
export type DeadLetterShown = {
  readonly messageId: string;
  readonly queue: string;
  readonly body: string;
  readonly reason: string | undefined;
  readonly function: string | undefined;
  readonly time: string | undefined;
};

/** Boots a scene. */
export const openScene = async (
  assembly: LabAssembly,
  options: Pick<LabOptions, 'edit' | 'faults' | 'onDecision'> & {
    readonly seed?: number;
    /** The lab's seconds for a second of the wall (1). Far below 1, what the machine computes takes hardly any of the lab's time. */
    readonly speed?: number;
  } = {},
): Promise<Scene> => {
  const { seed = 1, speed = 1, ...rest } = options;
  const clock = createClock({ skipIdle: true, speed });
  const lab = await bootLab({ ...assembly, ...LAB_ENVIRONMENT, ...rest, clock, seed, maxEnvironments: 2 });
  const chronicle = createChronicle(lab);
  const random = createRandom(seed);
  const counts = new Map<string, number>();

  const report: Scene['report'] = async (query) => {
    const items: AuditItem[] = [];
    let next: string | undefined;
    do {
      const page = Page.parse(
        accepted(
          await lab.invoke('fleetmend-audit-query', { ...query, limit: 200, ...(next === undefined ? {} : { next }) }),
        ),
      );
      items.push(...page.items);
      next = page.next;
    } while (next !== undefined);
    return items;
  };
  const results = (items: readonly AuditItem[]): readonly ResultRow[] =>
    items.flatMap(({ kind, ...row }) => (kind === 'result' ? [ResultRow.parse(row)] : []));
  const ask: Scene['ask'] = (request) => lab.invoke('fleetmend-operator-api', { requestedBy: 'test', ...request });
  const remediate: Scene['remediate'] = async (request) => accepted(await ask(request));
  const items: Scene['items'] = async () => {
    const client = new DynamoDBClient({
      endpoint: lab.endpointUrl,
      region: lab.region,
      credentials: lab.credentialsFor('reader'),
    });
    const found: TableItem[] = [];
    const pages = paginateScan(
      { client: DynamoDBDocumentClient.from(client) },
      { TableName: lab.outputs.AuditTableName ?? '' },
    );
    for await (const { Items } of pages)
      found.push(...(Items ?? []).map((item) => TableItemShape.parse(unpacked(item))));
    client.destroy();
    return found;
  };

  return {
    lab,
    clock,
    chronicle,
    addNodes: (cluster, count, { faultOf, ...nodeOptions } = {}) => {
      const first = counts.get(cluster) ?? 0;
      counts.set(cluster, first + count);
      const nodes = Array.from({ length: count }, (_, i) => {
        const fault = faultOf?.(i);
        return createSimulatedNode({
          instanceId: fleetInstanceId(cluster, first + i),
          cluster,
          clock,
          random: createRandom(Math.floor(random() * 2 ** 32)),
          latency: SCENE_LATENCY,
          ...(fault === undefined ? {} : { faults: [fault] }),
          ...nodeOptions,
        });
      });
      lab.nodes.add(...nodes);
      return nodes;
    },
    logFault: async (...nodes) => {
      for (const [cluster, some] of Map.groupBy(nodes, (node) => node.cluster)) {
        // A record in the stream of another node is not believed.
        const host = some.length === 1 ? some[0]?.privateDnsName : 'collector';
        const lines = some.map((node) => faultLine(node, lab.now()));
        await lab.putLogEvents(logGroupOf(cluster), `${host}-dataplane.systemd.containerd.service`, lines);
      }
    },
    ask,
    remediate,
    start: async (request) => Started.parse(await remediate(request)),
    report,
    runs: async (cluster) => (await report({ query: 'runs', cluster })).map((item) => ShownRun.parse(item)),
    resultsOf: async (runId) => results(await report({ query: 'run', runId })),
    healthyOf: async (runId) =>
      (await report({ query: 'run', runId })).flatMap((item) =>
        item.kind === 'healthy' ? z.array(z.string()).parse(item.instanceIds) : [],
      ),
    history: async (instanceId) => results(await report({ query: 'node', instanceId })),
    items,
    openLane: async (lane) => {
      const found = (await report({ query: 'open' })).find((item) => item.kind === 'lane' && item.lane === lane);
      if (found === undefined) return undefined;
      const { kind, ...row } = found;
      return LaneState.parse({ ...row, version: 0 });
    },
    breaker: async (cluster, remediation) => {
      const rows = (await items()).filter(({ pk, sk }) => pk.startsWith('TRUST#') && sk === `CLUSTER#${cluster}`);
      return rows
        .map((row) => rowOf(TrustRow, row))
        .find(({ document }) => document.includes(`-${remediation}-repair-`))?.breaker;
    },
    drain: drainOf({ lab, report, items }),
    letters: () =>
      Object.entries(lab.queues.deadLetters()).flatMap(([queue, messages]) =>
        messages.map(({ messageId, body, attributes: { reason, time, ...others } }) => ({
          ...{ messageId, queue, body, reason: reason?.StringValue, time: time?.StringValue },
          function: others.function?.StringValue,
        })),
      ),
  };
};
