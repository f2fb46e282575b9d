type TestReport = {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
};
type FileReport = {
  readonly name: string;
  readonly status: string;
  readonly message?: string;
  /** Milliseconds since 1970. */
  readonly startTime?: number;
  readonly endTime?: number;
  readonly assertionResults: readonly TestReport[];
};
type SuiteResult = {
  readonly passed: number;
  readonly failed: number;
  readonly left: number;
  readonly notRun: readonly { readonly what: string; readonly reason: string }[];
  readonly complaints: readonly string[];
  readonly files: readonly { readonly name: string; readonly seconds: number }[];
};

export function resultOf(
  report: { readonly numPassedTests: number; readonly testResults: readonly FileReport[] },
  ok: boolean,
  root: string,
): SuiteResult;
