/** A file to write into a node's root: path without a leading slash. */
export type NodeFile = { readonly path: string; readonly content: string; readonly mode?: number };
