export function processorSeconds(times: string): number;

export function measure(
  command: string,
  words: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly niceness?: number },
): Promise<{ readonly ok: boolean; readonly output: string; readonly processor: number }>;
