/**
 * Generated SQL as a tree, so that a statement that fails can be made smaller without knowing its grammar: lists lose elements, options vanish,
 * expressions are replaced by one of their own parts of the same type.
 */

export interface Node {
  /**
   * `plain`: its parts, one after the other. `expression`, `query`: the same, replaceable by a part with the same `type`.
   * `list`: parts joined by `separator`, of which `minimum` must stay. `option`: may vanish. `parameter`: a value for $n.
   */
  readonly kind: 'plain' | 'expression' | 'query' | 'list' | 'option' | 'parameter';
  readonly parts: readonly (string | Node)[];
  readonly type?: string;
  readonly separator?: string;
  readonly minimum?: number;
  /** The ORDER BY that fixes the order of every row: while it stands, rows compare in order. It shrinks as a whole or not at all. */
  readonly totalOrder?: boolean;
  readonly value?: string | null;
}

type Part = string | Node;

export const plain = (...parts: readonly Part[]): Node => ({ kind: 'plain', parts });
export const expression = (type: string, ...parts: readonly Part[]): Node => ({ kind: 'expression', type, parts });
export const query = (type: string, ...parts: readonly Part[]): Node => ({ kind: 'query', type, parts });
export const list = (separator: string, minimum: number, parts: readonly Part[]): Node => ({ kind: 'list', separator, minimum, parts });
export const option = (...parts: readonly Part[]): Node => ({ kind: 'option', parts });
export const totalOrder = (...parts: readonly Part[]): Node => ({ kind: 'option', parts, totalOrder: true });
export const parameter = (type: string, value: string | null): Node => ({ kind: 'parameter', type, parts: [], value });

export interface Rendered {
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
  /** Whether the rows come in a fixed order. */
  readonly ordered: boolean;
}

export function render(root: Node): Rendered {
  const parameters: (string | null)[] = [];
  let ordered = false;
  const text = (part: Part): string => {
    if (typeof part === 'string') return part;
    if (part.kind === 'parameter') return `$${parameters.push(part.value ?? null)}::${part.type}`;
    if (part.totalOrder === true) ordered = true;
    return part.parts.map(text).join(part.separator ?? '');
  };
  const sql = text(root);
  return { sql, parameters, ordered };
}

/** Smaller trees, the boldest cuts first. */
export function* smaller(root: Node): Generator<Node> {
  for (const cut of cuts(root)) yield cut;
}

function* cuts(node: Node): Generator<Node> {
  if (node.kind === 'option' && node.parts.length > 0) yield { kind: 'option', parts: [] };
  if (node.totalOrder === true) return;
  if (node.kind === 'expression' || node.kind === 'query')
    for (const part of descendants(node)) if (part.kind === node.kind && part.type === node.type) yield part;
  if (node.kind === 'list' && node.parts.length > (node.minimum ?? 0)) {
    const { parts } = node;
    if (parts.length > 3 && Math.ceil(parts.length / 2) >= (node.minimum ?? 0)) {
      yield { ...node, parts: parts.slice(0, Math.ceil(parts.length / 2)) };
      yield { ...node, parts: parts.slice(Math.floor(parts.length / 2)) };
    }
    for (const index of parts.keys()) yield { ...node, parts: parts.toSpliced(index, 1) };
  }
  for (const [index, part] of node.parts.entries()) {
    if (typeof part === 'string') continue;
    for (const cut of cuts(part)) yield { ...node, parts: node.parts.with(index, cut) };
  }
}

function* descendants(node: Node): Generator<Node> {
  for (const part of node.parts) {
    if (typeof part === 'string') continue;
    yield part;
    yield* descendants(part);
  }
}
