// Invokes one function in a fresh process, as `aws lambda invoke` does: `invoke-once FUNCTION PAYLOAD`.
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

const [, , FunctionName, Payload = '{}'] = process.argv;
const answer = await new LambdaClient({}).send(new InvokeCommand({ FunctionName, Payload }));
process.stdout.write(answer.Payload?.transformToString() ?? '');
process.exitCode = answer.FunctionError === undefined ? 0 : 1;
