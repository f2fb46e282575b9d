import { readFileSync } from 'node:fs';
import type { SignalDefinition, Way } from '../../core/signals/define-signal.ts';
import { SIGNALS } from '../../core/signals/read-signal.ts';
import { code, table } from '../../ssm-documents/builder/remediations-page.ts';
import { signalSamples } from '../support/signal-samples.ts';
import { verdictOf } from '../support/signal-verdict.ts';

const COMMAND = 'node test/docs/render-signals.ts';
/** The page whose tables are written between comments. */
export const PAGE = new URL('../../docs/signals.md', import.meta.url);
/** The list of samples. */
export const SAMPLES_PAGE = new URL('../../events/samples/signals/README.md', import.meta.url);

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

const eventOf = ({ detailTypes, sources, documentation }: SignalDefinition, { event }: Way): string => {
  const types = detailTypes.map(code).join(', ');
  const linked = documentation === undefined ? types : `[${types}](${documentation})`;
  const from = sources === 'any' ? '' : ` from ${sources.map(code).join(', ')}`;
  return `${linked}${from}${event === undefined ? '' : `; ${event}`}`;
};

const waysTable = (): string =>
  table(
    ['Signal', 'When', 'Event', 'Leads to', 'Delay', 'Cost', 'Switch'],
    SIGNALS.toSorted(byName).flatMap((signal) =>
      signal.ways.map((way) => [
        code(signal.name),
        way.when,
        eventOf(signal, way),
        way.leadsTo,
        way.delay,
        way.cost,
        signal.configKey === undefined ? 'always on' : code(`signals.${signal.configKey}`),
      ]),
    ),
  );

const ignoredTable = (): string => {
  const codes = new Map(SIGNALS.flatMap(({ ignored }) => Object.entries(ignored)));
  return table(
    ['Code', 'Meaning', 'Signals'],
    [...codes]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([reason, meaning]) => {
        const signals = SIGNALS.filter(({ ignored }) => Object.hasOwn(ignored, reason)).toSorted(byName);
        return [code(reason), meaning, signals.map(({ name }) => code(name)).join(', ')];
      }),
  );
};

const between = (text: string, section: string, content: string): string => {
  const [begin, end] = [`<!-- ${section}: written by \`${COMMAND}\` -->`, `<!-- ${section}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`rendering docs/signals.md: it needs ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
};

/** docs/signals.md with its tables as the definitions say. */
export const renderSignalsPage = (): string => {
  const text = readFileSync(PAGE, 'utf8');
  return between(between(text, 'signals', waysTable()), 'ignored', ignoredTable());
};

/** events/samples/signals/README.md: each sample with the answers of its rule and of signal-intake. */
export const renderSamplesPage = (): string => {
  const rows = signalSamples()
    .map(({ rule, name, event }) => ({ name: `${rule}/${name}`, ...verdictOf(rule, event) }))
    .toSorted(byName)
    .map(({ name, rule, intake, by }) => [code(name), rule ? 'matches' : 'does not match', `${intake}: ${code(by)}`]);
  return `${[
    `<!-- Written by \`${COMMAND}\`. -->`,
    '# Samples of signals',
    'Each folder holds the samples of one signal of `core/signals/registry.ts`. `match-*.json` must match the rule and be accepted; `miss-*.json` must be turned away by the rule, by signal-intake, or by both. signal-intake `accepts` an event into a lane, `ignores` it with a code of [docs/signals.md](../../../docs/signals.md), or `refuses` it for a field.',
    table(['Sample', 'Rule', 'signal-intake'], rows),
  ].join('\n\n')}\n`;
};
