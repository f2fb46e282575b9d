import type { DeliveredDocument } from '../../lab/node.ts';

/** The parts of a repair, in milliseconds. */
export type RepairParts = {
  /** Until the fault is named. */
  readonly look: number;
  /** The methods that are tried before, and are of no use. */
  readonly others: number;
  /** The token, where the method needs one. */
  readonly token: number;
  /** Until the image is usable: fetched, tagged or imported. */
  readonly image: number;
  /** The pin, and the wait for the CRI. */
  readonly pin: number;
  /** The test container. */
  readonly proof: number;
  /** Clean-up, the result line, and the agent. */
  readonly end: number;
};

/** The line of the prelude that prints the log, with the seconds since the start. */
const LOG = /^( *)printf '\[%3ds\] %s\\n' "\$SECONDS" "\$\*" >&2$/;

/** A copy of a document whose log has the time of day; nothing else of it differs. Throws where it has no log. */
export const withClock = (document: DeliveredDocument): DeliveredDocument => {
  let changed = 0;
  const clocked = (line: string): string => {
    if (!LOG.test(line)) return line;
    changed += 1;
    return line.replace(LOG, `$1printf '[%s] %s\\n' "$EPOCHREALTIME" "$*" >&2`);
  };
  const mainSteps = document.content.mainSteps.map((step) => ({
    ...step,
    inputs: { ...step.inputs, runCommand: step.inputs.runCommand.map(clocked) },
  }));
  if (changed !== 1) throw new Error(`measuring ${document.documentName}: ${changed} lines of it print the log`);
  return { ...document, content: { ...document.content, mainSteps } };
};

/** The parts of a repair by its log, which {@link withClock} timed; throws where a line is missing. Times of day in ms. */
export const partsOf = (log: string, method: string, startedMs: number, endedMs: number): RepairParts => {
  const lines = log.split('\n').flatMap((line) => {
    const [, time, text] = /^\[(\d+\.\d+)\] (.*)$/.exec(line) ?? [];
    return time === undefined || text === undefined ? [] : [{ ms: Number(time) * 1000, text }];
  });
  const at = (start: string): number => {
    const line = lines.find(({ text }) => text.startsWith(start));
    if (line === undefined) throw new Error(`timing a repair: no line of its log begins with "${start}"`);
    return line.ms;
  };
  const named = at('repairing ');
  const tried = at(`trying the method ${method}`);
  const fetched = lines.find(({ ms, text }) => ms >= tried && text.startsWith('fetching '))?.ms ?? tried;
  const pinned = at('pinning ');
  const tested = at('starting the test container ');
  const ended = at('ending with ');
  return {
    look: named - startedMs,
    others: tried - named,
    token: fetched - tried,
    image: pinned - fetched,
    pin: tested - pinned,
    proof: ended - tested,
    end: endedMs - ended,
  };
};
