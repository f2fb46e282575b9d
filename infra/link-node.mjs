// Runs at the end of npm install and npm ci, with whatever Node the machine has.
import { linkNode } from './packages.mjs';

linkNode();
