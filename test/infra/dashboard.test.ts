import { expect, it } from 'vitest';
import * as z from 'zod';
import { SAVED_QUERIES } from '../../infra/constructs/saved-queries.ts';
import { read } from '../support/repository.ts';
import { CONFIG, resourcesOf, synthesize, type Template } from './synthesized.ts';

const { template } = synthesize(CONFIG, 'eu-west-1');

/** The text of the dashboard, with the resources that it names by their logical ids. */
const textOf = (from: Template): string => {
  const [dashboard] = resourcesOf(from, 'AWS::CloudWatch::Dashboard');
  const { DashboardBody } = dashboard?.[1].Properties ?? {};
  const { 'Fn::Join': join } = z
    .object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) })
    .parse(DashboardBody);
  return join[1]
    .map((part) => (typeof part === 'string' ? part : `{${Object.values(part as object).join('.')}}`))
    .join('');
};
const Widgets = z.object({
  widgets: z.array(z.object({ type: z.string(), properties: z.looseObject({ title: z.string().optional() }) })),
});
const widgetsOf = (from: Template) => Widgets.parse(JSON.parse(textOf(from))).widgets;

it('has no custom widget, so that nobody acts from it, and fits into one dashboard', () => {
  const types = new Set(widgetsOf(template).map(({ type }) => type));
  expect([...types].toSorted()).toEqual(['alarm', 'log', 'metric', 'text']);
  // Source: CloudWatch API, PutDashboard, has no limit of its own; the console takes 500 widgets.
  expect(widgetsOf(template).length).toBeLessThan(20);
  expect(textOf(template)).toContain('fleetmend pause --all --for 2h');
});

it('names metrics that the functions print', () => {
  const source = [
    'functions/log-classifier/classify-batch.ts',
    'functions/signal-intake/accept-signals.ts',
    'functions/signal-intake/read-batch.ts',
    'functions/scheduler/tick.ts',
    'functions/scheduler/overdue.ts',
    'functions/scheduler/end-quarantines.ts',
    'core/runs/run-measures.ts',
  ].map(read);
  const text = textOf(template);
  const names = [...text.matchAll(/"(?:fleetmend)","([A-Z][A-Za-z]+)"|MetricName=\\\\?\\?"?([A-Z][A-Za-z]+)/g)].flatMap(
    ([, plain, searched]) => plain ?? searched ?? [],
  );
  expect(names.length).toBeGreaterThan(10);
  // Those of outcomes are made of their names.
  const own = names.filter((name) => !/^Nodes(?!Broken|Swept|Quarantined)/.test(name));
  expect(own.filter((name) => !source.some((code) => code.includes(`'${name}'`)))).toEqual([]);
});

it('shows every alarm about fleetmend itself, and none where there is none', () => {
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm')
    .filter(([, { Properties }]) => !String(Properties.AlarmName).startsWith('fleetmend-cluster-'))
    .map(([id]) => id);
  const text = textOf(template);
  expect(alarms.filter((id) => !text.includes(id))).toEqual([]);
  const quiet = synthesize({ ...CONFIG, alarms: false }, 'eu-west-1').template;
  expect(widgetsOf(quiet).map(({ type }) => type)).not.toContain('alarm');
});

it('is left out where the configuration does not want it; the saved queries stay', () => {
  const without = synthesize({ ...CONFIG, dashboard: false }, 'eu-west-1').template;
  expect(resourcesOf(without, 'AWS::CloudWatch::Dashboard')).toEqual([]);
  expect(resourcesOf(without, 'AWS::Logs::QueryDefinition')).toHaveLength(SAVED_QUERIES.length);
});

it('has no saved queries where the configuration does not want them; the dashboard stays', () => {
  const without = synthesize({ ...CONFIG, savedQueries: false }, 'eu-west-1').template;
  expect(resourcesOf(without, 'AWS::Logs::QueryDefinition')).toEqual([]);
  expect(resourcesOf(without, 'AWS::CloudWatch::Dashboard')).toHaveLength(1);
});

it('saves each query under the name of the stack, for the log groups of its functions', () => {
  const saved = resourcesOf(template, 'AWS::Logs::QueryDefinition').map(([, { Properties }]) => Properties);
  expect(saved.map(({ Name }) => Name).toSorted()).toEqual(
    SAVED_QUERIES.map(({ name }) => `fleetmend/${name}`).toSorted(),
  );
  for (const { Name, LogGroupNames } of saved) {
    const query = SAVED_QUERIES.find(({ name }) => Name === `fleetmend/${name}`);
    expect(LogGroupNames).toHaveLength(query?.functions.length ?? 0);
  }
});

it.each(SAVED_QUERIES.flatMap(({ name, messages }) => messages.map((message) => [name, message] as const)))(
  'the query "%s" looks for a message that a function logs: %s',
  (_, message) => {
    expect(read('docs/log-messages.md')).toContain(message);
  },
);
