import { Sha256 } from '@aws-crypto/sha256-js';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SignatureV4 } from '@smithy/signature-v4';
import * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import type { Payload, Place } from './connection.ts';

/** The prefixes of the operations of each service: all use the protocol AWS JSON 1.1. Source: their API references. */
const TARGETS = {
  ssm: 'AmazonSSM',
  logs: 'Logs_20140328',
  cloudtrail: 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101',
} as const;

/** A service that `doctor` reads with the rights of its caller. */
export type AwsService = keyof typeof TARGETS;

/** Calls an operation that reads. Throws an error with AWS's name of it, such as `AccessDeniedException`. */
export type AskAws = (service: AwsService, operation: string, body: Payload) => Promise<unknown>;

/** Asks AWS with the credentials of a place. */
export type ConnectAws = (place: Place) => AskAws;

const TIMEOUT_MS = 15_000;

const Failure = z.object({
  __type: z.string().optional(),
  message: z.string().optional(),
  Message: z.string().optional(),
});

const failureOf = (status: number, text: string): Error => {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = {};
  }
  const { __type: type = `HTTP ${status}`, message, Message = text.slice(0, 200) } = Failure.catch({}).parse(answer);
  return Object.assign(new Error(message ?? Message), { name: type.split('#').at(-1) ?? type });
};

/**
 * Asks by HTTPS. The SDK's client of Lambda gives the credentials, the Region and the domain of the partition: a client of
 * each service would make the program half as large again.
 */
export const askByHttps: ConnectAws = ({ region, profile, endpoint, fips }) => {
  const client = new LambdaClient(defined({ region, profile, useFipsEndpoint: fips }));
  const urlOf = (service: AwsService, inRegion: string): URL => {
    if (endpoint !== undefined) return new URL('/', endpoint);
    const { url } = client.config.endpointProvider({ Region: inRegion, UseFIPS: fips ?? false, UseDualStack: false });
    return new URL(`https://${url.host.replace(/^lambda/, service)}/`);
  };
  return async (service, operation, body) => {
    const inRegion = await client.config.region();
    const url = urlOf(service, inRegion);
    const text = JSON.stringify(body);
    const signer = new SignatureV4({
      ...{ service, region: inRegion, sha256: Sha256, applyChecksum: false },
      credentials: client.config.credentials,
    });
    const { headers } = await signer.sign({
      ...{ method: 'POST', protocol: url.protocol, hostname: url.hostname, path: '/', query: {}, body: text },
      headers: {
        host: url.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${TARGETS[service]}.${operation}`,
      },
    });
    const answer = await fetch(url, {
      ...{ method: 'POST', headers, body: text, redirect: 'error' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const said = await answer.text();
    if (!answer.ok) throw failureOf(answer.status, said);
    return JSON.parse(said);
  };
};
