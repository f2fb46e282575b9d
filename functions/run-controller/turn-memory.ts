import type { RunControllerPorts } from './ports.ts';

/**
 * How long a turn remembers an answer. The transaction that stores a command as `sending` checks pauses and the cancellation
 * of its request again: where it fails, everything is forgotten.
 */
const LIFE_MS = 2000;

/** What the steps of one turn ask again and again: pauses and cancellations. */
export type TurnMemory = {
  /** The answer to a question, or that of another step a moment ago. A failure is not remembered. */
  readonly recall: <Answer>(what: string, ask: () => Promise<Answer>) => Promise<Answer>;
  readonly forget: () => void;
};

/** The memory of one turn. */
export const createTurnMemory = ({ now }: Pick<RunControllerPorts, 'now'>): TurnMemory => {
  const known = new Map<string, readonly [askedMs: number, answer: unknown]>();
  return {
    recall: async <Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> => {
      const askedMs = now().getTime();
      const last = known.get(what);
      if (last !== undefined && askedMs - last[0] < LIFE_MS) return last[1] as Answer;
      const answer = await ask();
      known.set(what, [askedMs, answer]);
      return answer;
    },
    forget: () => known.clear(),
  };
};

/** The same ports, which ask in one turn what `memory` has not. */
export const withMemory = (deps: RunControllerPorts, { recall }: TurnMemory): RunControllerPorts => {
  const { results, requests } = deps;
  return {
    ...deps,
    results: {
      ...results,
      pauseFor: (cluster, action, now) => recall(cluster + action, () => results.pauseFor(cluster, action, now)),
    },
    requests: { ...requests, standing: (ids) => recall(ids.join(), () => requests.standing(ids)) },
  };
};
