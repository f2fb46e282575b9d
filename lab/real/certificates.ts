import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './process.ts';

/** A certificate and its key, PEM. */
type Certificate = { readonly certificate: string; readonly key: string };

/** The test CA, the services' certificate signed by it, and an untrusted one for the same names. */
export type LabCertificates = {
  readonly authority: string;
  readonly trusted: Certificate;
  readonly untrusted: Certificate;
};

const VALIDITY_DAYS = '2';

/** Makes a new CA and certificates for the hosts, in `folder`; the keys live no longer than the lab's file system. */
export async function makeCertificates(folder: string, hosts: readonly string[]): Promise<LabCertificates> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = await makeAuthority(folder, 'authority');
  await makeAuthority(folder, 'stranger');
  return {
    authority: authority.certificate,
    trusted: await makeLeaf(folder, 'authority', hosts),
    untrusted: await makeLeaf(folder, 'stranger', hosts),
  };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', VALIDITY_DAYS];

async function makeAuthority(folder: string, name: string): Promise<Certificate> {
  return await request(folder, name, [
    ...['-subj', `/O=fleetmend lab/CN=fleetmend lab ${name}`],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  ]);
}

async function makeLeaf(folder: string, issuer: string, hosts: readonly string[]): Promise<Certificate> {
  return await request(folder, `${issuer}-leaf`, [
    ...['-CA', join(folder, `${issuer}.pem`), '-CAkey', join(folder, `${issuer}.key`)],
    ...['-subj', '/CN=fleetmend lab service'],
    ...['-addext', `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'extendedKeyUsage=serverAuth'],
  ]);
}

async function request(folder: string, name: string, args: readonly string[]): Promise<Certificate> {
  const key = join(folder, `${name}.key`);
  const certificate = join(folder, `${name}.pem`);
  await mustRun('openssl', ['req', '-x509', ...NEW_KEY, '-keyout', key, '-out', certificate, ...args]);
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
}
