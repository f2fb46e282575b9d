/** How much of each stream's text is read in a time, so that one stream cannot take the processor from the others. */
export type Budget = {
  /** Takes so many characters of a stream's budget; false where they are more than is left. */
  readonly take: (stream: string, characters: number, nowMs: number) => boolean;
};

/** A budget of so many characters for each stream in each span. It forgets the stream first that was new first. */
export const createBudget = ({
  characters: limit,
  forMs,
  maxStreams,
}: {
  readonly characters: number;
  readonly forMs: number;
  readonly maxStreams: number;
}): Budget => {
  const spent = new Map<string, { readonly sinceMs: number; readonly characters: number }>();
  return {
    take: (stream, characters, nowMs) => {
      const known = spent.get(stream);
      // A clock that was set back must not close a stream.
      const current =
        known !== undefined && nowMs >= known.sinceMs && nowMs - known.sinceMs < forMs
          ? known
          : { sinceMs: nowMs, characters: 0 };
      if (current.characters + characters > limit) return false;
      if (current !== known) spent.delete(stream);
      spent.set(stream, { ...current, characters: current.characters + characters });
      const oldest = spent.size > maxStreams ? spent.keys().next() : undefined;
      if (oldest?.done === false) spent.delete(oldest.value);
      return true;
    },
  };
};
