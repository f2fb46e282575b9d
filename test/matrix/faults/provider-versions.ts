import type { GenerationName } from '../../../lab/real/generations.ts';
import type { RealNode } from '../../../lab/real/node.ts';
import type { ExpectedResult, Fault, FaultScene } from '../fault.ts';
import {
  breakBy,
  ofProvider,
  PROVIDER_CONFIG,
  PROVIDER_FOLDER,
  providerRepaired,
  RESTART_KUBELET,
} from '../provider-scenes.ts';
import { shell } from '../scenes.ts';

/** The generation with kubelet 1.36, which refuses more than the kubelets of the others. */
const is136 = (generation: GenerationName): boolean => generation === 'al2023-2';
const PROVIDER = '"name": "ecr-credential-provider"';
const FIRST_PATTERN = '"\\*.dkr.ecr.\\*.amazonaws.com",';
const TOKENS = '"serviceAccountTokenAudience":"a","requireServiceAccount":true';
const KEY = 'eks.amazonaws.com/ecr-role-arn';

const refusedAtStart = (detail: RegExp): ExpectedResult => ({
  outcome: 'Broken',
  reason: 'CredentialProviderInvalid',
  detail,
  evidence: { configProblem: 'start', blocksKubelet: true },
});
const refusedField = (configProblem: string, configField: string): ExpectedResult => ({
  outcome: 'Broken',
  reason: 'CredentialProviderInvalid',
  evidence: { configProblem, configField, blocksKubelet: true },
});

/** A configuration that kubelet 1.36 refuses at its start, and earlier ones take. */
const refusedBy136 = (name: string, script: string, detail: RegExp): Fault => ({
  ...ofProvider,
  name,
  break: breakBy(`${script}\n${RESTART_KUBELET}; sleep 2`),
  check: (generation) => (is136(generation) ? refusedAtStart(detail) : { outcome: 'Healthy' }),
  repair: (generation) =>
    is136(generation) ? { ...refusedAtStart(detail), outcome: 'NotRepaired' } : { outcome: 'Healthy' },
  slow: true,
});

/** A configuration that kubelet 1.36 takes, and at which earlier ones end. */
const takenBy136 = (name: string, script: string, detail: RegExp): Fault => ({
  ...ofProvider,
  name,
  break: breakBy(`${script}\n${RESTART_KUBELET}; sleep 2`),
  check: (generation) => (is136(generation) ? { outcome: 'Healthy' } : refusedAtStart(detail)),
  repair: (generation) =>
    is136(generation) ? { outcome: 'Healthy' } : { ...refusedAtStart(detail), outcome: 'NotRepaired' },
  slow: true,
});

const inProvider = (text: string): string => `sed -i 's|${PROVIDER}|${text},${PROVIDER}|' ${PROVIDER_CONFIG}`;
const withPattern = (pattern: string): string =>
  `sed -i 's|${FIRST_PATTERN}|&"${pattern}",|' ${PROVIDER_CONFIG}; grep -qF '"${pattern}"' ${PROVIDER_CONFIG}`;

const ofEcrApi = (name: string, fault: Parameters<FaultScene['fleet']['setFault']>[1]): Fault => ({
  ...ofProvider,
  name,
  break: async (_, { fleet }) => {
    await fleet.setFault('ecr', fault);
  },
  check: { outcome: 'Broken', reason: 'RegistryUnreachable' },
  restore: async (_, { fleet }) => {
    await fleet.setFault('ecr', null);
  },
});

const KUBELET_CONFIG = '$(echo /etc/kubernetes/kubelet/*onfig.json)';
const bindElsewhere = async (node: RealNode): Promise<void> => {
  await breakBy(`cp ${KUBELET_CONFIG} /run/kept-kubelet-config
sed -i 's|"kind"|"healthzBindAddress":"${node.address}","healthzPort":10258,"kind"|' ${KUBELET_CONFIG}
sed -i 's/amazonaws[.]com[.]cn/amazonaws.cn/' ${PROVIDER_CONFIG}; ${RESTART_KUBELET}
for i in $(seq 100); do curl -fsS ${node.address}:10258/healthz && exit; sleep 0.1; done; exit 1`)(node);
};

/** The faults of kubelet's credential provider that depend on the versions of kubelet, and the words of the provider. */
export const faults: readonly Fault[] = [
  {
    ...ofProvider,
    name: 'its configuration has a duration without a unit, at which every kubelet ends',
    break: breakBy(`sed -i 's/"12h"/"12"/' ${PROVIDER_CONFIG}; ${RESTART_KUBELET}; sleep 2`),
    check: refusedField('invalid', 'providers[0].defaultCacheDuration'),
  },
  {
    ...ofProvider,
    name: 'its configuration names the provider twice',
    break: breakBy(
      `sed -i 's|"providers": \\[|&{"name":"ecr-credential-provider","matchImages":["a.b"],"defaultCacheDuration":"1h","apiVersion":"credentialprovider.kubelet.k8s.io/v1"},|' ${PROVIDER_CONFIG}; ${RESTART_KUBELET}; sleep 2`,
    ),
    check: refusedField('duplicate', 'providers[1].name'),
    slow: true,
  },
  refusedBy136(
    'its configuration has an unknown key',
    inProvider('"colour":"red"'),
    /strict decoding error: unknown field .*colour/,
  ),
  refusedBy136(
    'its configuration has tokenAttributes without cacheType',
    inProvider(`"tokenAttributes":{${TOKENS}}`),
    /cacheType: Required value/,
  ),
  refusedBy136(
    'its configuration has a pattern with brackets in the host',
    withPattern('mirror[0-9].corp.example'),
    /match image is invalid/,
  ),
  {
    ...ofProvider,
    name: 'its configuration has tokenAttributes, so that kubelet 1.36 asks it for some pods alone',
    break: breakBy(
      `${inProvider(`"tokenAttributes":{${TOKENS},"cacheType":"Token","requiredServiceAccountAnnotationKeys":["${KEY}"]}`)}; ${RESTART_KUBELET}; sleep 2`,
    ),
    check: (generation) =>
      is136(generation)
        ? { outcome: 'Broken', reason: 'CredentialProviderMismatch', evidence: { onlyFor: KEY } }
        : { outcome: 'Healthy' },
    repair: (generation) =>
      is136(generation)
        ? { outcome: 'NotRepaired', reason: 'CredentialProviderMismatch', evidence: { onlyFor: KEY } }
        : { outcome: 'Healthy' },
  },
  {
    ...ofProvider,
    name: 'its configuration has IPv6, empty and non-ASCII patterns (which is no fault)',
    break: breakBy(
      `${withPattern('[::1]:5000')}; ${withPattern('bücher.example')}; ${withPattern('')}; ${RESTART_KUBELET}; sleep 2`,
    ),
    check: { outcome: 'Healthy' },
    repair: { outcome: 'Healthy' },
    slow: true,
  },
  {
    ...ofProvider,
    name: "kubelet's health check listens at the node's own address, and the pattern is missing",
    break: bindElsewhere,
    check: { outcome: 'Broken', reason: 'CredentialProviderMismatch' },
    repair: providerRepaired('CredentialProviderMismatch', 'add-pattern'),
    restore: async (node) => {
      await shell(node, `cp /run/kept-kubelet-config ${KUBELET_CONFIG}`);
      await ofProvider.restore(node);
    },
    slow: true,
  },
  takenBy136(
    'the flag names a folder of configurations, which kubelet 1.36 takes',
    `mkdir ${PROVIDER_FOLDER}/all; mv ${PROVIDER_CONFIG} ${PROVIDER_FOLDER}/all/b.json; ln -s all ${PROVIDER_CONFIG}
sed 's|"ecr-cred|"other", "matchImages": ["x.example"], "defaultCacheDuration": "1h", "apiVersion": "credentialprovider.kubelet.k8s.io/v1"}, {"name": "ecr-cred|;s|"name": "ecr-credential-provider"|"name": "third"|' ${PROVIDER_FOLDER}/all/b.json > ${PROVIDER_FOLDER}/all/a.json
printf '#!/bin/sh\\nexit 1\\n' | tee ${PROVIDER_FOLDER}/other > ${PROVIDER_FOLDER}/third; chmod 755 ${PROVIDER_FOLDER}/other ${PROVIDER_FOLDER}/third
sed -i 's/amazonaws[.]com[.]cn/amazonaws.cn/' ${PROVIDER_FOLDER}/all/a.json`,
    /is a directory/,
  ),
  takenBy136(
    'its configuration begins with a byte order mark, which kubelet 1.36 takes',
    `sed -i '1s/^/\\xef\\xbb\\xbf/' ${PROVIDER_CONFIG}`,
    /invalid character/,
  ),
  ofEcrApi('the ECR API throttles', { kind: 'throttled' }),
  ofEcrApi('the ECR API answers 500', { kind: 'status', status: 500 }),
];
