/** Every reason that a log line can give, the most telling first: of several in one text, the first is the answer. */
export const LOG_REASONS = [
  'NodeRoleLacksECR',
  'DockerDown',
  'CRIDockerdDown',
  'RuntimeEndpointConflict',
  'DiskFull',
  'SandboxImageIncomplete',
  'SandboxImageWrongPlatform',
  'RegistryCertificate',
  'RegistryDenied',
  'RegistryImageNotFound',
  'RegistryUnreachable',
  'SandboxImageMissing',
  'CRIDockerdNoCNI',
  'CredentialProviderInvalid',
  'CredentialProviderMissing',
  'CredentialProviderFailed',
  'CNIBinaryInvalid',
  'CNIBinaryMissing',
  'CNIConfigInvalid',
  'CNIConfigMissing',
  'CNINotReady',
  'SandboxImageMismatch',
  'ImageGCPressure',
] as const;
/** One of {@link LOG_REASONS}. */
export type LogReason = (typeof LOG_REASONS)[number];

/** What a piece of a log says of the node that wrote it. */
export type Fault = {
  readonly reason: LogReason;
  /** The failing sandbox image, where the text names it. */
  readonly image?: string;
  /** Present where the text only foretells the fault, or where no machine can repair it: it asks for a check, never for a repair. */
  readonly hint?: true;
};
