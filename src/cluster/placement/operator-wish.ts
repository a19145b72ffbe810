/**
 * What an operator wants of the placement of one database, at `/shoal/<cluster>/wishes/<id>`: a JSON object. Written by `shoal cluster move`; the leader fulfils it
 * (placement-controller) and takes away what is fulfilled, so whoever drives a move may die.
 */
export interface OperatorWish {
  /** One copy goes from a node to another. Taken away when it has. */
  readonly copy?: { readonly from: string; readonly to: string };
  /** The node that shall be primary whenever its copy is in sync, until it leaves. */
  readonly primary?: string;
}

/** undefined: nothing is wanted any more. */
export function writeOperatorWish({ copy, primary }: OperatorWish): string | undefined {
  return copy === undefined && primary === undefined ? undefined : JSON.stringify({ copy, primary });
}

/** undefined when it is none. */
export function readOperatorWish(text: string): OperatorWish | undefined {
  let value: { readonly copy?: { readonly from?: unknown; readonly to?: unknown }; readonly primary?: unknown } | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { copy, primary } = value;
  const from = copy?.from;
  const to = copy?.to;
  return {
    ...(typeof from === 'string' && typeof to === 'string' ? { copy: { from, to } } : {}),
    ...(typeof primary === 'string' ? { primary } : {}),
  };
}
