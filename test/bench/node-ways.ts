import { documentName } from '../../events/ssm-command.ts';
import type { DeliveredDocument } from '../../lab/node.ts';
import type { BreakKind } from '../../lab/real/breaks.ts';
import type { RealFleet } from '../../lab/real/fleet.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { processorTime } from './processor-time.ts';
import { partsOf, type RepairParts, withClock } from './repair-parts.ts';
import { median } from './statistics.ts';

/** A way to repair or to check a node. */
export type Way = {
  readonly name: string;
  readonly breakKind?: BreakKind;
  readonly document: DeliveredDocument;
  /** Documents that run at the same time. */
  readonly beside?: readonly DeliveredDocument[];
  /** What the result line must say, or nothing for commands by hand. */
  readonly expect?: { readonly outcome: string; readonly method?: string };
  /** Whether the parts of the repair are timed: `expect` names its method. */
  readonly isTimed?: boolean;
  /** A script that runs on the node before, and is not measured. */
  readonly before?: string;
  /** Whether commands by hand restore the image: they end before containerd's CRI plugin knows it, and so does their time. */
  readonly isByHand?: boolean;
};

/** One run of a way. */
export type Sample = { readonly wallMs: number; readonly processorMs: number; readonly parts?: RepairParts };

/** The cost of one way on a node: medians in milliseconds. */
export type WayFigures = {
  readonly way: string;
  readonly wallMs: number;
  /** Processor time of the whole node: the document, its tools, containerd and what it starts. */
  readonly processorMs: number;
  /** Median over the rounds of this way's time over the manual way's. */
  readonly wallRatio: number;
  /** Medians of the parts of a repair. */
  readonly parts?: RepairParts;
  /** Median over the rounds of the method without its token, until the image is usable, over `ctr content fetch`. */
  readonly methodRatio?: number;
  /** Medians over the rounds of this way's time over that of others, by their names. */
  readonly over?: Readonly<Record<string, number>>;
};

const COMMAND_ID = '11111111-2222-4333-8444-555555555555';
const TWIN = '961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause:3.5';
const TOKEN_FILE = '/run/bench-token';

/** A built document as SSM delivers it. */
export const built = (key: string): DeliveredDocument => {
  const document = buildDocuments().find((d) => d.key === key);
  if (document === undefined) throw new Error(`measuring on a node: no document ${key} is built`);
  return delivered(documentName('fleetmend', document.key, document.sha256), document.content);
};

/** Any content as SSM delivers it. */
export const delivered = (name: string, content: DeliveredDocument['content']): DeliveredDocument => ({
  commandId: COMMAND_ID,
  documentName: name,
  content,
});

const script = (name: string, lines: readonly string[]): DeliveredDocument =>
  delivered(name, {
    schemaVersion: '2.2',
    mainSteps: [
      {
        name: 'fetch',
        action: 'aws:runShellScript',
        inputs: { runCommand: ['#!/bin/bash', 'set -e', ...lines], timeoutSeconds: '300' },
      },
    ],
  });

/** The manual commands, run by the same agent. */
export const byHand = (node: RealNode): Way => ({
  name: 'by hand: AWS CLI, ctr content fetch',
  breakKind: 'missing',
  isByHand: true,
  document: script('by-hand', [
    `ecr_password=$(aws ecr get-login-password --region ${node.region})`,
    `ctr --namespace k8s.io content fetch "${node.sandboxImage}" --user "AWS:$ecr_password"`,
  ]),
});

/** The fetch alone, with a token that is there. */
export const givenToken = (node: RealNode): Way => ({
  name: 'ctr content fetch with a given token',
  breakKind: 'missing',
  isByHand: true,
  before: `umask 077; aws ecr get-login-password --region ${node.region} > ${TOKEN_FILE}`,
  document: script('given-token', [
    `ctr --namespace k8s.io content fetch "${node.sandboxImage}" --user "AWS:$(< ${TOKEN_FILE})"`,
  ]),
});

/** Breaks the node, runs a way, and proves that pods start after it. */
export const runWay = async (fleet: RealFleet, node: RealNode, way: Way): Promise<Sample> => {
  if (way.breakKind !== undefined) await node.breakNode(way.breakKind);
  if (way.before !== undefined) {
    const { code, stderr } = await node.exec(['sh', '-euc', way.before]);
    if (code !== 0) throw new Error(`measuring ${way.name}: ${way.before}: ${stderr.trim()}`);
  }
  const documents = [way.isTimed === true ? withClock(way.document) : way.document, ...(way.beside ?? [])];
  const before = processorTime(fleet, node);
  const since = performance.now();
  const replies = await Promise.all(documents.map((document) => node.run(document, new AbortController().signal)));
  const wallMs = performance.now() - since;
  const processorMs = processorTime(fleet, node) - before;
  for (const reply of replies) {
    const said = `${reply.statusDetails}: ${reply.stdout.trim().slice(0, 300)} ${reply.stderr.trim().slice(-300)}`;
    if (reply.exitCode !== 0) throw new Error(`measuring ${way.name}: ${said}`);
    for (const [field, value] of Object.entries(way.expect ?? {})) {
      if (!reply.stdout.includes(`"${field}":"${value}"`))
        throw new Error(`measuring ${way.name}: no ${value}: ${said}`);
    }
  }
  // A repair waits for that itself.
  if (way.isByHand === true) await node.cri.waitForImage(node.sandboxImage, node.pauseImage.config.digest);
  const pod = await node.runPodSandbox();
  if (!pod.ok) throw new Error(`measuring ${way.name}: no pod starts after it: ${pod.error}`);
  await node.removeSandboxes();
  // Otherwise it would be a local copy for the next repair.
  if (way.breakKind === 'missing-with-twin') await node.ctr(['images', 'rm', TWIN]);
  const startedMs = performance.timeOrigin + since;
  const [first] = replies;
  if (way.isTimed !== true || first === undefined) return { wallMs, processorMs };
  const parts = partsOf(first.stderr, way.expect?.method ?? '', startedMs, startedMs + wallMs);
  return { wallMs, processorMs, parts };
};

const medianOf = (samples: readonly Sample[], part: keyof RepairParts): number =>
  median(samples.map(({ parts }) => parts?.[part] ?? Number.NaN));

/** The figures of a way over the rounds, beside the manual way and the fetch alone in the same rounds. */
export const figuresOf = (
  way: Way,
  samples: readonly Sample[],
  { manual, fetched }: { readonly manual: readonly Sample[]; readonly fetched: readonly Sample[] },
): WayFigures => {
  const figures = {
    way: way.name,
    wallMs: median(samples.map((s) => s.wallMs)),
    processorMs: median(samples.map((s) => s.processorMs)),
    wallRatio: median(samples.map((s, round) => s.wallMs / (manual[round]?.wallMs ?? Number.NaN))),
  };
  if (way.isTimed !== true) return figures;
  const methodMs = ({ parts }: Sample): number => parts?.image ?? Number.NaN;
  return {
    ...figures,
    methodRatio: median(samples.map((s, round) => methodMs(s) / (fetched[round]?.wallMs ?? Number.NaN))),
    parts: {
      look: medianOf(samples, 'look'),
      others: medianOf(samples, 'others'),
      token: medianOf(samples, 'token'),
      image: medianOf(samples, 'image'),
      pin: medianOf(samples, 'pin'),
      proof: medianOf(samples, 'proof'),
      end: medianOf(samples, 'end'),
    },
  };
};
