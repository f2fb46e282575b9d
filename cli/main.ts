#!/usr/bin/env node
import { basename } from 'node:path';
import packageFile from '../package.json' with { type: 'json' };
import { entriesInOrder } from './commands.ts';
import { processIo } from './process-io.ts';
import { runProgram } from './program.ts';

/** kubectl asks a program of this name for the completion of its plugin. Source: Kubernetes, "Extend kubectl with plugins". */
const KUBECTL_COMPLETE = 'kubectl_complete-';
const isForKubectl = basename(process.argv[1] ?? '').startsWith(KUBECTL_COMPLETE);
if (isForKubectl) process.argv.splice(2, 0, 'complete', '--');

const io = processIo();
process.exitCode = await runProgram(entriesInOrder, process.argv.slice(2), io, packageFile.version);
