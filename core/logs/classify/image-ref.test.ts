import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { search } from '../../../test/deep.ts';
import type { Segment } from '../../model/log-lines.ts';
import { firstRef, imageOfRequest, isLocal, isPause, pauseAnywhere, refAfter } from './image-ref.ts';
import { phrase } from './text.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const segment = (text: string): Segment => {
  const compact = text.replace(/\s+/g, '');
  return { text, compact, lower: compact.toLowerCase() };
};

/** A request of so many characters before its `/manifests/`. */
const longRequest = (length: number): string => {
  const host = `https://${'h'.repeat(58)}.io/v2/`;
  return `GET ${host}${'r'.repeat(length - host.length)}/manifests/1`;
};

describe('the image of a request to a registry', () => {
  const of = (text: string) => imageOfRequest(segment(text));

  it.each([
    ['by tag', 'Head "https://a.example/v2/eks/pause/manifests/3.5": 401', 'a.example/eks/pause:3.5'],
    ['by digest', `Get https://a.example:5000/v2/pause/manifests/${DIGEST} EOF`, `a.example:5000/pause@${DIGEST}`],
    ['without TLS', 'Get "http://10.0.0.1:5000/v2/pause/manifests/3.5"', '10.0.0.1:5000/pause:3.5'],
    ['of Docker Hub', 'https://registry-1.docker.io/v2/rancher/pause/manifests/3.6', 'docker.io/rancher/pause:3.6'],
    ['in a repository that is called v2', 'https://a.example/v2/v2/pause/manifests/1', 'a.example/v2/pause:1'],
    ['that a terminal broke into lines', 'https://a.example/v2/eks/\npause/mani\nfests/3.5', 'a.example/eks/pause:3.5'],
    [
      'of a host whose name only ends as Docker Hub',
      'https://my-registry-1.docker.io/v2/x/manifests/1',
      'my-registry-1.docker.io/x:1',
    ],
    ['far into a text', `${'word '.repeat(100)}https://a.example/v2/pause/manifests/1`, 'a.example/pause:1'],
    ['that is as long as is read', longRequest(300), `${'h'.repeat(58)}.io/${'r'.repeat(227)}:1`],
    ['in capitals', 'https://a.example/v2/pause/MANIFESTS/3.5', 'a.example/pause:3.5'],
  ])('%s', (_, text, image) => {
    expect(of(text)).toBe(image);
  });

  it.each([
    ['nothing asks for a manifest', 'https://a.example/v2/eks/pause/blobs/x'],
    ['the host is missing', 'GET /v2/eks/pause/manifests/3.5'],
    ['the repository is missing', 'https://a.example/v2/manifests/3.5'],
    ['the tag is missing', 'https://a.example/v2/eks/pause/manifests/'],
    ['the tag is quoted', 'https://a.example/v2/eks/pause/manifests/ "3.5"'],
    ['the tag is none', 'https://a.example/v2/eks/pause/manifests/"'],
    ['the path is not that of a registry', 'https://a.example/v1/eks/pause/manifests/3.5'],
    ['the request is longer than is read', longRequest(301)],
    ['it is longer than a reference may be', `https://a.example/v2/${'a'.repeat(250)}/manifests/${'b'.repeat(100)}`],
  ])('is undefined where %s', (_, text) => {
    expect(of(text)).toBeUndefined();
  });
});

describe('a pause image', () => {
  it.each([
    'registry.k8s.io/pause:3.9',
    '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5',
    `docker.io/rancher/mirrored-pause:3.6@${DIGEST}`,
    'a.example:5000/pause-amd64',
    'localhost/kubernetes/pause',
    'rancher/mirrored-pause:3.6',
    'rancher/hardened-pause:3.6',
    ...['amd64', 'arm64', 'arm', 'ppc64le', 's390x', 'windows', 'linux-amd64'].map(
      (arch) => `a.example/pause-${arch}:3.9`,
    ),
    'mcr.microsoft.com/oss/kubernetes/pause-windows-ltsc2022:3.9',
  ])('is %s', (ref) => {
    expect(isPause(ref)).toBe(true);
  });

  it.each([
    'pause:3.9',
    'a.example/pauses:1',
    'a.example/my-pause:1',
    'a.example/pause-app:1',
    'a.example/pause-linux-:1',
    'a.example/pause/app:1',
    'a.example:5000/app:pause',
    '',
  ])('is not %j', (ref) => {
    expect(isPause(ref)).toBe(false);
  });

  it('is local where no registry serves it', () => {
    expect([isLocal('localhost/kubernetes/pause'), isLocal('a.example/pause:1'), isLocal(undefined)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['without quotes', 'kein Abbild registry.k8s.io/pause:3.9 gefunden', 'registry.k8s.io/pause:3.9'],
    ['behind a scheme', '镜像docker://a.example/pause:3.9。', 'a.example/pause:3.9'],
    ['with a digest', `a.example/pause@${DIGEST}, then more\nlines`, `a.example/pause@${DIGEST}`],
    ['at the end of a sentence', 'It pulls a.example/eks/pause:3.5.', 'a.example/eks/pause:3.5'],
    ['before an ellipsis', 'It pulls a.example/eks/pause:3.5...', 'a.example/eks/pause:3.5'],
    [
      'with everything that a reference may have',
      `a.example/pause-s390x:${'v'.repeat(41)}@${DIGEST}`,
      `a.example/pause-s390x:${'v'.repeat(41)}@${DIGEST}`,
    ],
    ['behind seven other words', `the ${'pause '.repeat(7)}a.example/pause:3.9`, 'a.example/pause:3.9'],
    ['far behind another word', `pause ${'x'.repeat(400)} a.example/pause:3.9`, 'a.example/pause:3.9'],
    ['after a container of that name', 'pause failed: a.example/pause-arm64:3.9', 'a.example/pause-arm64:3.9'],
  ])('is found anywhere in a text: %s', (_, text, ref) => {
    expect(pauseAnywhere(segment(text))).toBe(ref);
  });

  it('is not found where none is, nor behind many other words', () => {
    for (const text of [
      '',
      'the pod is paused',
      'no /pause:3.9',
      'no ./pause:3.9',
      `${'pause '.repeat(8)}a.example/pause:3.9`,
    ]) {
      expect(pauseAnywhere(segment(text))).toBeUndefined();
    }
  });

  it('that is found is one, whatever surrounds it', async () => {
    const part = fc.constantFrom('pause', '/', ':', '://', '@', '-', '.', 'a', '3.5', ' ', '\n', 'x.example/', DIGEST);
    await fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const found = pauseAnywhere(segment(parts.join('')));
        if (found === undefined) return;
        expect(isPause(found)).toBe(true);
        expect(parts.join('')).toContain(found);
        expect(found.length).toBeLessThanOrEqual(300);
      }),
      search('a reference anywhere in a text', 200),
    );
  });
});

describe('the reference after a marker', () => {
  const MARKER = phrase('failed to pull image');
  const after = (rest: string) => refAfter(segment(`kubelet: Failed to pull image${rest}`), MARKER);

  it.each<[string, string, object]>([
    ['is an image', ' "a.example/pause:3.5": 401', { kind: 'image', ref: 'a.example/pause:3.5' }],
    [
      'is an image without its scheme',
      ' "docker://a.example/pause:3.5"',
      { kind: 'image', ref: 'a.example/pause:3.5' },
    ],
    ['has no name', ' ""', { kind: 'other', isNameless: true }],
    ['has nothing before its slash', ' "/eks/pause:3.5"', { kind: 'other', isNameless: true }],
    ['is something else', ' "$(reboot)"', { kind: 'other' }],
    ['is an image whose scheme is not at its start', ' "a/docker://b/c"', { kind: 'image', ref: 'a/docker://b/c' }],
    ['is something else, but for one character', ' "$a.example/pause:3.5"', { kind: 'other' }],
    ['is something else after a slash', ' "/$(reboot)"', { kind: 'other' }],
    ['has no quote', ' a.example/pause:3.5', { kind: 'other' }],
    ['has no quote, and a second character that may begin one', ' aa.example/pause', { kind: 'other' }],
    ['is missing, because the text ends', '', { kind: 'cut' }],
    ['is cut after its quote', ' "', { kind: 'cut' }],
    ['is cut', ' "a.example/pau', { kind: 'cut' }],
    ['is cut with an ellipsis', ' "a.example/pau...', { kind: 'cut' }],
    ['is cut, and no image', ' "$(reboot)', { kind: 'other' }],
    ['is cut, and has nothing before its slash', ' "/eks/pau', { kind: 'other' }],
    ['is cut, and as long as any', ` "${'a'.repeat(300)}`, { kind: 'cut' }],
    ['is cut, and longer than any with its scheme', ` "docker://${'a'.repeat(292)}`, { kind: 'other' }],
    ['is longer than any', ` "${'a'.repeat(301)}`, { kind: 'other' }],
  ])('%s', (_, rest, named) => {
    expect(after(rest)).toEqual(named);
  });

  it('is read where the text begins with the marker', () => {
    expect(refAfter(segment('Failed to pull image "a.example/pause:3.5"'), MARKER)).toMatchObject({ kind: 'image' });
  });

  it('is absent where the text has no marker', () => {
    expect(refAfter(segment('all is well'), MARKER)).toEqual({ kind: 'absent' });
  });

  it('is that of the first marker that has one', () => {
    const text = segment('Back-off pulling image $X; failed to pull image "a.example/pause:3.5"');
    expect(firstRef(text, [phrase('Back-off pulling image'), MARKER])).toBe('a.example/pause:3.5');
    expect(firstRef(text, [phrase('Back-off pulling image')])).toBeUndefined();
  });
});
