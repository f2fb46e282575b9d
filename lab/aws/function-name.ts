/** A function as a call names it: by its name or ARN, with an alias or a version behind it. */
export type FunctionName = { readonly name: string; readonly qualifier?: string };

/** Reads a function's name or ARN. */
export const parseFunctionName = (text: string): FunctionName => {
  const parts = text.split(':');
  const [name = '', qualifier] = parts[0] === 'arn' ? parts.slice(6) : parts;
  return qualifier === undefined ? { name } : { name, qualifier };
};
