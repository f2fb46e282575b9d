declare module 'dynalite' {
  import type { Server } from 'node:http';
  /** Creates a server of DynamoDB's wire protocol, with times in milliseconds. */
  export default function dynalite(options: {
    readonly createTableMs: number;
    readonly deleteTableMs: number;
    readonly updateTableMs: number;
  }): Server;
}
