import { normal, type Random } from '../aws/random.ts';

/** Draws how long a document runs on a node, in lab milliseconds. */
export type Latency = (random: Random) => number;

/** The normal quantile of 0.99. */
const Z99 = 2.326;

/** A log-normal latency with this median and this 99th percentile. */
export const logNormal = (medianMs: number, p99Ms: number): Latency => {
  const sigma = Math.log(p99Ms / medianMs) / Z99;
  return (random) => medianMs * Math.exp(sigma * normal(random));
};

/** The stated model of a fleet: median 8 s, 99th percentile 60 s. An assumption, not a measurement. */
export const FLEET_LATENCY: Latency = logNormal(8000, 60_000);
