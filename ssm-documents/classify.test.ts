import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logReasons } from '../core/logs/classify/classify.ts';
import { MAX_TEXT_LENGTH } from '../core/logs/classify/text.ts';
import { search } from '../test/deep.ts';
import { classify } from './classify.ts';
import { logRules } from './remediations.ts';

const ECR = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5';
const HOST = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn';
const LOCAL = 'localhost/kubernetes/pause:latest';
const APP = '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/shop/cart:1.2';

/** The chain of errors that containerd 1.x and 2.0-2.2 build around the last cause. */
const chain = (image: string, cause: string) =>
  `failed to get sandbox image "${image}": failed to pull image "${image}": failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${cause}`;
/** containerd 2.3 and later leaves the first part out. */
const chain23 = (image: string, cause: string) =>
  `failed to pull image "${image}": failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${cause}`;
const quoted = (text: string) => text.replaceAll('"', '\\"');
const kubelet = (desc: string) =>
  `E0526 11:27:32.703454     644 log.go:32] "RunPodSandbox from runtime service failed" err="rpc error: code = Unknown desc = ${quoted(desc)}"`;
const worker = (desc: string) =>
  `E0526 11:27:32.70 644 pod_workers.go:1298] "Error syncing pod, skipping" err="failed to \\"CreatePodSandbox\\" for \\"web(0)\\" with CreatePodSandboxError: \\"Failed to create sandbox for pod \\\\\\"web(0)\\\\\\": rpc error: code = Unknown desc = ${quoted(quoted(desc)).replaceAll('\\"', '\\\\\\"')}\\"" pod="default/web"`;
const containerd = (desc: string) =>
  `time="2026-05-26T11:27:32.703454Z" level=error msg="RunPodSandbox for &PodSandboxMetadata{Name:a,Uid:a,Namespace:default,Attempt:0,} failed, error" error="${quoted(desc)}"`;

const OLD_401 = `pulling from host ${HOST} failed with status code [manifests 3.5]: 401 Unauthorized`;
const MID_401 = `unexpected status from HEAD request to https://${HOST}/v2/eks/pause/manifests/3.5: 401 Unauthorized`;
const NEW_401 =
  'pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials';
const HEAD = `failed to do request: Head "https://${HOST}/v2/eks/pause/manifests/3.5": `;

describe('classify finds a fault of the sandbox image in a line of', () => {
  it.each([
    ['kubelet, containerd up to 1.6.24', kubelet(chain(ECR, OLD_401)), 'SandboxImageMissing', ECR],
    ['kubelet, containerd 1.7.0 to 1.7.7', kubelet(chain(ECR, MID_401)), 'SandboxImageMissing', ECR],
    ['kubelet, containerd from 1.7.8', kubelet(chain(ECR, NEW_401)), 'SandboxImageMissing', ECR],
    ['kubelet, containerd from 2.3', kubelet(chain23(ECR, NEW_401)), 'SandboxImageMissing', ECR],
    [
      'kubelet, containerd from 2.3, by another name',
      kubelet(chain23('own.example/base/sandbox:1', NEW_401)),
      'SandboxImageMissing',
      'own.example/base/sandbox:1',
    ],
    [
      'kubelet, containerd 2.x',
      kubelet(`failed to start sandbox "93ab": ${chain(ECR, NEW_401)}`),
      'SandboxImageMissing',
      ECR,
    ],
    ['kubelet, quoted twice', worker(chain(ECR, OLD_401)), 'SandboxImageMissing', ECR],
    ['containerd itself', containerd(chain(ECR, OLD_401)), 'SandboxImageMissing', ECR],
    ['the article: ctr by hand', `ctr: failed to resolve reference "${ECR}": ${OLD_401}`, 'SandboxImageMissing', ECR],
    [
      'the article: the pod event',
      `Failed to create pod sandbox: rpc error: code = Unknown desc = ${chain(ECR, OLD_401)}`,
      'SandboxImageMissing',
      ECR,
    ],
    [
      'AL2023, refused',
      kubelet(
        `failed to resolve reference "${LOCAL}": failed to do request: Head "https://localhost/v2/kubernetes/pause/manifests/latest": dial tcp 127.0.0.1:443: connect: connection refused`,
      ),
      'SandboxImageMissing',
      LOCAL,
    ],
    [
      'AL2023, untagged, containerd 2.3',
      kubelet(
        'failed to start sandbox "x": failed to get sandbox image "localhost/kubernetes/pause": image "localhost/kubernetes/pause": not found',
      ),
      'SandboxImageMissing',
      'localhost/kubernetes/pause',
    ],
    [
      'an upstream image',
      kubelet(chain('registry.k8s.io/pause:3.8', `${HEAD}dial tcp 1.2.3.4:443: i/o timeout`)),
      'RegistryUnreachable',
      'registry.k8s.io/pause:3.8',
    ],
    [
      'DNS',
      kubelet(chain(ECR, `${HEAD}dial tcp: lookup ${HOST} on 10.0.0.2:53: no such host`)),
      'RegistryUnreachable',
      ECR,
    ],
    ['a slow registry', kubelet(chain(ECR, `${HEAD}net/http: TLS handshake timeout`)), 'RegistryUnreachable', ECR],
    [
      'a proxy certificate',
      kubelet(chain(ECR, `${HEAD}tls: failed to verify certificate: x509: certificate signed by unknown authority`)),
      'RegistryCertificate',
      ECR,
    ],
    ['a stale token', kubelet(chain(ECR, OLD_401.replace('401 Unauthorized', '403 Forbidden'))), 'RegistryDenied', ECR],
    [
      'a malformed token',
      kubelet(chain(ECR, OLD_401.replace('401 Unauthorized', '400 Bad Request'))),
      'RegistryDenied',
      ECR,
    ],
    ['a wrong tag', kubelet(chain(ECR, `${ECR}: not found`)), 'RegistryImageNotFound', ECR],
    [
      'a full disk',
      kubelet(
        `failed to get sandbox image "${ECR}": failed to pull image "${ECR}": failed to copy: write /var/lib/containerd/io.containerd.content.v1.content/ingest/ab/data: no space left on device`,
      ),
      'DiskFull',
      ECR,
    ],
    [
      'lost content',
      containerd(
        'failed to create containerd container: error unpacking image: failed to extract layer sha256:4de5: failed to get reader from content store: content digest sha256:e5d2: not found',
      ),
      'SandboxImageIncomplete',
      undefined,
    ],
    [
      'the SOCI snapshotter',
      kubelet(
        'error unpacking image: failed to prepare extraction snapshot: error getting header info: Get "https://602401143452.dkr.ecr.us-west-2.amazonaws.com/v2/eks/pause/blobs/sha256:aa": failed to handle challenge: authorization failed: no basic auth credentials',
      ),
      'SandboxImageIncomplete',
      undefined,
    ],
    [
      "AL2's own unit",
      'Failed to start pull sandbox image defined in containerd config.toml.',
      'SandboxImageMissing',
      undefined,
    ],
    [
      'cri-dockerd',
      `"Failed to create sandbox for pod" err="rpc error: code = Unknown desc = failed pulling image \\"${ECR}\\": Error response from daemon: Head \\"https://${HOST}/v2/eks/pause/manifests/3.5\\": no basic auth credentials" pod="a/b"`,
      'SandboxImageMissing',
      ECR,
    ],
  ])('%s', (_, line, reason, image) => {
    expect(classify(line)).toEqual({ reason, ...(image === undefined ? {} : { image }) });
  });
});

describe('classify returns as a hint', () => {
  it.each([
    [
      'a deletion, containerd 1.6',
      `time="t" level=info msg="ImageDelete event &ImageDelete{Name:${ECR},XXX_unrecognized:[],}"`,
      'SandboxImageMissing',
      ECR,
    ],
    [
      'a deletion, containerd 1.7',
      `time="t" level=info msg="ImageDelete event name:\\"${ECR}\\""`,
      'SandboxImageMissing',
      ECR,
    ],
    [
      'image GC',
      'I0526 image_gc_manager.go:310] "Disk usage on image filesystem is over the high threshold, trying to free bytes down to the low threshold" usage=86',
      'ImageGCPressure',
      undefined,
    ],
  ])('%s', (_, line, reason, image) => {
    expect(classify(line)).toEqual({ reason, hint: true, ...(image === undefined ? {} : { image }) });
  });
});

describe('classify ignores', () => {
  it.each([
    ['nothing', ''],
    [
      "an application's 401",
      `"PullImage from image service failed" err="${quoted(chain23(APP, NEW_401))}" image="${APP}"`,
    ],
    [
      "an application's 401 in containerd",
      `msg="PullImage \\"${APP}\\" failed" error="${quoted(chain23(APP, NEW_401))}"`,
    ],
    [
      'a placeholder pod that runs a pause image',
      `"PullImage from image service failed" err="${quoted(chain23('registry.k8s.io/pause:3.9', NEW_401))}" image="registry.k8s.io/pause:3.9"`,
    ],
    [
      'a pod event of an application',
      `Failed to pull image "${APP}": rpc error: code = Unknown desc = ${chain23(APP, OLD_401)}`,
    ],
    [
      "Docker Hub's rate limit",
      `"PullImage from image service failed" err="failed to pull and unpack image \\"docker.io/library/nginx:1\\": 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit"`,
    ],
    ['an image with a similar name', `ctr: ${chain23('evil.example/not-pause:1', NEW_401)}`],
    ['a repository below a pause image', `ctr: ${chain23('evil.example/pause/tool:1', NEW_401)}`],
    [
      'no free IP address',
      kubelet(
        'failed to setup network for sandbox "ab": plugin type="aws-cni" failed (add): add cmd: failed to assign an IP address to container',
      ),
    ],
    [
      'a slow runtime',
      '"RunPodSandbox from runtime service failed" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded"',
    ],
    ['memory', 'Memory cgroup out of memory: Killed process 1234 (java)'],
    [
      "an application's container that can't be unpacked",
      '"CreateContainer in sandbox from runtime service failed" err="failed to create containerd container: error unpacking image: content digest sha256:aa: not found"',
    ],
    ['the deletion of another image', `msg="ImageDelete event &ImageDelete{Name:${APP},}"`],
    [
      'a healthy pull',
      `time="t" level=info msg="PullImage \\"${ECR}\\" returns image reference \\"sha256:6996f8da07bd\\""`,
    ],
    ['a name that is no reference', kubelet('failed to get sandbox image "$(reboot)": 401 Unauthorized')],
  ])('%s', (_, line) => {
    expect(classify(line)).toBeNull();
  });
});

describe('classify, for every input,', () => {
  it('returns one of its reasons and a valid image reference, or null', async () => {
    const phrase = fc.constantFrom(
      'failed to get sandbox image "',
      'PodSandbox',
      '401 Unauthorized',
      '\\',
      '"',
      ': not found',
      'error unpacking image',
      'ImageDelete event &ImageDelete{Name:',
      '/pause',
      'localhost/',
      'no space left on device',
    );
    await fc.assert(
      fc.property(fc.array(fc.oneof(phrase, fc.string())), (parts) => {
        const found = classify(parts.join(''));
        if (found === null) return;
        expect(logReasons(logRules)).toContain(found.reason);
        expect(found.image ?? 'a').toMatch(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,299}$/);
      }),
      { ...search('phrases in a line', 100), verbose: true },
    );
  });

  it.each([['\\'], ['"'], ['failed to get sandbox image "'], ['a/'], ['ImageDelete event &ImageDelete{Name:']])(
    'reads 256 KB of %s up to its limit',
    (part) => {
      const line = part.repeat(262_144 / part.length);
      expect(classify(line)).toEqual(classify(line.slice(0, MAX_TEXT_LENGTH)));
    },
  );
});
