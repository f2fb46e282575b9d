import { isoTime } from './ids.ts';

/** A time as run ids hold it: readable, and in the order of time. */
const stampOf = (iso: string): string => iso.slice(0, 19).replace(/[-:]/g, '');

/** The id of a run that fleetmend starts by itself: its time, and 40 random bits of a UUID against collisions. */
export const newRunId = (now: Date, uuid: string): string =>
  `r-${stampOf(now.toISOString())}-${uuid.replace(/-/g, '').slice(0, 10)}`;

/** A schedule that is delivered twice within this time is one sweep. */
const SWEEP_SLOT_MS = 300_000;

/** The id of the sweep of a cluster whose tick came at `ms`: the same for every delivery of the tick. */
export const sweepRunId = (ms: number, clusterHash: number): string => {
  const start = isoTime(Math.floor(ms / SWEEP_SLOT_MS) * SWEEP_SLOT_MS);
  return `r-${stampOf(start)}-sweep${clusterHash.toString(16)}`;
};

/** The id of an operator's run, from the hexadecimal SHA-256 of the fields that identify the request. */
export const requestedRunId = (sha256: string): string => `r-${sha256.slice(0, 20)}`;
