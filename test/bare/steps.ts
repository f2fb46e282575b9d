import { type BareMachine, type MachineUser, USERS } from './machine.ts';

/** One thing that a stranger does with a fresh clone. */
export type Step = {
  readonly name: string;
  readonly title: string;
  readonly user: MachineUser;
  /** A shell script that runs in the clone and fails where the step fails. */
  readonly script: string;
  readonly environment?: Readonly<Record<string, string>>;
};

/** Fails, and shows the change, where a command has changed a file of the repository. */
const UNCHANGED =
  'git diff --stat; changed=$(git status --porcelain); test -z "$changed" || { echo "changed: $changed"; exit 1; }';

/** Licences that no package of an installation of the product may have: the AGPL. */
const NO_AGPL = `
found=$(find node_modules -name package.json -exec grep --files-with-matches --extended-regexp '"license": *"[^"]*AGPL' {} + || true)
test -z "$found" || { echo "under the AGPL: $found"; exit 1; }`;

/** The steps in their order; `words` go to `npm test`. */
export const stepsOf = (words: readonly string[]): readonly Step[] => {
  const test = `npm test -- ${words.join(' ')}`;
  return [
    { name: 'ci', title: 'npm ci changes no file', user: 'root', script: `npm ci\n${UNCHANGED}` },
    { name: 'install', title: 'npm install changes no file', user: 'root', script: `npm install\n${UNCHANGED}` },
    { name: 'demo', title: 'npm run demo', user: 'root', script: 'npm run demo' },
    { name: 'real', title: 'npm run demo -- --real', user: 'root', script: 'npm run demo -- --real' },
    {
      name: 'test',
      title: 'npm test, with CI set',
      user: 'root',
      script: `${test}\n${UNCHANGED}`,
      environment: { CI: 'true' },
    },
    {
      name: 'synth',
      title: 'npm ci --omit=dev and npm run synth in another clone, without a package under the AGPL',
      user: 'root',
      script: `
rm -rf ../production && git clone --quiet . ../production && cd ../production
npm ci --omit=dev
npm run synth > /dev/null
test -s cdk.out/manifest.json
${NO_AGPL}
${UNCHANGED}`,
    },
    {
      name: 'deploy',
      title: 'npm run deploy in a clone that nothing was installed in, without credentials: ends in one clear line',
      user: 'root',
      script: `
rm -rf ../deployment && git clone --quiet . ../deployment && cd ../deployment
echo '{"account":"123456789012","region":"eu-west-1","clusters":[{"name":"shop"}]}' > fleetmend.config.json
npm run deploy 2>&1 | tee ../output && exit 1
tail -n 1 ../output | grep '^deploy: found no AWS credentials for account 123456789012 in eu-west-1'
${NO_AGPL}
${UNCHANGED}`,
      environment: { AWS_EC2_METADATA_DISABLED: 'true' },
    },
    {
      name: 'user-ci',
      title: 'npm ci by an ordinary user',
      user: 'ordinary',
      script: `npm ci\n${UNCHANGED}`,
    },
    { name: 'user-demo', title: 'npm run demo by an ordinary user', user: 'ordinary', script: 'npm run demo' },
    {
      name: 'user-test',
      title: 'npm test by an ordinary user: names what it cannot run',
      user: 'ordinary',
      // A user without root, on a machine that lacks the packages: the summary has to say so.
      script: `${test} | tee ../output\n${UNCHANGED}\ngrep '^not run: ' ../output`,
    },
  ];
};

/** Where the clone of a user lies. */
export const cloneOf = (user: MachineUser): string => `${USERS[user].home}/fleetmend`;

/** Clones the repository's commit on the machine as its user would. */
export const cloneOn = async (machine: BareMachine, user: MachineUser, bundle: string): Promise<void> => {
  const { code } = await machine.run(`git clone --quiet ${bundle} ${cloneOf(user)}`, { user });
  if (code !== 0) throw new Error(`cloning the repository on the bare machine failed with exit code ${code}`);
};
