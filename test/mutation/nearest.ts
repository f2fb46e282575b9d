const words = (file: string): readonly string[] => file.split(/[/.]/);

/** The files by how many words of their paths they have in common with `mutated`, the most first. */
export const nearestFirst = (files: readonly string[], mutated: string): readonly string[] => {
  const own = new Set(words(mutated));
  const nearness = (file: string): number => words(file).filter((word) => own.has(word)).length;
  return files.toSorted((a, b) => nearness(b) - nearness(a));
};
