import type { Remediation } from '../core/model/remediation.ts';
import { type CatalogueEntry, catalogueOf } from './catalogue.ts';
import * as registry from './registry.ts';

/** Every remediation of the registry, in the order in which they apply to a node. */
export const remediations: readonly Remediation[] = Object.values<Remediation>(registry).toSorted(
  (a, b) => a.order - b.order,
);

const entries = catalogueOf(remediations);

/** Every reason that a node or a log line can be given, by name, with the remediations that answer for it. */
export const catalogue = (): ReadonlyMap<string, CatalogueEntry> => entries;

/** What the operator should do about a reason; undefined for a name that is not in the catalogue. */
export const adviceOf = (reason: string): string | undefined => entries.get(reason)?.advice;
