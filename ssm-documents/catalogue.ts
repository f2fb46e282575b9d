import type { Reason } from '../core/model/reasons.ts';
import type { Remediation } from '../core/model/remediation.ts';

/** A reason with its name and the remediations that can give it. */
export type CatalogueEntry = Reason & { readonly name: string; readonly remediations: readonly string[] };

/**
 * All reasons of some remediations by name. Remediations may share a reason, but only the same one: two meanings of one
 * name throw, since an operator would read the wrong advice.
 */
export const catalogueOf = (remediations: readonly Remediation[]): ReadonlyMap<string, CatalogueEntry> => {
  const entries = new Map<string, CatalogueEntry>();
  for (const remediation of remediations) {
    for (const [name, reason] of Object.entries(remediation.reasons)) {
      const known = entries.get(name);
      if (known !== undefined && (known.advice !== reason.advice || known.scope !== reason.scope)) {
        throw new Error(
          `building the catalogue of reasons: ${name} means one thing in ${known.remediations.join(', ')} and another in ${remediation.name}; give one of them another name`,
        );
      }
      entries.set(name, { ...reason, name, remediations: [...(known?.remediations ?? []), remediation.name] });
    }
  }
  return entries;
};
