import type { LogRule } from '../core/model/log-lines.ts';
import type { Remediation } from '../core/model/remediation.ts';
import type { Texts } from '../core/model/render-message.ts';
import { type CatalogueEntry, catalogueOf, textsOf } from './catalogue.ts';
import * as registry from './registry.ts';

/** Every remediation of the registry, in the order in which they apply to a node. */
export const remediations: readonly Remediation[] = Object.values<Remediation>(registry).toSorted(
  (a, b) => a.order - b.order,
);

/** The rules by which log lines are classified. */
export const logRules: readonly LogRule[] = remediations.flatMap(({ logLines }) => logLines.rules);

const entries = catalogueOf(remediations);

/** Every reason of a node or a log line, by name, with the remediations that report it. */
export const catalogue = (): ReadonlyMap<string, CatalogueEntry> => entries;

/** The sentences of every remediation, for the rows of the audit table. */
export const texts: Texts = textsOf(remediations);
