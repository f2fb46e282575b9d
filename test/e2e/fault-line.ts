/** The sandbox image of the nodes. */
export const IMAGE = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5';

/** containerd 1.6's error, as a real node logged it, in a record of Container Insights. */
export const faultLine = (
  node: { readonly instanceId: string; readonly privateDnsName: string },
  at: number,
): string => {
  const error = `failed to get sandbox image "${IMAGE}": failed to pull image "${IMAGE}": failed to pull and unpack image "${IMAGE}": failed to resolve reference "${IMAGE}": pulling from host ${IMAGE.split('/')[0]} failed with status code [manifests 3.5]: 401 Unauthorized`;
  return JSON.stringify({
    hostname: node.privateDnsName,
    systemd_unit: 'containerd.service',
    message: `time="${new Date(at).toISOString()}" level=error msg="RunPodSandbox for &PodSandboxMetadata{Name:web,Uid:1,Namespace:default,Attempt:0,} failed, error" error=${JSON.stringify(error)}`,
    az: 'cn-north-1a',
    ec2_instance_id: node.instanceId,
  });
};
