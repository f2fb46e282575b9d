import { randomBytes } from 'node:crypto';
import type { RoleCredentials } from './sigv4.ts';

/** The role of a node: with the permission for ECR tokens, without it, with credentials that have expired, or missing. */
export type RoleState = 'allowed' | 'denied' | 'expired' | 'absent';

/** A node in instance metadata and the ECR API. */
export type KnownNode = {
  readonly instanceId: string;
  readonly address: string;
  readonly hostname: string;
  role: RoleState;
  readonly credentials: RoleCredentials;
};

/** A registry token: as with ECR, it is valid in its region, until it expires. */
type RegistryToken = { readonly token: string; readonly region: string; expiresAt: number };

/** The state that the services of the lab share: the nodes, the credentials of their roles, and the issued tokens. */
export type CredentialStore = {
  readonly addNode: (node: { instanceId: string; address: string; hostname: string }) => void;
  readonly nodeAt: (address: string) => KnownNode | undefined;
  readonly nodeOfKey: (accessKeyId: string) => KnownNode | undefined;
  readonly issueToken: (region: string, now: number) => RegistryToken;
  readonly findToken: (token: string) => RegistryToken | undefined;
  readonly expireTokens: (now: number) => void;
  readonly secrets: () => { ecrTokens: string[]; roleSecrets: string[] };
};

/** ECR's tokens last 12 hours. */
const TOKEN_LIFE_MILLISECONDS = 12 * 60 * 60 * 1000;
/** The approximate length of a password of ECR, which scripts must be able to handle. */
const TOKEN_BYTES = 1380;

/** Makes an empty store. */
export function createCredentialStore(): CredentialStore {
  const nodes = new Map<string, KnownNode>();
  const tokens = new Map<string, RegistryToken>();
  return {
    addNode: (node) => {
      nodes.set(node.address, { ...node, role: 'allowed', credentials: newCredentials() });
    },
    nodeAt: (address) => nodes.get(address),
    nodeOfKey: (accessKeyId) => [...nodes.values()].find((node) => node.credentials.accessKeyId === accessKeyId),
    issueToken: (region, now) => {
      const issued = {
        token: randomBytes(TOKEN_BYTES).toString('base64'),
        region,
        expiresAt: now + TOKEN_LIFE_MILLISECONDS,
      };
      tokens.set(issued.token, issued);
      return issued;
    },
    findToken: (token) => tokens.get(token),
    expireTokens: (now) => {
      for (const token of tokens.values()) token.expiresAt = now;
    },
    secrets: () => ({
      ecrTokens: [...tokens.keys()],
      roleSecrets: [...nodes.values()].flatMap(({ credentials }) => [
        credentials.secretAccessKey,
        credentials.sessionToken,
      ]),
    }),
  };
}

function newCredentials(): RoleCredentials {
  return {
    accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(300).toString('base64'),
  };
}
