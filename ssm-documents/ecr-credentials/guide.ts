import type { Guide } from '../../core/model/remediation.ts';
import { commonGuide, registryGuide, runtimeGuide, UNCHANGED } from '../lib/reasons/guides.ts';

const { RuntimeDown } = runtimeGuide;
const { NodeRoleLacksECR, TokenUnavailable, RegistryUnreachable, RegistryCertificate } = registryGuide;
const RESTART = 'then `systemctl restart kubelet`';
const BACKUP =
  'Move the previous file back, which stays beside the new one (`evidence.backup`): `mv config.json.fleetmend-TIME config.json`';

/** Where the faults of a node's credentials are, and how to undo what the repair did about them. */
export const guide = {
  ...commonGuide,
  RuntimeDown,
  NodeRoleLacksECR: { ...NodeRoleLacksECR, undo: UNCHANGED },
  TokenUnavailable: { ...TokenUnavailable, undo: UNCHANGED },
  RegistryUnreachable: { ...RegistryUnreachable, undo: UNCHANGED },
  RegistryCertificate: { ...RegistryCertificate, undo: UNCHANGED },
  CredentialProviderMissing: {
    where:
      'The folder, file or program that `--image-credential-provider-config` and `--image-credential-provider-bin-dir` of kubelet name.',
    undo: `Remove the link that the repair made (method \`link\`), or take the execute bit of the program away (method \`mode\`): \`chmod a-x\`; ${RESTART}. kubelet may not start then.`,
  },
  CredentialProviderMismatch: {
    where: 'The list `matchImages` in the file of `--image-credential-provider-config` (`evidence.configFile`).',
    undo: `${BACKUP}, ${RESTART}.`,
  },
  CredentialProviderInvalid: {
    where:
      "The file of `--image-credential-provider-config` (`evidence.configFile`), or Docker's `/root/.docker/config.json` (`evidence.dockerConfig`).",
    undo: UNCHANGED,
  },
  CredentialProviderFailed: {
    where: 'The program in `evidence.tool`, `/etc/eks/image-credential-provider/ecr-credential-provider` by default.',
    undo: UNCHANGED,
  },
  KubeletDown: {
    where: "kubelet's unit (`evidence.kubeletUnit`): `kubelet.service`, or `snap.kubelet-eks.daemon.service`.",
    undo: UNCHANGED,
  },
  DockerCredentialsStale: {
    where: 'The entry of the registry below `auths` in `/root/.docker/config.json` (`evidence.dockerConfig`).',
    undo: `${BACKUP}. Nothing has to be restarted.`,
  },
  DockerCredentialHelperMissing: {
    where:
      'The program `docker-credential-NAME` that `credHelpers` or `credsStore` in `/root/.docker/config.json` names.',
    undo: UNCHANGED,
  },
} as const satisfies Readonly<Record<string, Guide>>;
