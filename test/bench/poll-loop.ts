import { GetCommandInvocationCommand, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import pMap from 'p-map';
import type { Lab } from '../../lab/aws/lab.ts';

/** The inputs of the loop of the manual way. */
export type PollLoopOptions = {
  readonly lab: Lab;
  readonly documentName: string;
  readonly instanceIds: readonly string[];
};

/** The number of nodes that a careful script handles at once. */
export const LOOP_CONCURRENCY = 20;
/** How often it asks for a node's result. */
export const LOOP_POLL_MS = 2000;
const DELIVERY_TIMEOUT_SECONDS = 60;
const BACKOFF_MS = { first: 250, most: 8000 };
const RUNNING: ReadonlySet<string> = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);
/** SSM's answers that mean "ask again": it throttles, or does not show yet what it was just told. */
const ASK_AGAIN: ReadonlySet<string> = new Set(['ThrottlingException', 'InvocationDoesNotExist']);

/**
 * Runs a document on every node as a script without fleetmend would: one SendCommand for each, then
 * GetCommandInvocation every 2 s until the node has ended. Returns each node's final status.
 */
export const runPollLoop = async (options: PollLoopOptions): Promise<ReadonlyMap<string, string>> => {
  const { lab } = options;
  const credentials = lab.credentialsFor('script');
  const ssm = new SSMClient({ region: lab.region, endpoint: lab.endpointUrl, credentials, maxAttempts: 1 });
  // The lab's clock must not jump while a call is on its way, and the waits must be on that clock, not on the wall's.
  const patiently = async <T>(call: () => Promise<T>): Promise<T> => {
    for (let waitMs = BACKOFF_MS.first; ; waitMs = Math.min(waitMs * 2, BACKOFF_MS.most)) {
      try {
        return await lab.clock.during(call);
      } catch (thrown) {
        if (!(thrown instanceof Error) || !ASK_AGAIN.has(thrown.name)) throw thrown;
        await lab.clock.sleep(waitMs);
      }
    }
  };
  const runOn = async (instanceId: string): Promise<string> => {
    const { Command } = await patiently(() =>
      ssm.send(
        new SendCommandCommand({
          DocumentName: options.documentName,
          InstanceIds: [instanceId],
          TimeoutSeconds: DELIVERY_TIMEOUT_SECONDS,
        }),
      ),
    );
    for (;;) {
      await lab.clock.sleep(LOOP_POLL_MS);
      const { Status } = await patiently(() =>
        ssm.send(new GetCommandInvocationCommand({ CommandId: Command?.CommandId ?? '', InstanceId: instanceId })),
      );
      if (Status !== undefined && !RUNNING.has(Status)) return Status;
    }
  };
  try {
    const ends = await pMap(options.instanceIds, async (id) => [id, await runOn(id)] as const, {
      concurrency: LOOP_CONCURRENCY,
    });
    return new Map(ends);
  } finally {
    ssm.destroy();
  }
};
