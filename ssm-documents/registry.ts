// biome-ignore-all assist/source/organizeImports: a new line may stand at the end
// Every remediation has one line here, in any order: `order` in its definition decides which one applies first.
export { remediation as cniFiles } from './cni-files/remediation.ts';
export { remediation as criDockerd } from './cri-dockerd/remediation.ts';
export { remediation as ecrCredentials } from './ecr-credentials/remediation.ts';
export { remediation as pauseImage } from './pause-image/remediation.ts';
