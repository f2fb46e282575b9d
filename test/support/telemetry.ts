import type { Log } from '../../functions/runtime/logger.ts';
import type { Count, Measure } from '../../functions/runtime/metrics.ts';

/** A log and counters that a test can read. */
export const recorder = () => {
  const lines: { readonly level: string; readonly message: string; readonly fields: Record<string, unknown> }[] = [];
  const counts: Record<string, number> = {};
  const at = (level: string) => (message: string, fields: Record<string, unknown>) => {
    lines.push({ level, message, fields });
  };
  const log: Log = { info: at('info'), warn: at('warn'), error: at('error') };
  const count: Count = (name, by = 1) => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const measured: Parameters<Measure>[] = [];
  const measure: Measure = (...measures) => void measured.push(measures);
  return { lines, counts, measured, log, count, measure };
};
