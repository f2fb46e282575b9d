import { fnv1a } from '../core/model/hash.ts';
import type { Reason } from '../core/model/reasons.ts';
import type { Remediation } from '../core/model/remediation.ts';
import type { Texts } from '../core/model/render-message.ts';

/** A reason with its name and the remediations that can report it. */
export type CatalogueEntry = Reason & { readonly name: string; readonly remediations: readonly string[] };

const isSame = (a: Reason, b: Reason): boolean =>
  a.advice === b.advice &&
  a.scope === b.scope &&
  a.title === b.title &&
  JSON.stringify(a.message) === JSON.stringify(b.message);

/**
 * All reasons of some remediations by name. Remediations may share a reason. It throws for a name with two definitions,
 * because an operator would get the wrong advice.
 */
export const catalogueOf = (remediations: readonly Remediation[]): ReadonlyMap<string, CatalogueEntry> => {
  const entries = new Map<string, CatalogueEntry>();
  for (const remediation of remediations) {
    for (const [name, reason] of Object.entries(remediation.reasons)) {
      const known = entries.get(name);
      if (known !== undefined && !isSame(known, reason)) {
        throw new Error(
          `building the catalogue of reasons: ${name} means one thing in ${known.remediations.join(', ')} and another in ${remediation.name}; give one of them another name`,
        );
      }
      entries.set(name, { ...reason, name, remediations: [...(known?.remediations ?? []), remediation.name] });
    }
  }
  return entries;
};

/** The sentences of some remediations, and a hash of their wording (FNV-1a, 8 hex digits). */
export const textsOf = (remediations: readonly Remediation[]): Texts => {
  const reasons = catalogueOf(remediations);
  const own = new Map(remediations.map(({ name, healthy, repaired }) => [name, { healthy, repaired }]));
  const wording = [...reasons].map(([name, { title, message, advice }]) => [name, title, message, advice]);
  const version = fnv1a(JSON.stringify([wording, ...own]))
    .toString(16)
    .padStart(8, '0');
  return { version, reasons, remediations: own };
};
