import { defined } from '../../core/model/defined.ts';
import type { LabClock } from '../aws/clock.ts';
import type { Random } from '../aws/random.ts';
import type { AgentReply, DeliveredDocument, LabNode } from '../node.ts';
import { FLEET_LATENCY, type Latency } from './latency.ts';
import { exitCodeOf, playDocument, readDocumentName, readPart, type SimulatedFault } from './result.ts';

/** Options of {@link createSimulatedNode}. */
export type SimulatedNodeOptions = {
  readonly instanceId: string;
  readonly cluster: string;
  readonly clock: LabClock;
  readonly random: Random;
  readonly tags?: Readonly<Record<string, string>>;
  /** Named after its cluster by default: EKS does not know it in another one. */
  readonly nodegroup?: string;
  readonly faults?: readonly SimulatedFault[];
  readonly latency?: Latency;
  /** As SSM shows it; Amazon Linux by default. */
  readonly platformName?: string;
  /** An instance of EKS Auto Mode. */
  readonly autoMode?: boolean;
  /** The agent never answers; with `pings`, SSM still shows it as Online. */
  readonly offline?: boolean;
  readonly pings?: boolean;
};

/** A document that fails late on a node, whatever the node's faults: longer than a soft deadline, or a script's timeout. */
export type SlowFailure = {
  /** The documents by name: a text that the name contains, such as `pause-image-repair`. */
  readonly documentName: string;
  readonly afterMs: number;
  /** The reason that the script reports; without it, the script is killed and reports nothing. */
  readonly reason?: string;
  /** The number of runs that fail; every run if absent. */
  times?: number;
};

/** One document that a node ran. */
export type SimulatedRun = { readonly at: number; readonly commandId: string; readonly documentName: string };

/** A node that runs no document and answers as a real node does. */
export type SimulatedNode = LabNode & {
  readonly kind: 'simulated';
  readonly breakWith: (fault: SimulatedFault) => void;
  /** Somebody repairs the node by hand. */
  readonly recover: () => void;
  readonly faults: () => readonly SimulatedFault[];
  readonly setOffline: (offline: boolean) => void;
  readonly failSlowly: (failure: SlowFailure) => void;
  readonly setState: (state: ReturnType<LabNode['state']>) => void;
  readonly runs: readonly SimulatedRun[];
  /** The highest number of documents that ran at the same time; more than one is an error of the pipeline. */
  readonly mostAtOnce: () => number;
};

const TIMEOUT_EXIT_CODE = 137;
const DEFAULT_TIMEOUT_SECONDS = 3600;

const timeoutMsOf = (document: DeliveredDocument): number =>
  document.content.mainSteps.reduce(
    (total, step) => total + Number(step.inputs.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS),
    0,
  ) * 1000;

/** Creates a node: a few numbers and one timer while it runs a document, so that ten thousand are cheap. */
export const createSimulatedNode = (options: SimulatedNodeOptions): SimulatedNode => {
  const { clock, random } = options;
  const latency = options.latency ?? FLEET_LATENCY;
  let faults: readonly SimulatedFault[] = options.faults ?? [];
  let offline = options.offline ?? false;
  let slowFailures: readonly SlowFailure[] = [];
  let state: ReturnType<LabNode['state']> = 'running';
  let running = 0;
  let most = 0;
  const runs: SimulatedRun[] = [];
  const address = options.instanceId
    .slice(-4)
    .match(/../g)
    ?.map((pair) => Number.parseInt(pair, 16)) ?? [0, 0];

  /** The slow failure of this run, which is counted. */
  const slowFailureOf = (documentName: string): SlowFailure | undefined => {
    const failure = slowFailures.find((f) => documentName.includes(f.documentName) && (f.times ?? 1) > 0);
    if (failure?.times !== undefined) failure.times -= 1;
    return failure;
  };
  /** The faults as the script of a slow failure meets them: its own remediation's fails with the reason, or dies. */
  const faultsUnder = (failure: SlowFailure, remediation: string): readonly SimulatedFault[] => {
    const own = faults.find((f) => f.remediation === remediation);
    const { reason } = failure;
    return [
      {
        ...(own ?? { remediation, reason: reason ?? 'ScriptKilled' }),
        repair: reason === undefined ? { kind: 'crashes' } : { kind: 'fails', reason },
      },
    ];
  };
  const finish = (document: DeliveredDocument, startedMs: number, slow: SlowFailure | undefined): AgentReply => {
    const key = readDocumentName(document.documentName);
    if (key === undefined)
      return { statusDetails: 'Success', exitCode: 0, stdout: '', stderr: `${document.documentName} is not simulated` };
    const script = document.content.mainSteps.flatMap((step) => step.inputs.runCommand).join('\n');
    const { result, left } = playDocument(
      { ...key, ...readPart(script) },
      slow === undefined ? faults : faultsUnder(slow, key.remediation),
      new Date(startedMs).toISOString(),
      new Date(clock.now()).toISOString(),
    );
    if (slow === undefined) faults = left;
    const exitCode = exitCodeOf(result);
    return {
      statusDetails: exitCode === 0 ? 'Success' : 'Failed',
      exitCode,
      stdout: result === undefined ? '' : `${JSON.stringify(result)}\n`,
      stderr: result === undefined ? 'the script was killed (simulated)\n' : '',
    };
  };

  const run: LabNode['run'] = (document, signal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      if (offline || state !== 'running') return;
      const startedMs = clock.now();
      runs.push({ at: startedMs, commandId: document.commandId, documentName: document.documentName });
      running += 1;
      most = Math.max(most, running);
      const slow = slowFailureOf(document.documentName);
      const takesMs = slow?.afterMs ?? latency(random);
      const limitMs = timeoutMsOf(document);
      const cancel = clock.after(Math.min(takesMs, limitMs), () => {
        running -= 1;
        if (takesMs > limitMs)
          resolve({
            statusDetails: 'ExecutionTimedOut',
            exitCode: TIMEOUT_EXIT_CODE,
            stdout: '',
            stderr: 'timed out (simulated)\n',
          });
        else if (!offline) resolve(finish(document, startedMs, slow));
      });
      signal.addEventListener('abort', cancel, { once: true });
    });

  return {
    instanceId: options.instanceId,
    kind: 'simulated',
    cluster: options.cluster,
    tags: {
      'eks:cluster-name': options.cluster,
      'eks:nodegroup-name': options.nodegroup ?? `${options.cluster}-workers`,
      [`kubernetes.io/cluster/${options.cluster}`]: 'owned',
      ...options.tags,
    },
    privateDnsName: `ip-10-0-${address.join('-')}.ec2.internal`,
    platformName: options.platformName ?? 'Amazon Linux',
    ...defined({ autoMode: options.autoMode }),
    agentVersion: '3.3.2299.0',
    state: () => state,
    pingStatus: () => (offline && options.pings !== true ? 'ConnectionLost' : 'Online'),
    run,
    breakWith: (fault) => {
      faults = [...faults.filter((f) => f.remediation !== fault.remediation), fault];
    },
    recover: () => {
      faults = [];
    },
    faults: () => faults,
    setOffline: (value) => {
      offline = value;
    },
    failSlowly: (failure) => {
      slowFailures = [...slowFailures, { ...failure }];
    },
    setState: (value) => {
      state = value;
    },
    runs,
    mostAtOnce: () => most,
  };
};
