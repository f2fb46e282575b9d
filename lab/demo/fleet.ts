import type { Lab } from '../aws/lab.ts';
import type { LabNode } from '../node.ts';

/** One node that the demo breaks, and what must become of it. */
export type Story = {
  readonly instanceId: string;
  /** How it is broken, for the person who watches. */
  readonly fault: string;
  /** The method that must repair it. */
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
  /** Starts a pod sandbox on a node as kubelet does; undefined where it started, else the runtime's own error. */
  readonly startPod: (instanceId: string) => Promise<string | undefined>;
  /** Healthy nodes on which something has changed, with what. */
  readonly touched: () => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
};
