type Program<Options> = { readonly file: string; readonly usage: string; readonly options: Options };
type Flag = { readonly type: 'boolean'; readonly default: false };
type Text<Default = never> = { readonly type: 'string' } & ([Default] extends [never]
  ? unknown
  : { readonly default: Default });

export const BENCH_PARTS: readonly ['functions', 'node', 'lived-in', 'hops', 'first-fault', 'fleet'];

export const programs: {
  readonly demo: Program<{ readonly real: Flag }>;
  readonly lab: Program<Record<never, never>>;
  readonly bench: Program<{
    readonly json: Flag;
    readonly write: Flag;
    readonly nodes: Text<string>;
    readonly rounds: Text<string>;
    readonly only: Text;
  }>;
};
