import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { ResultRow } from '../../core/state/results.ts';
import { unpacked } from '../../functions/adapters/table/packed.ts';
import type { Lab } from '../../lab/aws/lab.ts';
import { bootLab } from '../../lab/boot.ts';
import { type RealFleet, startRealFleet } from '../../lab/real/fleet.ts';
import type { RealNodeSpec } from '../../lab/real/generations.ts';
import { followJournal, logStreamOf, toFluentBitRecord } from '../../lab/real/journal.ts';
import type { NodeSnapshot, RealNode } from '../../lab/real/node.ts';
import { LAB_CLUSTER, LAB_ENVIRONMENT, LAB_LOG_GROUP, labConfig, synthLab } from '../../lab/synth.ts';
import { accepted } from '../support/answers.ts';

/** Real nodes by name, and the pipeline that manages them. */
export type World<Name extends string> = {
  readonly lab: Lab;
  readonly fleet: RealFleet;
  readonly nodes: Readonly<Record<Name, RealNode>>;
  /** Sets a node's tag `fleetmend:mode`, or takes it off; EC2 shows it at once. */
  readonly setMode: (name: Name, mode: 'observe' | 'off' | undefined) => void;
  /** Ships the nodes' runtime logs to CloudWatch Logs from now on, as Fluent Bit does. */
  readonly shipLogs: () => Promise<void>;
  readonly ask: (request: Readonly<Record<string, unknown>>) => Promise<void>;
  /** A node's results, the newest first. */
  readonly history: (name: Name) => Promise<readonly ResultRow[]>;
  /** Waits for the first matching result of a node; throws with the other results. */
  readonly result: (name: Name, fits: (row: ResultRow) => boolean) => Promise<ResultRow>;
  readonly report: (query: Readonly<Record<string, unknown>>) => Promise<readonly AuditItem[]>;
  /** Every item of the audit table. */
  readonly tableItems: () => Promise<readonly unknown[]>;
  readonly stop: () => Promise<void>;
};

const Item = z.looseObject({ kind: z.string() });
/** An item of audit-query's answer. */
export type AuditItem = z.infer<typeof Item>;

const PATIENCE_MS = 60_000;
/** Each look is an invocation of audit-query, beside documents that need the processor. */
const LOOK_AGAIN_MS = 1000;
/** No cool-down: the tests are about a second repair, not about the wait before it. */
export const COOL_DOWN_SECONDS = 1;

/** Boots the nodes in parallel, then the lab with the stack. */
export const startWorld = async <Name extends string>(
  specs: Readonly<Record<Name, RealNodeSpec>>,
): Promise<World<Name>> => {
  const names = Object.keys(specs) as Name[];
  const ids = new Map(names.map((name) => [name, `i-0${randomBytes(8).toString('hex')}`]));
  const fleet = await startRealFleet({
    nodes: names.map((name) => ({ ...specs[name], instanceId: ids.get(name) ?? '' })),
    cluster: LAB_CLUSTER,
    region: LAB_ENVIRONMENT.region,
    accountId: LAB_ENVIRONMENT.account,
  });
  const nodeOf = (name: Name): RealNode => {
    const node = fleet.nodes.find((n) => n.instanceId === ids.get(name));
    if (node === undefined) throw new Error(`starting the nodes: there is no ${name}`);
    return node;
  };
  const nodes = Object.fromEntries(names.map((name) => [name, nodeOf(name)])) as Record<Name, RealNode>;
  const tags = new Map(names.map((name): [Name, Record<string, string>] => [name, { ...nodes[name].tags }]));
  const labNodes = names.map((name) => ({ ...nodes[name], tags: tags.get(name) ?? {} }));
  const stops: (() => Promise<void>)[] = [fleet.stop];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end();
  };
  try {
    const config = labConfig({ coolDownSeconds: COOL_DOWN_SECONDS });
    const lab = await bootLab({ ...synthLab(config), nodes: labNodes, ...LAB_ENVIRONMENT });
    stops.push(lab.stop);
    const table = new DynamoDBClient({
      region: lab.region,
      endpoint: lab.endpointUrl,
      credentials: lab.credentialsFor('auditor'),
    });
    const report: World<Name>['report'] = async (query) =>
      z.object({ items: z.array(Item) }).parse(await lab.invoke('fleetmend-audit-query', { limit: 500, ...query }))
        .items;
    const history: World<Name>['history'] = async (name) =>
      (await report({ query: 'node', instanceId: nodes[name].instanceId })).flatMap(({ kind, ...row }) =>
        kind === 'result' ? [ResultRow.parse(row)] : [],
      );
    return {
      lab,
      fleet,
      nodes,
      setMode: (name, mode) => {
        const own = tags.get(name) ?? {};
        if (mode === undefined) delete own['fleetmend:mode'];
        else own['fleetmend:mode'] = mode;
      },
      shipLogs: async () => {
        for (const node of fleet.nodes) {
          const end = await followJournal(node, (line) => {
            const record = { message: toFluentBitRecord(node, line), timestamp: line.timeMilliseconds };
            void lab.putLogEvents(LAB_LOG_GROUP, logStreamOf(node, line.unit), [record]);
          });
          stops.push(end);
        }
      },
      ask: async (request) => {
        accepted(
          await lab.invoke('fleetmend-operator-api', { cluster: LAB_CLUSTER, requestedBy: 'tests', ...request }),
        );
      },
      history,
      result: async (name, fits) => {
        const end = Date.now() + PATIENCE_MS;
        for (;;) {
          const rows = await history(name);
          const found = rows.find(fits);
          if (found !== undefined) return found;
          if (Date.now() > end)
            throw new Error(`waiting for a result of ${name}: there is only ${JSON.stringify(rows)}`);
          await delay(LOOK_AGAIN_MS);
        }
      },
      report,
      tableItems: async () => {
        const items: unknown[] = [];
        const TableName = lab.outputs.AuditTableName;
        for await (const page of paginateScan({ client: DynamoDBDocumentClient.from(table) }, { TableName })) {
          // A text that is looked for may be in what was compressed.
          items.push(...(page.Items ?? []).map(unpacked));
        }
        return items;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Starts a pod sandbox as kubelet does, and takes it away again; undefined where it started, else containerd's error. */
export const startPod = async (node: RealNode): Promise<string | undefined> => {
  const result = await node.runPodSandbox();
  if (!result.ok) return result.error;
  await node.removeSandboxes();
  return undefined;
};

/** The image records of a node by name, without those by id that the CRI keeps. */
export const imagesByName = (
  snapshot: Pick<NodeSnapshot, 'images'>,
): Readonly<Record<string, NodeSnapshot['images'][number]>> =>
  Object.fromEntries(
    snapshot.images.filter(({ name }) => !name.startsWith('sha256:')).map((image) => [image.name, image]),
  );
