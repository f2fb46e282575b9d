import * as z from 'zod';
import { defined } from '../core/model/defined.ts';
import { describeIssue } from '../core/model/issue.ts';
import { remediations } from '../ssm-documents/remediations.ts';
import type { Lab } from './aws/lab.ts';
import type { SimulatedNode } from './sim/node.ts';
import type { SimulatedFault } from './sim/result.ts';
import { sandboxError, sandboxRecord } from './sim/sandbox-record.ts';

const Nodes = z.array(z.string()).min(1, 'name a node');

/** What a person asks of the lab. */
const Drill = z.discriminatedUnion('drill', [
  z.strictObject({ drill: z.literal('break'), nodes: Nodes, fault: z.string().default('SandboxImageMissing') }),
  z.strictObject({ drill: z.literal('log'), nodes: Nodes }),
  z.strictObject({ drill: z.literal('offline'), nodes: Nodes, online: z.boolean().default(false) }),
  z.strictObject({ drill: z.literal('scenario'), name: z.string().optional() }),
]);

/** The answer to a drill: lines for the person, or what is wrong. */
export type DrillAnswer =
  | { readonly ok: true; readonly lines: readonly string[] }
  | { readonly ok: false; readonly error: { readonly message: string; readonly allowed?: readonly string[] } };

/** What the drills work on: a lab, and the simulated nodes of one of its clusters. */
export type Ground = {
  readonly lab: Pick<Lab, 'putLogEvents' | 'now' | 'region'>;
  readonly nodes: readonly SimulatedNode[];
  readonly cluster: string;
  readonly logGroup: string;
};

class Refusal extends Error {
  readonly allowed: readonly string[] | undefined;

  constructor(message: string, allowed?: readonly string[]) {
    super(message);
    this.allowed = allowed;
  }
}

const IMAGE = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5';
/** Methods by remediation, for those whose repairs name one. */
const METHODS: Readonly<Record<string, string>> = { 'pause-image': 'ecr' };

const faultOf = (reason: string): SimulatedFault => {
  const remediation = remediations.find(({ reasons }) => reason in reasons);
  if (remediation === undefined)
    throw new Refusal(
      `there is no fault ${reason}`,
      remediations.flatMap(({ reasons }) => Object.keys(reasons)),
    );
  const { name, reasons } = remediation;
  const { [name]: method } = METHODS;
  const isRepairable = reasons[reason]?.repairable !== false;
  const repair: SimulatedFault['repair'] = isRepairable
    ? { kind: 'repairs', ...defined({ method }) }
    : { kind: 'fails', reason };
  return { remediation: name, reason, repair };
};

const nodesNamed = ({ nodes, cluster }: Ground, names: readonly string[]): readonly SimulatedNode[] =>
  names.map((given) => {
    const name = given.replace(/^nodes?\//, '');
    const found = nodes.find(
      ({ instanceId, privateDnsName }) =>
        instanceId === name || privateDnsName === name || privateDnsName.startsWith(`${name}.`),
    );
    if (found === undefined)
      throw new Refusal(
        `cluster ${cluster} of the lab has no node ${name}`,
        nodes.slice(0, 5).map(({ instanceId }) => instanceId),
      );
    return found;
  });

const hostOf = ({ privateDnsName }: SimulatedNode): string => privateDnsName.split('.', 1)[0] ?? privateDnsName;
const listOf = (nodes: readonly SimulatedNode[]): string =>
  nodes.map((node) => `${hostOf(node)} (${node.instanceId})`).join(', ');

const log = async ({ lab, logGroup }: Ground, nodes: readonly SimulatedNode[]): Promise<void> => {
  for (const node of nodes) {
    const { stream, line } = sandboxRecord(node, sandboxError(IMAGE), { region: lab.region, now: lab.now() });
    await lab.putLogEvents(logGroup, stream, [line]);
  }
};

/** Nodes that work: those that a scenario breaks. */
const working = ({ nodes }: Ground, count: number): readonly SimulatedNode[] => {
  const found = nodes.filter((node) => node.faults().length === 0 && node.pingStatus() === 'Online').slice(0, count);
  if (found.length < count) throw new Refusal(`fewer than ${count} nodes of the lab work: start it again`);
  return found;
};

type Scenario = { readonly title: string; readonly begin: (ground: Ground) => Promise<readonly string[]> };

const breakSome = (ground: Ground, count: number, fault: SimulatedFault): readonly SimulatedNode[] => {
  const some = working(ground, count);
  for (const node of some) node.breakWith(fault);
  return some;
};

/** The scenarios by name: what a person on call is told, and nothing of its cause. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'pods-hang': {
    title: 'new pods of a node stay in ContainerCreating, and nothing was logged',
    begin: async (ground) => {
      const [node] = breakSome(ground, 1, faultOf('SandboxImageMissing'));
      const host = node === undefined ? '' : hostOf(node);
      return [
        `New pods on ${host} of ${ground.cluster} stay in ContainerCreating; the node says Ready.`,
        `Begin with: fleetmend check ${host} -c ${ground.cluster}`,
      ];
    },
  },
  storm: {
    title: 'six nodes log at once that they cannot start pods',
    begin: async (ground) => {
      const some = breakSome(ground, 6, faultOf('SandboxImageMissing'));
      await log(ground, some);
      return [`Six nodes of ${ground.cluster} report failed sandboxes.`, 'Begin with: fleetmend'];
    },
  },
  'needs-policy': {
    title: 'the repair of a node would restart something, and policy forbids that',
    begin: async (ground) => {
      const [node] = breakSome(ground, 1, faultOf('CNIConfigMissing'));
      const host = node === undefined ? '' : hostOf(node);
      return [`Pods on ${host} get no address.`, `Begin with: fleetmend check ${host} -c ${ground.cluster}`];
    },
  },
  'bad-repair': {
    title: 'a repair fails on each node that it is tried on',
    begin: async (ground) => {
      const fault = faultOf('SandboxImageMissing');
      const some = breakSome(ground, 4, { ...fault, repair: { kind: 'fails', reason: 'VerifyFailed' } });
      await log(ground, some);
      return [`Four nodes of ${ground.cluster} report failed sandboxes.`, 'Begin with: fleetmend status -w'];
    },
  },
  silent: {
    title: 'a node is shown as Online and never answers',
    begin: async (ground) => {
      const [node] = working(ground, 1);
      node?.setOffline(true);
      return [
        `Nobody knows how ${node === undefined ? 'the node' : hostOf(node)} is.`,
        `Begin with: fleetmend check -c ${ground.cluster}`,
      ];
    },
  },
};

const scenario = async (ground: Ground, name: string | undefined): Promise<readonly string[]> => {
  const names = Object.keys(SCENARIOS);
  if (name === undefined)
    return ['Scenarios:', ...Object.entries(SCENARIOS).map(([own, { title }]) => `  ${own.padEnd(13)} ${title}`)];
  const found = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
  if (found === undefined) throw new Refusal(`there is no scenario ${name}`, names);
  return await found.begin(ground);
};

const perform = async (ground: Ground, drill: z.infer<typeof Drill>): Promise<readonly string[]> => {
  if (drill.drill === 'scenario') return await scenario(ground, drill.name);
  const nodes = nodesNamed(ground, drill.nodes);
  switch (drill.drill) {
    case 'break': {
      const fault = faultOf(drill.fault);
      for (const node of nodes) node.breakWith(fault);
      return [`${drill.fault} on ${listOf(nodes)}. Nothing was logged: fleetmend lab log, or wait for a sweep.`];
    }
    case 'log':
      await log(ground, nodes);
      return [`containerd has logged a failed sandbox on ${listOf(nodes)}.`];
    case 'offline':
      for (const node of nodes) node.setOffline(!drill.online);
      return [`The agent is ${drill.online ? 'back' : 'silent'} on ${listOf(nodes)}.`];
  }
};

/** Performs a drill that a person asks for, whatever was sent. */
export const performDrill = async (ground: Ground, asked: unknown): Promise<DrillAnswer> => {
  const parsed = Drill.safeParse(asked);
  if (!parsed.success) return { ok: false, error: { message: describeIssue(parsed.error, '(drill)') } };
  try {
    return { ok: true, lines: await perform(ground, parsed.data) };
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const { message, allowed } = thrown;
    return { ok: false, error: { message, ...defined({ allowed }) } };
  }
};
