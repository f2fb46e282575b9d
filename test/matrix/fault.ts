import type { RealFleet } from '../../lab/real/fleet.ts';
import type { GenerationName, RealNodeSpec } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';

/** What a fault acts on besides its node: the services of the fleet (registry, S3, the ECR API). */
export type FaultScene = { readonly fleet: RealFleet };

/** What a document's result line must say. `evidence` holds facts that must have that value or match it. */
export type ExpectedResult = {
  readonly outcome: string;
  readonly reason?: string;
  /** `Skipped`'s why. */
  readonly skipReason?: string;
  readonly method?: string;
  readonly cause?: string;
  readonly willRecur?: boolean;
  readonly message?: RegExp;
  /** The last error line of a tool. */
  readonly detail?: RegExp;
  readonly evidence?: Readonly<Record<string, unknown>>;
};

/** One row of the matrix: a way in which nodes break, and what the documents must make of it. */
export type Fault = {
  /** As it stands in docs/matrix.md: "conflist present, /opt/cni/bin empty". */
  readonly name: string;
  /** Whose documents are run: `<remediation>-check`, `<remediation>-repair`. */
  readonly remediation: string;
  /** Where it can occur; on the others it is "not applicable". */
  readonly generations: readonly GenerationName[];
  /** What the node is booted with, where the fault needs it: such a fault gets a node of its own. */
  readonly node?: Partial<RealNodeSpec>;
  readonly break: (node: RealNode, scene: FaultScene) => Promise<void>;
  /** What `check` must say; a function where it differs by generation. */
  readonly check: ExpectedResult | ((generation: GenerationName) => ExpectedResult);
  /**
   * What `repair` must say. Absent where only a person can repair: the repair then gives the check's reason, repairs nothing
   * and leaves the node as it was.
   */
  readonly repair?: ExpectedResult | ((generation: GenerationName) => ExpectedResult);
  /** Whether a pod's sandbox fails before, by which words, and whether it starts after the repair. */
  readonly sandbox?: {
    readonly failsBefore?: RegExp;
    readonly startsAfter: boolean;
    readonly network?: 'NODE' | 'POD';
  };
  /** Whether only the journals show it, once pods of two workloads have failed: no check knows it. */
  readonly isOnlyInJournals?: boolean;
  /** What the repair of a repaired node says the second time; `{ outcome: 'Healthy' }` unless given. */
  readonly again?: ExpectedResult | ((generation: GenerationName) => ExpectedResult);
  /** Puts the node back for the next fault, where the repair does not. A check must find nothing after it. */
  readonly restore?: (node: RealNode, scene: FaultScene) => Promise<void>;
  /** Whether it takes long, or is close to another: such a fault is left to the full run. */
  readonly slow?: boolean;
  /** Whether the repair is also killed at random moments; the next one must repair. Off by default. */
  readonly kill?: boolean;
};
