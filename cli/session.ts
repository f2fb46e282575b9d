import { createStack, type Stack } from './aws/connection.ts';
import { contextsPath, type PlaceOptions, placesOf } from './context/contexts.ts';
import { kubeconfigCluster } from './context/kubeconfig.ts';
import { usageError } from './exit.ts';
import type { Io } from './io.ts';
import type { Output } from './output/output.ts';

/** What a command works with: the stacks that were named, its output, and the outside. */
export type Session = {
  readonly io: Io;
  readonly output: Output;
  /** Every stack that was named: several with `--context all`. */
  readonly stacks: () => readonly Stack[];
  /** The one stack that was named. @throws CommandError where it is several */
  readonly stack: () => Stack;
  /** The cluster of an option, of FLEETMEND_CLUSTER, or of kubectl's current context. @throws CommandError for none */
  readonly cluster: (option: string | undefined) => string;
  /** The author as the stack records it where AWS does not name the caller. */
  readonly author: string;
  /** The version of this program. */
  readonly version: string;
};

/** The session of one command. */
export const createSession = (
  io: Io,
  output: Output,
  options: PlaceOptions & { readonly version: string },
): Session => {
  const stacks = () => placesOf(io, options).map((place) => createStack(place, io.connect));
  return {
    io,
    output,
    stacks,
    stack: () => {
      const [first, ...others] = stacks();
      if (first !== undefined && others.length === 0) return first;
      throw usageError('--context', 'this command needs one context', {
        next: `name one of ${contextsPath(io)}: fleetmend contexts`,
      });
    },
    cluster: (option) => {
      const cluster = option ?? (io.env.FLEETMEND_CLUSTER || kubeconfigCluster(io));
      if (cluster !== undefined) return cluster;
      throw usageError('--cluster', 'no cluster is named, and the current context of kubectl names no EKS cluster', {
        next: 'give -c CLUSTER, or set FLEETMEND_CLUSTER',
      });
    },
    version: options.version,
    author: io.env.FLEETMEND_USER || io.userName,
  };
};
