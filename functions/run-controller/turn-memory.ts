import type { RunControllerPorts } from './ports.ts';

/**
 * How long a turn remembers an answer. The transaction that stores a command as `sending` checks pauses and the cancellation
 * of its request again: where it fails, everything is forgotten.
 */
const LIFE_MS = 2000;

/** What the steps of one turn ask again and again: pauses, cancellations, and the experience of other clusters. */
export type TurnMemory = {
  /** The answer to a question, or that of another step a moment ago. A failure is not remembered. */
  readonly recall: <Answer>(what: string, ask: () => Promise<Answer>) => Promise<Answer>;
  readonly forget: () => void;
};

/** The memory of one turn. */
export const createTurnMemory = ({ now }: Pick<RunControllerPorts, 'now'>): TurnMemory => {
  const known = new Map<string, { readonly askedMs: number; readonly answer: unknown }>();
  return {
    recall: async <Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> => {
      const askedMs = now().getTime();
      const last = known.get(what);
      if (last !== undefined && askedMs - last.askedMs < LIFE_MS) return last.answer as Answer;
      const answer = await ask();
      known.set(what, { askedMs, answer });
      return answer;
    },
    forget: () => known.clear(),
  };
};

/** The same ports, which ask in one turn what `memory` has not. */
export const withMemory = (deps: RunControllerPorts, { recall }: TurnMemory): RunControllerPorts => {
  const { results, trust, requests } = deps;
  return {
    ...deps,
    results: {
      ...results,
      pauseFor: (cluster, action, now) =>
        recall(`pause of ${action}s on ${cluster}`, () => results.pauseFor(cluster, action, now)),
    },
    trust: {
      ...trust,
      trippedElsewhere: (document, cluster, now) =>
        recall(`breakers of ${document}`, () => trust.trippedElsewhere(document, cluster, now)),
    },
    requests: { ...requests, standing: (ids) => recall(`requests ${ids.join()}`, () => requests.standing(ids)) },
  };
};
