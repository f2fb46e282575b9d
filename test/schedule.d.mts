type Suite<Result> = {
  readonly name: string;
  readonly share: number;
  readonly needs?: string;
  readonly after?: string;
  readonly run: () => Promise<Result> | Result;
};
type Timed<Result> = Result & { readonly name: string; readonly seconds: number };

export function timed<Result>(name: string, run: () => Promise<Result> | Result): Promise<Timed<Result>>;

export function runSuites<Result>(
  suites: readonly Suite<Result>[],
  options: {
    readonly capacity: number;
    readonly begins?: (suite: Suite<Result>) => void;
    readonly ends?: (result: Timed<Result>) => void;
  },
): Promise<Timed<Result>[]>;
