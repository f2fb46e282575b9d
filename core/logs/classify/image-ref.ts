import type { Segment } from '../../model/log-lines.ts';
import { phrase } from './text.ts';

const MAX_REF_LENGTH = 300;
const REF = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,299}$/;

/** The text from `start` to the next double quote, and whether that quote exists. */
const quotedAt = (text: string, start: number): { readonly value: string; readonly closed: boolean } => {
  const piece = text.slice(start, start + MAX_REF_LENGTH + 1);
  const end = piece.indexOf('"');
  return end < 0 ? { value: piece, closed: false } : { value: piece.slice(0, end), closed: true };
};

/** The text, where it is an image reference. */
const asRef = (text: string): string | undefined => (REF.test(text) ? text : undefined);

/**
 * The text after a marker such as `failed to pull image`. `cut`: the text ends within the reference; `absent`: the text has
 * no such marker.
 */
export type Named =
  | { readonly kind: 'image'; readonly ref: string }
  | { readonly kind: 'cut' }
  /** `isNameless`: the reference is empty, or has nothing before its first slash, as an empty variable leaves it. */
  | { readonly kind: 'other'; readonly isNameless?: true }
  | { readonly kind: 'absent' };

const ABSENT: Named = { kind: 'absent' };

const refOf = (value: string): string | undefined => asRef(value.replace(/^docker:\/\//, ''));

/** The text between two quotes. */
const closedRef = (value: string): Named => {
  const ref = refOf(value);
  if (ref !== undefined) return { kind: 'image', ref };
  const isNameless = value === '' || (value.startsWith('/') && asRef(value.slice(1)) !== undefined);
  return isNameless ? { kind: 'other', isNameless } : { kind: 'other' };
};

/** The text after a quote that is never closed. */
const openRef = (value: string): Named => {
  const isRef = refOf(value) !== undefined && value.length <= MAX_REF_LENGTH;
  return isRef ? { kind: 'cut' } : { kind: 'other' };
};

/** Reads the quoted reference after the first occurrence of a marker. */
export const refAfter = (segment: Segment, marker: string): Named => {
  const at = segment.lower.indexOf(marker);
  if (at < 0) return ABSENT;
  const from = at + marker.length;
  const rest = segment.compact.slice(from, from + 2);
  if (rest === '' || rest === '"') return { kind: 'cut' };
  if (!rest.startsWith('"')) return { kind: 'other' };
  const { value, closed } = quotedAt(segment.compact, from + 1);
  return closed ? closedRef(value) : openRef(value);
};

/** The image after the first of the markers that names one. */
export const firstRef = (segment: Segment, markers: readonly string[]): string | undefined => {
  for (const marker of markers) {
    const named = refAfter(segment, marker);
    if (named.kind === 'image') return named.ref;
  }
  return undefined;
};

// The names that upstream Kubernetes, EKS, Rancher and Windows images use.
const PAUSE_NAME =
  /^(?:mirrored-|hardened-)?pause(?:-(?:amd64|arm64|arm|ppc64le|s390x|windows[a-z0-9-]*|linux-[a-z0-9]+))?$/i;

/** Whether a reference names a pause image, by the last component of its repository. */
export const isPause = (ref: string): boolean => {
  const name = ref.replace(/@.*/s, '').replace(/^.*\//s, '').replace(/:.*/s, '');
  return ref.includes('/') && PAUSE_NAME.test(name);
};

/** Whether a reference is a local image: no registry serves `localhost/…` (AL2023, Bottlerocket). */
export const isLocal = (ref: string | undefined): boolean => ref?.startsWith('localhost/') === true;

const MAX_PLACES = 8;
const PLAIN_BEFORE = /[A-Za-z0-9._:/-]/;
// The rest of a reference after `pause`, and everything behind it.
const TAG_AND_REST =
  /^((?:-(?:amd64|arm64|arm|ppc64le|s390x))?(?::[A-Za-z0-9][A-Za-z0-9._-]{0,40})?(?:@sha256:[0-9a-f]{64})?).*$/is;

const walkBack = (text: string, from: number): number => {
  let at = from;
  while (at > 0 && from - at < MAX_REF_LENGTH && PLAIN_BEFORE.test(text.charAt(at - 1))) at--;
  return at;
};

/**
 * A pause image anywhere in a segment, quoted or not: a translated text keeps the reference and little else. Looks at the
 * first {@link MAX_PLACES} occurrences of `pause`.
 */
export const pauseAnywhere = ({ text }: Segment): string | undefined => {
  let at = text.indexOf('pause');
  for (let seen = 0; at >= 0 && seen < MAX_PLACES; seen++) {
    const start = walkBack(text, at);
    const end = at + 'pause'.length;
    const tail = text
      .slice(end, end + 160)
      .replace(TAG_AND_REST, '$1')
      .replace(/[.-]+$/, '');
    const ref = text.slice(start, end).replace(/^.*:\/\//s, '') + tail;
    if (asRef(ref) !== undefined && isPause(ref)) return ref;
    at = text.indexOf('pause', end);
  }
  return undefined;
};

const MANIFESTS = phrase('/manifests/');
const REPOSITORY_BEFORE = /https?:\/\/[A-Za-z0-9.:-]{1,255}\/v2\/[a-z0-9._/-]{1,255}$/;
const TAG_OR_DIGEST = /^(?:sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9._-]{0,127})/;

/** The image of a registry request in the text: `https://HOST/v2/REPOSITORY/manifests/TAG`. */
export const imageOfRequest = (segment: Segment): string | undefined => {
  const at = segment.lower.indexOf(MANIFESTS);
  if (at < 0) return undefined;
  const request = REPOSITORY_BEFORE.exec(segment.compact.slice(walkBack(segment.compact, at), at))?.[0];
  const tag = TAG_OR_DIGEST.exec(segment.compact.slice(at + MANIFESTS.length, at + 200))?.[0];
  if (request === undefined || tag === undefined) return undefined;
  const repository = request
    .replace(/https?:\/\//, '')
    .replace('/v2/', '/')
    .replace(/^registry-1\.docker\.io\//, 'docker.io/');
  return asRef(`${repository}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`);
};
