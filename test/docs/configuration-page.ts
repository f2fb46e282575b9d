import * as z from 'zod';
import { Config } from '../../infra/config.ts';
import { code, table } from '../../ssm-documents/builder/remediations-page.ts';

type Schema = z.core.JSONSchema.JSONSchema;

const COMMAND = 'node test/docs/render-configuration.ts';
/** The page of every option. */
export const CONFIGURATION_PAGE = new URL('../../docs/configuration.md', import.meta.url);

/** An option of the configuration: where it is, and the part of the schema about it. */
export type ConfigurationOption = {
  /** The object that has it: empty for the configuration itself, else for example `clusters[].freezeWindows[]`. */
  readonly of: string;
  readonly name: string;
  readonly isRequired: boolean;
  readonly schema: Schema;
};

const schemaOf = (given: z.core.JSONSchema._JSONSchema | undefined): Schema | undefined =>
  typeof given === 'object' ? given : undefined;

const itemsOf = ({ items }: Schema): Schema | undefined => schemaOf(Array.isArray(items) ? undefined : items);

/** The objects within an option, each with its place: the option itself, an entry of a list, a value of a record. */
const objectsIn = (schema: Schema, place: string): readonly (readonly [string, Schema])[] => {
  if (schema.properties !== undefined) return [[place, schema]];
  const [item, value] = [itemsOf(schema), schemaOf(schema.additionalProperties)];
  return [
    ...(schema.anyOf ?? []).flatMap((one) => objectsIn(one, place)),
    ...(item === undefined ? [] : objectsIn(item, `${place}[]`)),
    ...(value === undefined ? [] : objectsIn(value, `${place}.<name>`)),
  ];
};

/** Every option of a schema, an object's own before those within it. */
export const optionsOf = (schema: Schema, of = ''): readonly ConfigurationOption[] => {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, given]): ConfigurationOption[] => {
    const option = schemaOf(given);
    return option === undefined
      ? []
      : [{ of, name, isRequired: schema.required?.includes(name) === true, schema: option }];
  });
  const within = own.flatMap(({ name, schema: option }) =>
    objectsIn(option, of === '' ? name : `${of}.${name}`).flatMap(([place, object]) => optionsOf(object, place)),
  );
  return [...own, ...within];
};

/** The schema of the configuration as a user writes it. */
export const configurationOptions = (): readonly ConfigurationOption[] =>
  optionsOf(z.toJSONSchema(Config, { io: 'input' }));

const json = (value: unknown): string => code(JSON.stringify(value));
const count = (value: number): string => value.toLocaleString('en-US');

const typeOf = (schema: Schema): string => {
  const { type, anyOf, properties } = schema;
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(' or ');
  const item = itemsOf(schema);
  if (item !== undefined) return `list of ${typeOf(item)}`;
  if (type === 'object') return properties === undefined ? 'object by name' : 'object';
  return (
    { string: 'text', integer: 'whole number', number: 'number', boolean: 'boolean' }[String(type)] ?? String(type)
  );
};

const rangeOf = ({ minimum, maximum, exclusiveMinimum }: Schema): readonly string[] => {
  // Whole numbers alone have an exclusive minimum in the configuration.
  const least = minimum ?? (exclusiveMinimum === undefined ? undefined : Number(exclusiveMinimum) + 1);
  return least === undefined || maximum === undefined ? [] : [`${count(least)} to ${count(maximum)}`];
};

const amountOf = (least: number | undefined, most: number | undefined, what: string): readonly string[] => {
  if (least === undefined) return most === undefined ? [] : [`at most ${count(most)}${what}`];
  return [most === undefined ? `${count(least)} or more${what}` : `${count(least)} to ${count(most)}${what}`];
};

const lengthOf = ({ minLength, maxLength, minItems, maxItems }: Schema): readonly string[] => [
  ...amountOf(minItems, maxItems, ' entries'),
  ...amountOf(minLength, maxLength, ' characters'),
];

const keysOf = ({ propertyNames }: Schema): readonly string[] => {
  const names = schemaOf(propertyNames);
  return names === undefined ? [] : allowedBy(names).map((allowed) => `names: ${allowed}`);
};

/** What a schema demands of a value, besides its type. */
const allowedBy = (schema: Schema): readonly string[] => {
  const { anyOf, enum: values, const: only, format, pattern, type } = schema;
  if (anyOf !== undefined) return [[...new Set(anyOf.flatMap(allowedBy))].join(', or ')];
  if (values !== undefined) return [values.map(json).join(', ')];
  if (only !== undefined) return [json(only)];
  if (type === 'boolean') return ['`true`, `false`'];
  const inner = [itemsOf(schema), schemaOf(schema.additionalProperties)].filter((one) => one !== undefined);
  const shape = format === 'email' ? ['an address'] : pattern === undefined ? [] : [code(pattern)];
  return [...lengthOf(schema), ...rangeOf(schema), ...shape, ...keysOf(schema), ...inner.flatMap(allowedBy)];
};

/** The anchor that GitHub makes of a heading. */
const anchorOf = (heading: string): string => heading.toLowerCase().replace(/[^a-z0-9 _-]/g, '');

const tablesOf = ({ of, name, schema }: ConfigurationOption): readonly string[] =>
  objectsIn(schema, of === '' ? name : `${of}.${name}`).map(([place]) => `[${code(place)}](#${anchorOf(place)})`);

const defaultOf = ({ isRequired, schema }: ConfigurationOption): string => {
  if (isRequired) return 'required';
  return schema.default === undefined ? 'none' : json(schema.default);
};

const rowOf = (option: ConfigurationOption): readonly string[] => [
  code(option.name),
  typeOf(option.schema),
  defaultOf(option),
  [...allowedBy(option.schema), ...tablesOf(option)].join('; ') || 'any',
  option.schema.description ?? '',
];

const INTRODUCTION = `Every option of the configuration file. [deploying.md](deploying.md#configure) says where the file is and how to begin;
[security.md](security.md) and [permissions.md](permissions.md) say what fleetmend may do with it. An option that is not in these
tables is refused, with the names that there are.

A regular expression in the column _Allowed_ is what the text must match. \`infra/config.schema.json\` has the same for editors.`;

/** docs/configuration.md. */
export const renderConfigurationPage = (): string => {
  const sections = [...Map.groupBy(configurationOptions(), ({ of }) => of)].map(
    ([of, options]) =>
      `## ${of === '' ? 'The configuration' : code(of)}\n\n${table(['Option', 'Type', 'Default', 'Allowed', 'What it does'], options.map(rowOf))}`,
  );
  return `${[`<!-- Written by \`${COMMAND}\`. -->`, '# Configuration', INTRODUCTION, ...sections].join('\n\n')}\n`;
};
