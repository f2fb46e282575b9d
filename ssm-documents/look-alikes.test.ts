import { describe, expect, it } from 'vitest';
import { classify } from './classify.ts';

const IMAGE = '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5';
const MANIFEST = 'https://602401143452.dkr.ecr.us-west-2.amazonaws.com/v2/eks/pause/manifests/3.5';
const sandbox = (cause: string) => `Failed to create pod sandbox: rpc error: code = Unknown desc = ${cause}`;
const ofImage = (cause: string, image = IMAGE) =>
  sandbox(`failed to get sandbox image "${image}": failed to pull image "${image}": ${cause}`);

describe('classify ignores', () => {
  it.each<[string, string]>([
    ['a pull of the sandbox image that begins', `Pulling sandbox image ${IMAGE}`],
    ['one that is quoted', `time="t" level=info msg="Pulling sandbox image \\"${IMAGE}\\""`],
    [
      'the answer that asks for credentials, with which each pull begins',
      `time="t" level=debug msg="fetch response received" response.status="401 Unauthorized" url="${MANIFEST}"`,
    ],
    [
      'a mirror that is down, with others behind it',
      `time="t" level=info msg="trying next host" error="failed to do request: Head \\"${MANIFEST}\\": dial tcp 1.2.3.4:443: i/o timeout"`,
    ],
    ["another product's sandbox image", 'failed to pull sandbox image "ghcr.io/acme/agent:1": 401 Unauthorized'],
    ['another by the other words', 'Error: failed to get sandbox image "acme/code-sandbox:1": not found'],
    ['a search for the phrase', 'journalctl -u kubelet | grep -i "failed to get sandbox image"'],
    [
      'a rule that names the phrase',
      'expr: count_over_time({unit="kubelet"} |= "failed to get sandbox image" [5m]) > 0',
    ],
    ['a page about the event', '# FailedCreatePodSandBox: how to read "failed to get sandbox image"'],
    ['a command', `$ crictl pull ${IMAGE}`],
    ["a registry's own log", 'level=error err.code="manifest unknown" http.request.uri="/v2/pause/manifests/3.9"'],
    [
      'cAdvisor, which looks for Docker on every node',
      'I0914 03:22:10.118822 1 factory.go:223] Registration of the docker container factory failed: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    ],
    [
      "a build's network",
      'building at STEP "RUN x": setup network: plugin type="bridge" failed (add): failed to find plugin "bridge" in path [/opt/cni/bin]',
    ],
    [
      "an application's port 50051",
      'rpc error: code = Unavailable desc = dial tcp 127.0.0.1:50051: connect: connection refused',
    ],
    [
      'a disk that is full for a program in Python',
      "OSError: [Errno 28] No space left on device: '/var/lib/docker/overlay2/x'",
    ],
    ['a unit that systemd stops', 'docker.service: Deactivated successfully.'],
    [
      'a healthy unit',
      '● docker.service - Docker Application Container Engine\n   Loaded: loaded\n   Active: active (running)',
    ],
    ['a runtime that is not configured', sandbox('failed to get sandbox runtime: no runtime for "x" is configured')],
    ['that phrase, cut', sandbox('failed to get sandbox')],
    ['a program that lists the reasons of events', '"ContainerGCFailed",\n"ImageGCFailed",\n"FreeDiskSpaceFailed",'],
    ['an eviction for want of memory', 'The node had condition: [MemoryPressure].'],
  ])('%s', (_, text) => {
    expect(classify(text)).toBeNull();
  });
});

describe('classify names the cause of a missing sandbox image:', () => {
  it.each<[string, string, string]>([
    [
      'a certificate file that is missing',
      'get TLSConfig for registry "https://x": failed to load CA file: open /x/ca.crt: no such file or directory',
      'RegistryCertificate',
    ],
    [
      'a status of a gateway',
      `unexpected status from HEAD request to ${MANIFEST}: 504 Gateway Time-out`,
      'RegistryUnreachable',
    ],
    [
      'a status of no standard',
      `unexpected status from HEAD request to ${MANIFEST}: 520 <none>`,
      'RegistryUnreachable',
    ],
    [
      'a rate limit',
      `unexpected status code ${MANIFEST}: 429 Too Many Requests - Server message: toomanyrequests`,
      'RegistryUnreachable',
    ],
    [
      'a request without an answer, in whatever words',
      `failed to do request: Head "${MANIFEST}": some new words`,
      'RegistryUnreachable',
    ],
    [
      'a tag that is not there, under its full name',
      `failed to resolve reference "${IMAGE}": docker.io/rancher/pause:3.6: not found`,
      'RegistryImageNotFound',
    ],
    ['a list without this platform', 'no match for platform in manifest: not found', 'SandboxImageWrongPlatform'],
    [
      'a refused token',
      'failed to fetch oauth token: unexpected status from POST request to https://x/token: 403 Forbidden',
      'RegistryDenied',
    ],
    [
      'a token that nobody asked for',
      'failed to fetch anonymous token: unexpected status from GET request to https://x/token: 401 Unauthorized',
      'SandboxImageMissing',
    ],
    [
      'a port that looks like a status',
      'pull access denied from 10.0.0.1:5000/x: no basic auth credentials',
      'SandboxImageMissing',
    ],
  ])('%s', (_, cause, reason) => {
    expect(classify(ofImage(cause))).toEqual({ reason, image: IMAGE });
  });

  it('and names the image as the text repeats it, where blanks have come into its name', () => {
    const garbled = ofImage('i/o timeout').replace('602401143452', '6024 1143452');
    expect(classify(garbled)).toEqual({ reason: 'RegistryUnreachable', image: IMAGE });
  });

  it('a name that its configuration lost', () => {
    for (const image of ['', '/pause:3.6']) {
      expect({ image, found: classify(ofImage('invalid reference format', image)) }).toEqual({
        image,
        found: { reason: 'SandboxImageMissing' },
      });
    }
  });
});

describe('classify knows', () => {
  it.each<[string, string, string, string?]>([
    [
      "old kubelets' own container",
      `failed to "StartContainer" for "POD" with ErrImagePull: "image pull failed for ${IMAGE}, details: (dial tcp 1.2.3.4:443: i/o timeout)"`,
      'RegistryUnreachable',
      IMAGE,
    ],
    [
      'an image that is listed and gone',
      sandbox(`failed to get image from containerd "sha256:da86": image "${IMAGE}": not found`),
      'SandboxImageMissing',
      IMAGE,
    ],
    ["the AMI's script", 'pull-sandbox-image.sh[3906]: Unable to locate credentials.', 'SandboxImageMissing'],
    [
      'dockerd, for whom cri-dockerd pulled',
      `time="t" level=error msg="Handler for POST /v1.41/images/create returned error: Head \\"${MANIFEST}\\": no basic auth credentials"`,
      'SandboxImageMissing',
      IMAGE,
    ],
    [
      'a socket without its service',
      'cri-docker.socket: Socket service cri-docker.service not loaded, refusing.',
      'CRIDockerdDown',
    ],
    [
      'a unit that is not there',
      'Failed to restart cri-docker.service: Unit cri-docker.service not found.',
      'CRIDockerdDown',
    ],
    [
      'the status of a unit that failed',
      '● docker.service - Docker Application Container Engine\n   Loaded: loaded\n   Active: failed (Result: exit-code)',
      'DockerDown',
    ],
    [
      'the status of one that starts again and again',
      '● cri-docker.service - CRI Interface\n   Active: activating (auto-restart) (Result: exit-code)',
      'CRIDockerdDown',
    ],
    [
      'a provider configuration of an unknown kind',
      '"command failed" err="failed to run Kubelet: error decoding config /etc/eks/image-credential-provider/config.json: no kind is registered"',
      'CredentialProviderInvalid',
    ],
    [
      'a provider configuration that is not there',
      '"Failed to register CRI auth plugins" err="unable to read external registry credential provider configuration from \\"/x\\": open /x: no such file or directory"',
      'CredentialProviderMissing',
    ],
  ])('%s', (_, text, reason, image) => {
    expect(classify(text)).toEqual({ reason, ...(image === undefined ? {} : { image }) });
  });
});
