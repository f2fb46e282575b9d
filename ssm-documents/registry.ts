import type { Remediation } from '../core/model/remediation.ts';
import { type CatalogueEntry, catalogueOf } from './catalogue.ts';
import { remediation as cniFiles } from './cni-files/remediation.ts';
import { remediation as criDockerd } from './cri-dockerd/remediation.ts';
import { remediation as ecrCredentials } from './ecr-credentials/remediation.ts';
import { remediation as pauseImage } from './pause-image/remediation.ts';

/** Every remediation, one line each, in the order in which they apply to a node. */
// biome-ignore format: one line each
export const remediations: readonly Remediation[] = [
  pauseImage,
  criDockerd,
  ecrCredentials,
  cniFiles,
];

const entries = catalogueOf(remediations);

/** Every reason that a node or a log line can be given, by name, with the remediations that answer for it. */
export const catalogue = (): ReadonlyMap<string, CatalogueEntry> => entries;

/** What the operator should do about a reason; undefined for a name that is not in the catalogue. */
export const adviceOf = (reason: string): string | undefined => entries.get(reason)?.advice;
