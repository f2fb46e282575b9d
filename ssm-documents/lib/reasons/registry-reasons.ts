import { defineReasons } from '../../../core/model/reasons.ts';

/** Reasons that the parts `ecr-token` and `fetch` report. */
export const registryReasons = defineReasons({
  NodeRoleLacksECR: {
    title: 'The node role lacks ecr:GetAuthorizationToken',
    severity: 'Fatal',
    scope: 'node-local',
    evidence: ['nodeRole'],
    message: [
      [
        'The node role {nodeRole} is not allowed to call ecr:GetAuthorizationToken.',
        'The node role is not allowed to call ecr:GetAuthorizationToken.',
      ],
    ],
    cause:
      "The node's IAM role is not allowed to call ecr:GetAuthorizationToken, so that the node cannot pull from any private ECR registry.",
    advice:
      'Attach the managed policy AmazonEC2ContainerRegistryPullOnly (or ReadOnly) to the node role, or allow ecr:GetAuthorizationToken on resource "*". Also look for a deny in a service control policy or a permissions boundary. Then run the repair again.',
  },
  TokenUnavailable: {
    title: 'No ECR token could be obtained',
    severity: 'Fatal',
    scope: 'node-local',
    evidence: ['tool'],
    message: [
      [
        'No ECR token could be obtained with {tool}: {detail}.',
        'No ECR token could be obtained: {detail}.',
        'No ECR token could be obtained.',
      ],
    ],
    cause:
      'The node could not obtain an ECR token for a reason other than a missing permission: no instance profile, instance metadata that cannot be reached, expired credentials, or a wrong clock.',
    advice:
      'Check that the instance has an instance profile, that IMDS answers on the node (`curl -X PUT http://169.254.169.254/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 60"`), and that its clock is right (`chronyc tracking`).',
  },
  RegistryUnreachable: {
    title: 'The registry is unreachable',
    severity: 'Fatal',
    scope: 'node-local',
    evidence: ['tool', 'fetched', 'failedHost', 'networkError', 'httpStatus'],
    message: [
      [
        '{failedHost} answered with HTTP status {httpStatus}.',
        '{failedHost} could not be reached ({networkError}).',
        'The registry or the ECR API could not be reached.',
      ],
      [
        'Fetching {fetched} failed: {detail}.',
        'No ECR token could be obtained with {tool}: {detail}.',
        'The last error was: {detail}.',
      ],
    ],
    cause:
      'The node cannot reach the registry, the ECR API or S3 (DNS, route, security group, proxy or endpoint), or the service answers with an error of its own (5xx, 429).',
    advice:
      'The evidence shows how the request failed (networkError, httpStatus) and for which host (failedHost). On the node, check that the registry host of the image resolves and answers on port 443. A private subnet needs the interface endpoints ecr.api and ecr.dkr and the gateway endpoint for S3, with a security group that admits the nodes.',
  },
  RegistryDenied: {
    title: 'The registry denied access',
    severity: 'Fatal',
    scope: 'node-local',
    evidence: ['fetched', 'failedHost', 'httpStatus'],
    message: [
      [
        '{failedHost} denied access to {fetched} with HTTP status {httpStatus}: {detail}.',
        'The registry denied access to {fetched}: {detail}.',
        'The registry denied access: {detail}.',
      ],
    ],
    cause:
      'The registry denied access (400, 401 or 403): the token is for another Region or has expired, the node role may not read this repository, or an endpoint policy denies it.',
    advice:
      'If the evidence has an S3 host as failedHost, the policy of the S3 endpoint must allow arn:aws:s3:::prod-REGION-starport-layer-bucket/*. fleetmend has no credentials for registries other than ECR. Otherwise check that the node role is allowed ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository, that the policy of an ECR endpoint allows the EKS registry account, and that the clock of the node is right.',
  },
  RegistryImageNotFound: {
    title: 'The image is not in the registry',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['fetched'],
    message: [['{fetched} is not in its registry: {detail}.', 'The image {image} is not in its registry: {detail}.']],
    cause: "The registry does not have the image that containerd's configuration names.",
    advice:
      'Check the sandbox image in the configuration of containerd: account, Region, repository and tag. If it is your own mirror, push the image there.',
  },
  RegistryCertificate: {
    title: "The registry's certificate is not trusted",
    severity: 'Fatal',
    scope: 'node-local',
    evidence: ['failedHost', 'networkError'],
    message: [
      [
        'The node does not trust the certificate of {failedHost} ({networkError}): {detail}.',
        'The node does not trust the certificate of the registry or of the ECR API: {detail}.',
      ],
    ],
    cause:
      'The node does not trust the certificate of the registry or of the ECR API, often because a proxy inspects TLS.',
    advice:
      "The evidence networkError shows whether the issuer, the name or the time is the problem. Add the proxy's CA to the node's trust store, or exempt ECR and S3 from inspection. Check the clock of the node.",
  },
});
