import type { ParseArgsOptionsConfig } from 'node:util';

type Given<Option> = Option extends { readonly multiple: true }
  ? readonly string[]
  : Option extends { readonly type: 'boolean' }
    ? boolean
    : string;

type Values<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends { readonly default: unknown }
    ? Given<Options[Name]>
    : Given<Options[Name]> | undefined;
};

export function readWords<const Options extends ParseArgsOptionsConfig = Record<never, never>>(
  usage: string,
  options?: Options,
  how?: { readonly allowPositionals?: boolean; readonly words?: readonly string[] },
): { readonly values: Values<Options>; readonly positionals: readonly string[] };

export function stopForWords(mistake: string, usage: string): never;

export function countOf(option: string, text: string, usage: string): number;
