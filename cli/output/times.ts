import { usageError } from '../exit.ts';

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const isUnit = (text: string): text is keyof typeof UNIT_MS => text in UNIT_MS;

/** Milliseconds of a duration such as `90s`, `30m`, `2h` or `7d`; undefined for any other text. */
export const durationMs = (text: string): number | undefined => {
  const [, amount = '', unit = ''] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  return isUnit(unit) && Number(amount) > 0 ? Number(amount) * UNIT_MS[unit] : undefined;
};

/** Reads the duration of an option. @throws CommandError for any other text */
export const readDuration = (option: string, text: string): number => {
  const ms = durationMs(text);
  if (ms === undefined)
    throw usageError(option, `"${text}" is no duration`, { next: 'give one such as 30m, 2h or 7d' });
  return ms;
};

/** Reads a point in time: a duration before now, a day (UTC), or a time in UTC. @throws CommandError for any other text */
export const readSince = (option: string, text: string, now: Date): string => {
  const ago = durationMs(text);
  if (ago !== undefined) return new Date(now.getTime() - ago).toISOString();
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/.test(text);
  const ms = isDay || isMoment ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw usageError(option, `"${text}" is no time`, {
      next: 'give one such as 24h, 30d, 2026-11-01 or 2026-11-01T06:00:00Z',
    });
  }
  return new Date(ms).toISOString();
};

/** A length of time in at most two words, such as `4 min` or `2 h`. */
export const durationText = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
};

const two = (n: number): string => String(n).padStart(2, '0');

/** Shows times in the local zone, or in UTC. */
export type Clock = {
  readonly at: (iso: string) => string;
  /** Without its year, where the line has no room for it. */
  readonly short: (iso: string) => string;
  readonly ago: (iso: string) => string;
  /** How long it is until a time: `in 4 min`. */
  readonly until: (iso: string) => string;
  /** A text of the stack with each of its times as `at` shows it: two forms on one screen cannot be compared. */
  readonly within: (text: string) => string;
};

const ISO_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z/g;

/** The clock of one command: every age in its output counts from the same moment. */
export const createClockView = (now: Date, isUtc: boolean): Clock => {
  const at: Clock['at'] = (iso) => {
    const time = new Date(iso);
    if (Number.isNaN(time.getTime())) return '-';
    if (isUtc) return `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`;
    const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
    return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  };
  return {
    at,
    short: (iso) => at(iso).replace(/^\d{4}-/, ''),
    ago: (iso) => `${durationText(now.getTime() - Date.parse(iso))} ago`,
    until: (iso) => `in ${durationText(Date.parse(iso) - now.getTime())}`,
    within: (text) => text.replace(ISO_TIME, at),
  };
};
