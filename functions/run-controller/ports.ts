import type { RegistryProbe } from '../adapters/ecr/registry-probe.ts';
import type { Nodegroups } from '../adapters/eks/nodegroups.ts';
import type { Bus } from '../adapters/messaging/bus.ts';
import type { LookQueue } from '../adapters/messaging/look-queue.ts';
import type { WakeQueue } from '../adapters/messaging/wake-queue.ts';
import type { Sleep } from '../adapters/sleep.ts';
import type { CommandReader, Sender } from '../adapters/ssm/run-command.ts';
import type { CommitStore } from '../adapters/table/commit-store.ts';
import type { LaneStore } from '../adapters/table/lane-store.ts';
import type { RequestStore } from '../adapters/table/request-store.ts';
import type { ResultStore } from '../adapters/table/result-store.ts';
import type { RunStore } from '../adapters/table/run-store.ts';
import type { SignalStore } from '../adapters/table/signal-store.ts';
import type { TrustStore } from '../adapters/table/trust-store.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count, Measure } from '../runtime/metrics.ts';
import type { Settings } from '../runtime/settings.ts';
import type { BeyondEc2 } from '../shared/beyond-ec2.ts';
import type { Fleet } from '../shared/fleet.ts';
import type { ObservationWriter } from '../shared/observation-writer.ts';
import type { FactMemory } from './fact-memory.ts';

/** The ports of run-controller. */
export type RunControllerPorts = {
  readonly runs: RunStore;
  readonly lanes: LaneStore;
  readonly commits: CommitStore;
  readonly trust: TrustStore;
  readonly observations: ObservationWriter;
  readonly results: Pick<ResultStore, 'putResult' | 'putCommand' | 'setCommandDue' | 'nodeStates' | 'pauseFor'>;
  readonly requests: Pick<RequestStore, 'nodes' | 'keepNodes' | 'standing' | 'cancelledIn' | 'forgetCancelled'>;
  readonly signals: Pick<SignalStore, 'readRows' | 'addPending' | 'touchLane'>;
  readonly fleet: Pick<Fleet, 'list'>;
  readonly facts: FactMemory;
  readonly beyondEc2: BeyondEc2;
  readonly nodegroups: Nodegroups;
  readonly registry: RegistryProbe;
  readonly sender: Sender;
  readonly reader: Pick<CommandReader, 'find'>;
  readonly wakes: WakeQueue;
  readonly looks: LookQueue;
  readonly bus: Bus;
  readonly settings: Settings;
  readonly log: Log;
  readonly count: Count;
  readonly measure: Measure;
  readonly now: () => Date;
  readonly wait: Sleep;
  readonly random: () => number;
  readonly newRunId: () => string;
};

/** The ISO time now. */
export const nowIso = (deps: Pick<RunControllerPorts, 'now'>): string => deps.now().toISOString();
