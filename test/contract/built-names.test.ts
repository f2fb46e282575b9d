import { describe, expect, it } from 'vitest';
import { PRODUCT_FILES, read } from '../support/repository.ts';

/** Names that have one home: where else one is put together, a second form of it begins. */
const NAMES: readonly { readonly what: string; readonly home: readonly string[]; readonly built: RegExp }[] = [
  {
    what: 'the name of a lane',
    home: ['core/model/lane-name.ts'],
    built:
      /`\$\{[\w.]*cluster(?:\.name)?\}\/(?:\$\{[\w.]*(?:remediation|NODE_CHECK|name)\}|node-check)`|\blane\.(?:indexOf|split|slice)\(/i,
  },
  {
    what: 'a wake',
    home: ['core/model/wake.ts'],
    built: /\bkind: '(?:lane', lane|run', runId)\b/,
  },
  { what: 'the id of a run', home: ['core/model/run-id.ts'], built: /`r-\$\{(?!node\.instanceId)/ },
  { what: 'a queued run', home: ['core/runs/queued-run.ts'], built: /\bstatus: 'queued'/ },
  {
    what: 'the text of a zod issue',
    home: ['core/model/issue.ts'],
    built: /\bissues\[0\]|\] = error\.issues|\bissue\?\.path\b|\bi(?:ssue)?\.path\.(?:join|map)\(/,
  },
];

const found = (built: RegExp, home: readonly string[]): readonly string[] =>
  PRODUCT_FILES.filter(
    (file) => /^(?:core|events|functions|cli|ssm-documents)\//.test(file) && !home.includes(file),
  ).flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line) => (built.test(line) ? [`${file}: ${line.trim()}`] : [])),
  );

describe.each(NAMES)('$what', ({ built, home }) => {
  it('is built in one place', () => {
    expect(found(built, home)).toEqual([]);
  });

  it('is built there: the pattern knows it', () => {
    // A lane's name is put together of its two arguments there, and taken apart.
    expect(
      home.filter((file) =>
        read(file)
          .split('\n')
          .some((line) => built.test(line)),
      ),
    ).toEqual(home);
  });
});
