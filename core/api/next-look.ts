/** When something that is due looks again: at a time that has passed it is at work, or begins within the minute, which is now. */
export const dueAfter = (dueAt: string, now: string): string => (dueAt > now ? dueAt : now);
