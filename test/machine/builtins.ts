/** Words that a shell runs by itself (bash's `compgen -b`), and the words of bats' own language. */
export const BUILTINS: ReadonlySet<string> = new Set(
  [
    '. : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable',
    'eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd',
    'read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit umask unalias',
    'unset wait',
  ]
    .join(' ')
    .split(' '),
);

/** Functions that bats-core defines for its tests. */
export const BATS_WORDS: ReadonlySet<string> = new Set(['bats_require_minimum_version', 'load', 'run', 'skip']);
