// Runs at the end of npm install and npm ci, with the Node of the machine, of any version.
import { linkNode } from './packages.mjs';

linkNode();
