/** A document as the service hands it to an agent. */
export type DeliveredDocument = {
  readonly commandId: string;
  readonly documentName: string;
  /** The parsed SSM Command document, schema 2.2. */
  readonly content: {
    readonly schemaVersion: string;
    readonly mainSteps: readonly {
      readonly name: string;
      readonly action: string;
      readonly inputs: { readonly runCommand: readonly string[]; readonly timeoutSeconds?: string };
    }[];
  };
};

/** What the agent replies when the script has ended. */
export type AgentReply = {
  /** SSM's invocation StatusDetails: `Success`, `Failed`, `ExecutionTimedOut`, … */
  readonly statusDetails: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** A node of the lab, real or simulated, as EC2 and SSM see it. */
export type LabNode = {
  readonly instanceId: string;
  readonly kind: 'real' | 'simulated';
  readonly cluster: string;
  /** EC2 tags, the cluster's among them. */
  readonly tags: Readonly<Record<string, string>>;
  readonly privateDnsName: string;
  readonly platformName: string;
  /** An instance that AWS manages for EKS Auto Mode: it is not in SSM, and EC2 hides it unless it is requested. */
  readonly autoMode?: boolean;
  readonly agentVersion: string;
  /** EC2's instance state name. */
  readonly state: () => 'running' | 'shutting-down' | 'terminated' | 'stopped';
  /** SSM's PingStatus as DescribeInstanceInformation shows it (it may be stale). */
  readonly pingStatus: () => 'Online' | 'ConnectionLost';
  /**
   * Delivers and runs a document as the SSM agent would. Resolves with the reply; never resolves where the agent
   * never replies (the service times it out). `signal` aborts on CancelCommand and at the end of the lab.
   */
  readonly run: (document: DeliveredDocument, signal: AbortSignal) => Promise<AgentReply>;
};
