/** Installs the Debian packages that real nodes need, then says whether this machine can run them. */
import { installPackages, missingPackages, neededPackages, probe } from './packages.ts';

const missing = missingPackages();
if (missing.length > 0) {
  console.log('Real nodes need these Debian packages:');
  for (const { name, why } of neededPackages()) {
    console.log(`  ${missing.includes(name) ? 'missing' : 'present'}  ${name}: ${why}`);
  }
  if (process.getuid?.() !== 0) {
    console.error(`Only root can install them: apt-get install --no-install-recommends ${missing.join(' ')}`);
    process.exit(1);
  }
  console.log('Installing what is missing; nothing is removed, and no service is started.');
  await installPackages();
}
const machine = await probe();
if (!machine.ok) {
  console.error(`This machine cannot run real nodes. It lacks ${machine.missing.join('; ')}`);
  process.exit(1);
}
console.log('This machine can run real nodes.');
