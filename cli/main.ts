#!/usr/bin/env node
import packageFile from '../package.json' with { type: 'json' };
import { entriesInOrder } from './commands.ts';
import { processIo } from './process-io.ts';
import { runProgram } from './program.ts';

const io = processIo();
process.exitCode = await runProgram(entriesInOrder, process.argv.slice(2), io, packageFile.version);
