/**
 * Compares the parser that Shoal runs on (PostgreSQL's own grammar through libpg-query) with node-sql-parser: how much of a corpus parses, how many trees and
 * literals are right, how fast. Prints a table; docs/adr/0001-parser.md draws the conclusion. Run: `npx tsx bench/parsers.ts`.
 */
import NodeSqlParser from 'node-sql-parser';
import type { Expression } from '../src/sql/ast.js';
import { initialiseParser, parse } from '../src/sql/parser.js';
import { corpus, literals, nonAssociative, operators, pointQuery, shapes } from './parsers-corpus.js';

/** What both parsers can do here. A tree is written with all parentheses; undefined where the parser gives none. */
interface Subject {
  readonly name: string;
  parses(text: string): boolean;
  /** The condition of WHERE. */
  shape(condition: string): string | undefined;
  /** The value of a literal. */
  literal(text: string): string | undefined;
  run(text: string): void;
}

function ourShape(expression: Expression | undefined): string {
  if (expression === undefined) return '';
  switch (expression.kind) {
    case 'column':
      return expression.parts.join('.');
    case 'integer':
      return String(expression.value);
    case 'binary':
      return `(${ourShape(expression.left)} ${expression.operator} ${ourShape(expression.right)})`;
    case 'like':
      return `(${ourShape(expression.argument)} LIKE ${ourShape(expression.pattern)})`;
    case 'not':
      return `(NOT ${ourShape(expression.argument)})`;
    case 'and':
    case 'or':
      return expression.arguments.map(ourShape).reduce((left, right) => `(${left} ${expression.kind.toUpperCase()} ${right})`);
    default:
      return `<${expression.kind}>`;
  }
}

const ours: Subject = {
  name: 'libpg-query',
  parses(text) {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  },
  shape(condition) {
    try {
      const statement = parse(`SELECT 1 FROM t WHERE ${condition}`)[0]?.statement;
      return statement?.kind === 'select' && statement.body.kind === 'core' ? ourShape(statement.body.where) : undefined;
    } catch {
      return undefined;
    }
  },
  literal(text) {
    const statement = parse(`SELECT ${text}`)[0]?.statement;
    const expression = statement?.kind === 'select' && statement.body.kind === 'core' ? statement.body.targets[0]?.expression : undefined;
    return expression?.kind === 'string'
      ? expression.value
      : expression?.kind === 'numeric'
        ? expression.text
        : expression?.kind === 'integer'
          ? String(expression.value)
          : undefined;
  },
  run(text) {
    parse(text);
  },
};

/** The parts of node-sql-parser's tree that are read here. */
interface TheirNode {
  readonly type?: string;
  readonly operator?: string;
  readonly left?: TheirNode;
  readonly right?: TheirNode;
  readonly expr?: TheirNode;
  readonly column?: { readonly expr?: { readonly value?: string } } | string;
  readonly value?: unknown;
}

function theirShape(node: TheirNode | undefined): string {
  switch (node?.type) {
    case 'binary_expr':
      return `(${theirShape(node.left)} ${node.operator === '!=' ? '<>' : (node.operator ?? '')} ${theirShape(node.right)})`;
    case 'unary_expr':
      return `(${node.operator ?? ''} ${theirShape(node.expr)})`;
    case 'column_ref':
      return typeof node.column === 'string' ? node.column : (node.column?.expr?.value ?? '');
    case 'number':
      return String(node.value);
    default:
      return `<${node?.type ?? ''}>`;
  }
}

const parser = new NodeSqlParser.Parser();
const options = { database: 'Postgresql' };

function theirTree(text: string): { readonly where?: TheirNode; readonly columns?: readonly { readonly expr?: TheirNode }[] } | undefined {
  try {
    const tree = parser.astify(text, options);
    return (Array.isArray(tree) ? tree[0] : tree) as unknown as { readonly where?: TheirNode; readonly columns?: readonly { readonly expr?: TheirNode }[] };
  } catch {
    return undefined;
  }
}

const theirs: Subject = {
  name: 'node-sql-parser',
  parses: (text) => theirTree(text) !== undefined,
  shape(condition) {
    const tree = theirTree(`SELECT 1 FROM t WHERE ${condition}`);
    return tree === undefined ? undefined : theirShape(tree.where);
  },
  literal(text) {
    const value = theirTree(`SELECT ${text}`)?.columns?.[0]?.expr?.value;
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
  },
  run(text) {
    parser.astify(text, options);
  },
};

/** `a op b op c` for every pair, with the tree that PostgreSQL's table of precedences gives. */
function pairs(): readonly (readonly [string, string])[] {
  const result: (readonly [string, string])[] = [];
  for (const [first, firstRank] of operators) {
    for (const [second, secondRank] of operators) {
      if (firstRank === secondRank && nonAssociative.has(firstRank)) continue;
      const left = firstRank >= secondRank;
      result.push([`a ${first} b ${second} c`, left ? `((a ${first} b) ${second} c)` : `(a ${first} (b ${second} c))`]);
    }
  }
  return result;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(0)} %`;
}

/** Microseconds a parse, over enough runs to be steady. */
function microseconds(subject: Subject, text: string): string {
  const runs = 3000;
  for (let i = 0; i < runs; i++) subject.run(text);
  const start = performance.now();
  for (let i = 0; i < runs; i++) subject.run(text);
  return `${(((performance.now() - start) * 1000) / runs).toFixed(1)} us`;
}

await initialiseParser();
const subjects = [ours, theirs];
const rows: (readonly string[])[] = [['', ...subjects.map(({ name }) => name)]];
for (const { name, statements } of corpus) {
  rows.push([
    `parses: ${name} (${statements.length})`,
    ...subjects.map((subject) => percent(statements.filter((text) => subject.parses(text)).length, statements.length)),
  ]);
}
const trees = [...pairs(), ...shapes];
rows.push([
  `right trees (${trees.length})`,
  ...subjects.map((subject) => percent(trees.filter(([text, shape]) => subject.shape(text) === shape).length, trees.length)),
]);
const isWrong = (subject: Subject, [text, shape]: readonly [string, string]): boolean => {
  const found = subject.shape(text);
  return found !== undefined && found !== shape;
};
rows.push(['wrong trees without an error', ...subjects.map((subject) => percent(trees.filter((tree) => isWrong(subject, tree)).length, trees.length))]);
rows.push([
  `right literals (${literals.length})`,
  ...subjects.map((subject) => percent(literals.filter(([text, value]) => subject.literal(text) === value).length, literals.length)),
]);
const analytical = corpus.find(({ name }) => name === 'analysis')?.statements[0] ?? pointQuery;
rows.push(['point SELECT', ...subjects.map((subject) => microseconds(subject, pointQuery))]);
rows.push(['analytical SELECT', ...subjects.map((subject) => microseconds(subject, analytical))]);

const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));

console.log('\nWrong trees, examples:');
for (const subject of subjects) {
  for (const tree of trees.filter((candidate) => isWrong(subject, candidate)).slice(0, 12)) {
    console.log(`  ${subject.name}: ${tree[0]}  read as  ${subject.shape(tree[0]) ?? ''}  instead of  ${tree[1]}`);
  }
}
console.log('\nWrong literals:');
for (const subject of subjects) {
  for (const [text, value] of literals) {
    const found = subject.literal(text);
    if (found !== value) console.log(`  ${subject.name}: ${text}  read as  ${JSON.stringify(found)}  instead of  ${JSON.stringify(value)}`);
  }
}
