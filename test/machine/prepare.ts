/**
 * Installs the programs that the tests or the lab need, as root on Debian, and names those still missing.
 * Usage: prepare.ts NEED... [--json FILE]: with a file, the missing ones are written there and are no error.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { probe } from '../../lab/real/packages.ts';
import { installMissing, isDebian, missingPackages, missingPrograms } from './debian.ts';
import { isNeed, type Need } from './programs.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const needs = positionals.filter(isNeed);
if (needs.length !== positionals.length) {
  console.error(`preparing the machine for ${positionals.join(', ')}: test/machine/programs.ts has no such need`);
  process.exit(2);
}

/** Why one of the needs is not met; undefined where it is. */
const lackFor = async (need: Need): Promise<string | undefined> => {
  if (need === 'real nodes') {
    const machine = await probe();
    return machine.ok ? undefined : `real nodes need ${machine.missing.join('; ')}`;
  }
  const names = missingPrograms([need]).map(({ name }) => name);
  return names.length === 0 ? undefined : `needs ${names.join(', ')}`;
};

const packages = missingPackages(needs);
if (packages.length > 0 && process.getuid?.() === 0 && isDebian()) {
  console.log(`Installing Debian packages: ${packages.join(' ')}. None is removed, and no service is started.`);
  try {
    await installMissing(needs);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
  }
}
const lacks = new Map<Need, string>();
for (const need of needs) {
  const lack = await lackFor(need);
  if (lack !== undefined) lacks.set(need, lack);
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(Object.fromEntries(lacks)));
for (const [need, lack] of lacks) console.error(`This machine is not ready for ${need}: ${lack}`);
process.exit(values.json === undefined && lacks.size > 0 ? 1 : 0);
