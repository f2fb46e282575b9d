/** The error of containerd 1.6 where the sandbox image is gone and the registry wants a token. */
export const sandboxError = (image: string): string =>
  `failed to get sandbox image "${image}": failed to pull image "${image}": failed to pull and unpack image "${image}": failed to resolve reference "${image}": pulling from host ${image.split('/')[0]} failed with status code [manifests ${image.split(':').at(-1)}]: 401 Unauthorized`;

/** A record of Container Insights with an error of containerd, and the stream that it goes to. */
export const sandboxRecord = (
  node: { readonly instanceId: string; readonly privateDnsName: string },
  error: string,
  { region, now }: { readonly region: string; readonly now: number },
): { readonly stream: string; readonly line: string } => {
  const message = `time="${new Date(now).toISOString()}" level=error msg="RunPodSandbox for &PodSandboxMetadata{Name:web,Uid:1,Namespace:default,Attempt:0,} failed, error" error=${JSON.stringify(error)}`;
  return {
    stream: `${node.privateDnsName}-dataplane.systemd.containerd.service`,
    line: JSON.stringify({
      hostname: node.privateDnsName,
      systemd_unit: 'containerd.service',
      message,
      az: `${region}a`,
      ec2_instance_id: node.instanceId,
    }),
  };
};
