type Value = { readonly S?: string };
type Keys = { readonly pk?: Value; readonly sk?: Value };
type Write = { readonly Item?: Keys; readonly Key?: Keys };
type Request = Write & {
  readonly IndexName?: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, Value>>;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys?: readonly Keys[] }>>;
  readonly TransactItems?: readonly Readonly<Record<string, Write>>[];
};

const start = ({ S = '' }: Value = {}): string => S.replace(/#.*/s, '');
const kindOf = ({ pk, sk }: Keys = {}): string => {
  // The sort key of a node's row in a run is the node.
  const of = start(sk);
  return /^(i|mi)-|^\d/.test(of) || of === '' ? start(pk) : `${start(pk)} ${of}`;
};

/** The kinds of rows that a request to a table names: what their keys begin with, each kind once. */
export const rowKindsOf = (input: unknown): string => {
  const request = input as Request;
  const [pk = {}, sk = {}] = Object.values(request.ExpressionAttributeValues ?? {});
  const named = request.Item ?? request.Key;
  const all: readonly (Keys | undefined)[] =
    named !== undefined
      ? [named]
      : request.TransactItems !== undefined
        ? request.TransactItems.flatMap((item) => Object.values(item).map(({ Item, Key }) => Item ?? Key))
        : request.RequestItems !== undefined
          ? Object.values(request.RequestItems).flatMap(({ Keys = [] }) => Keys)
          : [{ pk, sk }];
  const index = request.IndexName === undefined ? '' : `${request.IndexName}: `;
  return index + [...new Set(all.map(kindOf))].toSorted().join(' + ');
};
