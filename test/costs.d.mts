type Costs = {
  readonly name: string;
  readonly seconds: number;
  readonly processor?: number;
  readonly files?: readonly { readonly name: string; readonly seconds: number }[];
};

export const PROCESSOR_BUDGET_SECONDS: number;

export function costsOf(
  results: readonly Costs[],
  run: { readonly seconds: number; readonly processors: number },
): string[];
