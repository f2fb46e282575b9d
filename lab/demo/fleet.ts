import type { Lab } from '../aws/lab.ts';
import type { LabNode } from '../node.ts';

/** A node that the demo breaks, and the expected repair. */
export type Story = {
  readonly instanceId: string;
  /** The fault, as printed by the demo. */
  readonly fault: string;
  /** The expected method of the repair. */
  readonly method: string;
};

/** The nodes of a demo, real or simulated. */
export type DemoFleet = {
  readonly nodes: readonly LabNode[];
  readonly stories: readonly Story[];
  /** Breaks the nodes of the stories. */
  readonly breakNodes: () => Promise<void>;
  /** Ships the nodes' runtime logs to the lab's CloudWatch Logs until stopped. */
  readonly shipLogs: (lab: Lab) => Promise<() => Promise<void>>;
  /** Starts a pod sandbox on a node as kubelet does. Returns undefined on success, otherwise the runtime's error. */
  readonly startPod: (instanceId: string) => Promise<string | undefined>;
  /** Instance ids of the healthy nodes that have changed. */
  readonly touched: () => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
};
