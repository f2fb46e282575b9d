import {
  IAMClient,
  type IAMClientConfig,
  SimulatePrincipalPolicyCommand,
  type SimulatePrincipalPolicyCommandInput,
} from '@aws-sdk/client-iam';

/** What `doctor` reads of IAM, by the name of the operation. */
export const connect = (config: IAMClientConfig) => {
  const client = new IAMClient(config);
  return {
    SimulatePrincipalPolicy: (input: SimulatePrincipalPolicyCommandInput) =>
      client.send(new SimulatePrincipalPolicyCommand(input)),
  };
};
