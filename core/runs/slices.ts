import type { Slice } from '../state/run-state.ts';

/** A run of a request: its id, and its part of the request's list of nodes. */
export type PartOfRequest = { readonly runId: string; readonly slice: Slice };

/**
 * The runs of a request for so many nodes, `max` each. The ids and the slices depend on nothing else, so that a request that
 * is split again after a crash becomes the same runs. The last slice has no end: nothing of the list is left out.
 */
export const slicesOf = (
  firstRunId: string,
  nodeCount: number,
  max: number,
): readonly [PartOfRequest, ...PartOfRequest[]] => {
  const count = Math.max(1, Math.ceil(nodeCount / max));
  const slice = (i: number): Slice => ({ from: i * max, ...(i + 1 < count ? { to: (i + 1) * max } : {}) });
  return [
    { runId: firstRunId, slice: slice(0) },
    ...Array.from({ length: count - 1 }, (_, i) => ({ runId: `${firstRunId}-${i + 2}`, slice: slice(i + 1) })),
  ];
};
