import { describe, expect, it } from 'vitest';
import { factsOf, RESULT_FACTS } from '../../core/model/message.ts';
import type { Remediation } from '../../core/model/remediation.ts';
import { COMMON_EVIDENCE } from '../../core/model/render-message.ts';
import { remediation as template } from '../../ssm-documents/_template/remediation.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { remediations } from '../../ssm-documents/remediations.ts';

const declaredBy = ({ evidence }: Remediation) => new Set([...Object.keys(evidence), ...Object.keys(COMMON_EVIDENCE)]);

describe('evidence is declared', () => {
  it.each([...remediations, template].map((r) => [r.name, r] as const))(
    'where messages of %s name it',
    (_, remediation) => {
      // Remediations share reasons, and not each of them reports every fact of a message.
      const all = [...remediations, template].flatMap((each) => [...declaredBy(each)]);
      const known = new Set<string>([...all, ...RESULT_FACTS]);
      const named = [
        ...Object.values(remediation.reasons).flatMap((reason) => [
          ...(reason.evidence ?? []),
          ...factsOf(reason.message ?? []),
        ]),
        ...factsOf(remediation.healthy),
        ...factsOf(remediation.repaired),
      ];
      expect(named.filter((name) => !known.has(name))).toEqual([]);
    },
  );

  it.each(remediations.map((r) => [r.name, r] as const))('where scripts of %s report it', (_, remediation) => {
    const script = buildDocuments([remediation])
      .flatMap(({ content }) => content.mainSteps[0]?.inputs.runCommand ?? [])
      .join('\n');
    const reported = [...script.matchAll(/(?:^|[\s;|&])evidence ([A-Za-z]\w*) /gm)].map(([, name]) => name ?? '');
    expect(reported.length).toBeGreaterThan(0);
    const declared = declaredBy(remediation);
    expect([...new Set(reported)].filter((name) => !declared.has(name))).toEqual([]);
  });
});
