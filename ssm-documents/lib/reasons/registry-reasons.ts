import { defineReasons } from '../../../core/model/reasons.ts';

/** Reasons that the parts `ecr-token` and `fetch` give. */
export const registryReasons = defineReasons({
  NodeRoleLacksECR: {
    title: 'The node role lacks ecr:GetAuthorizationToken',
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      "The node's IAM role may not call ecr:GetAuthorizationToken, so that the node cannot pull from any private ECR.",
    advice:
      'Attach the managed policy AmazonEC2ContainerRegistryPullOnly (or ReadOnly) to the node role, or allow ecr:GetAuthorizationToken on resource "*". Look for a deny in a service control policy or a permissions boundary too. Then run the repair again.',
  },
  TokenUnavailable: {
    title: 'No ECR token could be obtained',
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      'The node got no ECR token, for another reason than a missing permission: no instance profile, instance metadata out of reach, expired credentials, or a clock that is wrong.',
    advice:
      'Check that the instance has an instance profile, that IMDS answers on the node (`curl -X PUT http://169.254.169.254/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 60"`), and that its clock is right (`chronyc tracking`).',
  },
  RegistryUnreachable: {
    title: 'The registry is unreachable',
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      'The node does not reach the registry, the ECR API or S3 (name resolution, route, security group, proxy or endpoint), or that answers with an error of its own (5xx, 429).',
    advice:
      'The evidence says what failed (networkError, httpStatus) and where (failedHost). Check from the node that the registry host of the image resolves and answers on port 443. In a private subnet the interface endpoints ecr.api and ecr.dkr and the gateway endpoint for S3 are needed, with a security group that lets the nodes in.',
  },
  RegistryDenied: {
    title: 'The registry denied access',
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      'The registry refused the node (400, 401 or 403): the token is of another region or has expired, the node role may not read this repository, or an endpoint policy is in the way.',
    advice:
      'Where the evidence has an S3 host as failedHost, the policy of the S3 endpoint must allow arn:aws:s3:::prod-REGION-starport-layer-bucket/*. A registry other than ECR that wants credentials cannot be repaired from: fleetmend has none. Else check that the node role is allowed ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository, and that the policy of an ECR endpoint allows the EKS registry account. Is the clock of the node right?',
  },
  RegistryImageNotFound: {
    title: 'The image is not in the registry',
    severity: 'Fatal',
    scope: 'attributable',
    cause: "The registry does not have the image that containerd's configuration names.",
    advice:
      'Check the sandbox image in the configuration of containerd: account, region, repository and tag. If it is your own mirror, push the image there.',
  },
  RegistryCertificate: {
    title: "The registry's certificate is not trusted",
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      'The node does not trust the certificate of the registry or of the ECR API: often a proxy that inspects TLS.',
    advice:
      "The evidence networkError says whether it is the issuer, the name or the time. Add the proxy's CA to the node's trust store, or except ECR and S3 from inspection. Check the clock of the node.",
  },
});
