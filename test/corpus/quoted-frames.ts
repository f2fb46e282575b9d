import type { LineKind } from '../../core/model/log-lines.ts';

/** A record of a component that repeats what the author of a pod or an image wrote. */
export type Frame = {
  readonly name: string;
  readonly kind: LineKind;
  readonly around: (text: string) => string;
};

/** As Go's `%q` quotes a text, and as klog and logrus quote their values. */
const quote = (text: string): string => JSON.stringify(text);
const klog = (source: string, message: string): string => `I0312 07:41:09.552310    2871 ${source}] ${message}`;
const failed = (call: string, error: string): string =>
  `E0312 07:41:09.552310    2871 log.go:32] "${call} from runtime service failed" err=${quote(`rpc error: code = Unknown desc = ${error}`)} podSandboxID="93ab"`;
const logrus = (message: string, error: string): string =>
  `time="2026-03-12T07:41:09.552310000Z" level=error msg=${quote(message)} error=${quote(error)}`;
const PROBE =
  '"Probe failed" probeType="Readiness" pod="shop/web-0" podUID="6d1f" containerName="web" probeResult="failure"';
const command = (text: string): string =>
  `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: ${quote(text)}: executable file not found in $PATH: unknown`;
const user = (text: string): string =>
  `failed to create containerd container: unable to find user ${text}: no matching entries in passwd file`;
const mountPath = (text: string): string =>
  `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting "/var/lib/kubelet/pods/6d1f/volumes/x" to rootfs at ${quote(text)}: create mountpoint for ${text} mount: not a directory: unknown`;
const image = (text: string): string =>
  `Failed to apply default image tag ${quote(text)}: couldn't parse image name ${quote(text)}: invalid reference format`;
const label = (text: string): string =>
  `failed to create containerd container: label key and value length (5000 bytes) greater than maximum size (4096 bytes), key: ${quote(text)}: invalid argument`;
const env = (text: string): string =>
  `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error setting environment variable ${quote(text)}: invalid argument: unknown`;
const container = (text: string): string =>
  `container &Container{Name:web,Image:shop/web:1,Command:[sh -c ${text}],Args:[],WorkingDir:,Env:[]EnvVar{EnvVar{Name:A,Value:${text},ValueFrom:nil,},},} start failed in pod web-0_shop(6d1f): CreateContainerConfigError: secret "x" not found`;
/** The only text of a sandbox that the author of a pod chooses. */
const profile = (text: string): string =>
  `failed to generate sandbox container spec options: failed to generate seccomp spec opts: cannot load seccomp profile ${quote(`/var/lib/kubelet/seccomp/${text}`)}: open ${quote(`/var/lib/kubelet/seccomp/${text}`)}: no such file or directory`;

/** Frames of kubelet, containerd, the journal and events. */
export const FRAMES: readonly Frame[] = [
  { name: 'probe output', kind: 'kubelet', around: (text) => klog('prober.go:107', `${PROBE} output=${quote(text)}`) },
  {
    name: 'probe output behind a line end',
    kind: 'kubelet',
    around: (text) => klog('prober.go:107', `${PROBE} output=${quote(`no\r\n${text}\rno`)}`),
  },
  {
    name: 'probe output of several lines',
    kind: 'kubelet',
    around: (text) => klog('prober.go:107', `${PROBE} output=<\n\tno\n\t${text.replaceAll('\n', '\n\t')}\n >`),
  },
  {
    name: 'probe output of an old kubelet',
    kind: 'kubelet',
    around: (text) => klog('prober.go:111', `Readiness probe for "web-0_shop(6d1f):web" failed (failure): ${text}`),
  },
  { name: 'probe event', kind: 'event', around: (text) => `Readiness probe failed: ${text}` },
  {
    name: 'lifecycle hook',
    kind: 'kubelet',
    around: (text) =>
      klog(
        'handlers.go:73',
        `"Exec lifecycle hook for Container in Pod failed" execCommand=["sh"] containerName="web" pod="shop/web-0" message=${quote(text)}`,
      ),
  },
  { name: 'command, kubelet', kind: 'kubelet', around: (text) => failed('StartContainer', command(text)) },
  {
    name: 'command, containerd',
    kind: 'containerd',
    around: (text) => logrus('StartContainer for "93ab" failed', command(text)),
  },
  { name: 'command, event', kind: 'event', around: (text) => `Error: ${command(text)}` },
  {
    name: 'command, exec',
    kind: 'kubelet',
    around: (text) =>
      failed(
        'ExecSync',
        `failed to exec in container: OCI runtime exec failed: exec failed: unable to start container process: exec: ${quote(text)}: no such file or directory`,
      ),
  },
  { name: 'user, kubelet', kind: 'kubelet', around: (text) => failed('CreateContainer in sandbox', user(text)) },
  {
    name: 'user, containerd',
    kind: 'containerd',
    around: (text) =>
      logrus('CreateContainer within sandbox "93ab" for &ContainerMetadata{Name:web,Attempt:0,} failed', user(text)),
  },
  { name: 'user, event', kind: 'event', around: (text) => `Error: ${user(text)}` },
  { name: 'image, event', kind: 'event', around: image },
  {
    name: 'image, kubelet',
    kind: 'kubelet',
    around: (text) =>
      `E0312 07:41:09.552310    2871 pod_workers.go:1301] "Error syncing pod, skipping" err=${quote(`failed to "StartContainer" for "web" with InvalidImageName: ${quote(image(text))}`)} pod="shop/web-0"`,
  },
  { name: 'environment', kind: 'kubelet', around: (text) => failed('StartContainer', env(text)) },
  {
    name: 'label',
    kind: 'containerd',
    around: (text) => logrus('CreateContainer within sandbox "93ab" failed', label(text)),
  },
  { name: 'mount path', kind: 'kubelet', around: (text) => failed('StartContainer', mountPath(text)) },
  {
    name: 'the whole container',
    kind: 'kubelet',
    around: (text) =>
      `E0312 07:41:09.552310    2871 kuberuntime_manager.go:1256] "Unhandled Error" err=${quote(container(text))} logger="UnhandledError"`,
  },
  { name: 'seccomp profile of a sandbox', kind: 'kubelet', around: (text) => failed('RunPodSandbox', profile(text)) },
  {
    name: 'annotation of a sandbox',
    kind: 'containerd',
    around: (text) =>
      logrus(
        'RunPodSandbox for &PodSandboxMetadata{Name:web-0,Uid:6d1f,Namespace:shop,Attempt:0,} failed, error',
        `failed to create sandbox: failed to apply annotation ${quote(text)}: invalid argument`,
      ),
  },
];
