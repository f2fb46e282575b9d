import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BUNDLE_BUDGET_KILOBYTES, FUNCTION_NAMES } from '../../infra/bundle.ts';
import { parseConfig } from '../../infra/parse-config.ts';
import { settingsOf, stageFunctions } from '../../infra/stage-functions.ts';
import { labConfig } from '../../lab/synth.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { median } from './statistics.ts';

/** One function's bundle: its size, and what it costs a fresh process to load it. */
export type BundleFigures = {
  readonly name: string;
  readonly kilobytes: number;
  /** Median milliseconds of `import()` in a fresh process. */
  readonly loadMs: number;
  /** Median milliseconds of the whole process, over that of a process that loads an empty module. */
  readonly processRatio: number;
};

/** The bundles, and what they are measured against. */
export type BundlesFigures = {
  readonly bundles: readonly BundleFigures[];
  readonly maxKilobytes: number;
  readonly repetitions: number;
  /** Median milliseconds of a process that loads an empty module. */
  readonly emptyProcessMs: number;
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOAD_ONCE = fileURLToPath(new URL('./load-once.mjs', import.meta.url));
/** The environment that the functions read when they are loaded; nothing is called. */
const ENVIRONMENT = {
  AWS_REGION: 'cn-north-1',
  AWS_ACCESS_KEY_ID: 'none',
  AWS_SECRET_ACCESS_KEY: 'none',
  POWERTOOLS_SERVICE_NAME: 'fleetmend',
  POWERTOOLS_METRICS_NAMESPACE: 'fleetmend',
  COPIES: '1',
  TABLE_NAME: 'table',
  BUS_NAME: 'bus',
  ...Object.fromEntries(
    ['LANES', 'SIGNALS', 'PROGRESS', 'INBOX', 'BAD_INPUT'].map((name) => [
      `${name}_QUEUE_URL`,
      'https://queue.invalid/1/q',
    ]),
  ),
  LOG_CLASSIFIER_NAME: 'fleetmend-log-classifier',
  AUDIT_QUERY_NAME: 'fleetmend-audit-query:look',
  NOTICES_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:fleetmend-notices',
  NOTICES_SEND: 'changes',
  DLQ_URLS: '["https://queue.invalid/1/q"]',
  STACK_ARN: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/fleetmend',
};

type Load = { readonly loadMs: number; readonly processMs: number };

const load = (url: string): Load => {
  const since = performance.now();
  const loadMs = Number(execFileSync(process.execPath, [LOAD_ONCE, url], { env: ENVIRONMENT, encoding: 'utf8' }));
  return { loadMs, processMs: performance.now() - since };
};

/** Loads each built function in fresh processes, in turns with an empty module, so that all see the same machine. */
export const measureBundles = (repetitions: number): BundlesFigures => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-bench-'));
  try {
    const empty = join(folder, 'empty.mjs');
    // Not a module without any text: an empty export is what every module has at least.
    writeFileSync(empty, 'export {};\n');
    const config = parseConfig(
      labConfig(),
      remediations.map((r) => r.name),
    );
    const staged = stageFunctions({
      bundles: join(ROOT, 'dist', 'functions'),
      staging: join(folder, 'staged'),
      settings: settingsOf(config, buildDocuments(), remediations, 'fleetmend'),
    });
    const files = FUNCTION_NAMES.map((name) => ({ name, file: join(staged[name], 'index.mjs') }));
    const loads = new Map<string, Load[]>([[empty, []], ...files.map(({ file }): [string, Load[]] => [file, []])]);
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const [file, times] of loads) times.push(load(pathToFileURL(file).href));
    }
    const middle = (file: string, of: keyof Load): number => median((loads.get(file) ?? []).map((l) => l[of]));
    const emptyProcessMs = middle(empty, 'processMs');
    return {
      bundles: files.map(({ name, file }) => ({
        name,
        kilobytes: statSync(file).size / 1000,
        loadMs: middle(file, 'loadMs'),
        processRatio: middle(file, 'processMs') / emptyProcessMs,
      })),
      maxKilobytes: BUNDLE_BUDGET_KILOBYTES,
      repetitions,
      emptyProcessMs,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
