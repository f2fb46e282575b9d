import { defined } from '../../core/model/defined.ts';
import type { Place } from './connection.ts';

/** The clients of the services that `doctor` reads with the rights of its caller. Only `doctor` evaluates them. */
const CLIENTS = {
  ssm: async () => (await import('./clients/ssm.ts')).connect,
  logs: async () => (await import('./clients/logs.ts')).connect,
  cloudtrail: async () => (await import('./clients/cloudtrail.ts')).connect,
  eks: async () => (await import('./clients/eks.ts')).connect,
  iam: async () => (await import('./clients/iam.ts')).connect,
} as const;

/** A service that `doctor` reads with the rights of its caller. */
export type AwsService = keyof typeof CLIENTS;

type Reads = { readonly [Service in AwsService]: ReturnType<Awaited<ReturnType<(typeof CLIENTS)[Service]>>> };

/** The operations of a service, each with its input. They only read; an error has AWS's name, such as `AccessDeniedException`. */
export type AskAws = <Service extends AwsService>(service: Service) => Promise<Reads[Service]>;

/** Asks AWS with the credentials of a place. */
export type ConnectAws = (place: Place) => AskAws;

const TIMEOUT_MS = 15_000;

/** Asks by the SDK's clients. */
export const askBySdk: ConnectAws = ({ region, profile, endpoint, fips }) => {
  const config = {
    ...defined({ region, profile, endpoint, useFipsEndpoint: fips }),
    requestHandler: { requestTimeout: TIMEOUT_MS, connectionTimeout: 5000 },
  };
  const connected = new Map<AwsService, Promise<unknown>>();
  return async <Service extends AwsService>(service: Service): Promise<Reads[Service]> => {
    const client = connected.get(service) ?? CLIENTS[service]().then((connect) => connect(config));
    connected.set(service, client);
    return (await client) as Reads[Service];
  };
};
