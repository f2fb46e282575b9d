import type { BeyondEc2 } from '../adapters/beyond-ec2.ts';
import type { Bus } from '../adapters/bus.ts';
import type { Fleet } from '../adapters/fleet.ts';
import type { LaneStore } from '../adapters/lane-store.ts';
import type { Nodegroups } from '../adapters/nodegroups.ts';
import type { RegistryProbe } from '../adapters/registry-probe.ts';
import type { ResultStore } from '../adapters/result-store.ts';
import type { CommandReader, Sender } from '../adapters/run-command.ts';
import type { RunStore } from '../adapters/run-store.ts';
import type { SignalStore } from '../adapters/signal-store.ts';
import type { WakeQueue } from '../adapters/wake-queue.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';
import type { Settings } from '../runtime/settings.ts';

/** What λ advance works with. */
export type AdvanceDeps = {
  readonly runs: RunStore;
  readonly lanes: LaneStore;
  readonly results: Pick<ResultStore, 'putResult' | 'putCommand' | 'nodeStates' | 'pauseFor'>;
  readonly signals: Pick<SignalStore, 'addNews' | 'touchLane'>;
  readonly fleet: Fleet;
  readonly beyondEc2: BeyondEc2;
  readonly nodegroups: Nodegroups;
  readonly registry: RegistryProbe;
  readonly sender: Sender;
  readonly reader: Pick<CommandReader, 'find'>;
  readonly wakes: WakeQueue;
  readonly bus: Bus;
  readonly settings: Settings;
  readonly log: Log;
  readonly count: Count;
  readonly now: () => Date;
  readonly newRunId: () => string;
};

/** The ISO time now. */
export const nowIso = (deps: Pick<AdvanceDeps, 'now'>): string => deps.now().toISOString();
