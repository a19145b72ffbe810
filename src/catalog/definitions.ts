/**
 * The texts of pg_get_indexdef, pg_get_constraintdef, pg_get_viewdef and pg_get_expr.
 * Source: ruleutils.c of PostgreSQL 15. Expressions are as the user wrote them: casts that PostgreSQL's analysis adds are not shown.
 */
import { deparseExpression, deparseSelect } from '../sql/deparse.js';
import type { Expression } from '../sql/ast.js';
import { initialiseParser, isParserReady, parse, parseExpression } from '../sql/parser.js';
import { quoteIdentifier } from '../sql/quote.js';
import { collationOid, shownCollation } from './collation.js';
import { isClassVisible } from './object-names.js';
import type { CatalogSnapshot } from './snapshot.js';
import { shortNames, shownQuery } from './view-text.js';
import { rootOf } from './partition.js';
import { type IndexOwner, type ListedIndex, listedIndexes } from './partition-parts.js';
import type { CheckConstraint, Column, ForeignKey, Index, IndexKey, ReferentialAction, Table, View } from './table.js';

function columnNamed(table: IndexOwner, attribute: number): Column | undefined {
  return table.columns.find((column) => column.attribute === attribute);
}

/** A column's name, as definitions show it. */
export function columnTextOf(table: IndexOwner, attribute: number): string {
  return columnText(table, attribute);
}

function columnText(table: IndexOwner, attribute: number): string {
  return quoteIdentifier(columnNamed(table, attribute)?.name ?? '');
}

/** looks_like_function() of PostgreSQL. */
function isCall({ kind }: Expression): boolean {
  return kind === 'function' || kind === 'coalesce' || kind === 'nullIf' || kind === 'minMax' || kind === 'sqlValue';
}

/** A stored expression as pg_get_expr shows it. */
export function expressionText(text: string, pretty: boolean, catalog: CatalogSnapshot, searchPath: readonly string[]): string {
  // A partition's bound is kept as it is shown.
  if (!isParserReady() || text === 'DEFAULT' || text.startsWith('FOR VALUES ')) return text;
  return deparseExpression(shortNames(parseExpression(shortened(text, searchPath)), catalog, searchPath), { pretty, canonical: true });
}

/** A condition that holds subqueries, names as short as the path allows. */
export function conditionText(catalog: CatalogSnapshot, text: string, pretty: boolean, searchPath: readonly string[]): string {
  if (!isParserReady() || !text.includes('SELECT')) return expressionText(text, pretty, catalog, searchPath);
  const [only] = parse(`SELECT ${text}`);
  if (only?.statement.kind !== 'select') return text;
  const { body } = shownQuery(catalog, searchPath, only.statement, 1);
  const [target] = body.kind === 'core' ? body.targets : [];
  return target === undefined ? text : deparseExpression(target.expression, { pretty, canonical: true });
}

/** nextval('public.s'::regclass) shows the sequence as regclass does. */
function shortened(text: string, searchPath: readonly string[]): string {
  const match = /^nextval\('((?:[^']|'')*)'::regclass\)$/.exec(text);
  if (match === null) return text;
  const name = match[1] as string;
  for (const schema of searchPath)
    if (name.startsWith(`${quoteIdentifier(schema)}.`)) return `nextval('${name.slice(quoteIdentifier(schema).length + 1)}'::regclass)`;
  return text;
}

/** The argument of CHECK (...) and of WHERE; operators have parentheses of their own unless pretty. */
function condition(text: string, pretty: boolean, catalog: CatalogSnapshot, searchPath: readonly string[]): string {
  return expressionText(text, pretty, catalog, searchPath);
}

/** A CHECK of a domain: its column `value` is shown as the word VALUE. */
function domainCheckText(text: string, pretty: boolean): string {
  if (!isParserReady()) return text;
  const marked = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(marked);
    if (typeof node !== 'object' || node === null) return node;
    const { kind, parts } = node as { readonly kind?: string; readonly parts?: readonly string[] };
    if (kind === 'column' && parts?.length === 1 && parts[0] === 'value') return { ...node, parts: ['shoal_value'] };
    return Object.fromEntries(Object.entries(node).map(([key, part]) => [key, marked(part)]));
  };
  return deparseExpression(marked(parseExpression(text)) as Expression, { pretty, canonical: true }).replaceAll('shoal_value', 'VALUE');
}

/** A key of an index: a column, a call, or another expression in parentheses. */
function keyText(table: IndexOwner, key: IndexKey, pretty: boolean, catalog: CatalogSnapshot, searchPath: readonly string[]): string {
  if (key.expressionText === undefined) return columnText(table, key.attribute);
  if (!isParserReady()) return key.expressionText;
  const expression = shortNames(parseExpression(key.expressionText), catalog, searchPath);
  const text = deparseExpression(expression, { pretty, canonical: true });
  return isCall(expression) ? text : `(${text})`;
}

/** An expression of extended statistics: in parentheses unless it looks like a call. */
export function expressionKeyText(table: IndexOwner, text: string, catalog: CatalogSnapshot, searchPath: readonly string[]): string {
  return keyText(table, { attribute: 0, expressionText: text, descending: false, nullsFirst: false }, true, catalog, searchPath);
}

function keyClass({ collation, operatorClass }: IndexKey, catalog: CatalogSnapshot, searchPath: readonly string[]): string {
  const shown = collation === undefined ? '' : ` COLLATE ${shownCollation(catalog, searchPath, collationOid(collation, 0))}`;
  return shown + (operatorClass === undefined ? '' : ` ${quoteIdentifier(operatorClass)}`);
}

function keyOrder(key: IndexKey): string {
  if (key.descending) return key.nullsFirst ? ' DESC' : ' DESC NULLS LAST';
  return key.nullsFirst ? ' NULLS FIRST' : '';
}

export function relationText(
  catalog: CatalogSnapshot,
  searchPath: readonly string[],
  relation: { readonly oid: number; readonly schema: string; readonly name: string },
  always: boolean,
): string {
  const name = quoteIdentifier(relation.name);
  return !always && isClassVisible(catalog, searchPath, relation.oid) === true ? name : `${quoteIdentifier(relation.schema)}.${name}`;
}

/** ` WITH (fillfactor='70')` */
function optionsText({ options }: Index): string {
  if (options === undefined) return '';
  const texts = options.map((option) => {
    const [name, value] = option.split('=') as [string, string];
    return `${quoteIdentifier(name)}=${quoteIdentifier(value) === value ? value : `'${value}'`}`;
  });
  return ` WITH (${texts.join(', ')})`;
}

/** pg_get_indexdef: the whole statement, or with `column` > 0 that key (or included column) alone; '' past the last. */
export function indexDefinition(catalog: CatalogSnapshot, searchPath: readonly string[], listed: ListedIndex, column: number, pretty: boolean): string {
  const { table, index } = listed;
  if (column > 0) {
    const key = index.keys[column - 1];
    if (key !== undefined) return keyText(table, key, pretty, catalog, searchPath);
    const attribute = index.include[column - 1 - index.keys.length];
    return attribute === undefined ? '' : columnText(table, attribute);
  }
  const keys = index.keys.map((key) => keyText(table, key, pretty, catalog, searchPath) + keyClass(key, catalog, searchPath) + keyOrder(key)).join(', ');
  const include = index.include.length === 0 ? '' : ` INCLUDE (${index.include.map((attribute) => columnText(table, attribute)).join(', ')})`;
  const nulls = index.unique && index.nullsNotDistinct ? ' NULLS NOT DISTINCT' : '';
  const where = index.predicateText === undefined ? '' : ` WHERE ${condition(index.predicateText, pretty, catalog, searchPath)}`;
  const on = `${listed.isPartitioned ? 'ONLY ' : ''}${relationText(catalog, searchPath, table, !pretty)}`;
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${quoteIdentifier(index.name)} ON ${on} USING ${index.method} (${keys})${include}${nulls}${optionsText(index)}${where}`;
}

const actions: Readonly<Record<ReferentialAction, string>> = {
  noAction: '',
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  setNull: 'SET NULL',
  setDefault: 'SET DEFAULT',
};

function foreignKeyDefinition(catalog: CatalogSnapshot, searchPath: readonly string[], table: Table, key: ForeignKey, pretty: boolean): string {
  const target = catalog.relationByOid(key.targetOid);
  const list = (owner: Table, attributes: readonly number[]): string => attributes.map((attribute) => columnText(owner, attribute)).join(', ');
  const targetText = target === undefined ? '???' : relationText(catalog, searchPath, target, !pretty && false);
  const targetColumns = target?.kind === 'table' ? list(target, key.targetColumns) : '';
  const update = key.onUpdate === 'noAction' ? '' : ` ON UPDATE ${actions[key.onUpdate]}`;
  const remove = key.onDelete === 'noAction' ? '' : ` ON DELETE ${actions[key.onDelete]}`;
  const set = key.onDeleteColumns === undefined ? '' : ` (${list(table, key.onDeleteColumns)})`;
  const deferral = `${key.deferrable ? ' DEFERRABLE' : ''}${key.initiallyDeferred ? ' INITIALLY DEFERRED' : ''}${key.notValid === true ? ' NOT VALID' : ''}`;
  return `FOREIGN KEY (${list(table, key.columns)}) REFERENCES ${targetText}(${targetColumns})${key.matchFull ? ' MATCH FULL' : ''}${update}${remove}${set}${deferral}`;
}

function checkDefinition(catalog: CatalogSnapshot, searchPath: readonly string[], check: CheckConstraint, pretty: boolean): string {
  const noInherit = check.noInherit === true ? ' NO INHERIT' : '';
  const notValid = check.notValid === true ? ' NOT VALID' : '';
  return `CHECK (${condition(check.expressionText, pretty, catalog, searchPath)})${noInherit}${notValid}`;
}

function exclusionDefinition(
  catalog: CatalogSnapshot,
  searchPath: readonly string[],
  table: IndexOwner,
  index: Index,
  operators: NonNullable<Index['exclusion']>['operators'],
  pretty: boolean,
): string {
  const keys = index.keys.map(
    (key, at) => `${keyText(table, key, pretty, catalog, searchPath)}${keyClass(key, catalog, searchPath)}${keyOrder(key)} WITH ${operators[at]?.name ?? ''}`,
  );
  const include = index.include.length === 0 ? '' : ` INCLUDE (${index.include.map((attribute) => columnText(table, attribute)).join(', ')})`;
  const where = index.predicateText === undefined ? '' : ` WHERE (${condition(index.predicateText, pretty, catalog, searchPath)})`;
  return `EXCLUDE USING ${index.method} (${keys.join(', ')})${include}${optionsText(index)}${where}${deferralText(index)}`;
}

function deferralText({ deferral }: Index): string {
  return `${deferral === undefined ? '' : ' DEFERRABLE'}${deferral === 'initiallyDeferred' ? ' INITIALLY DEFERRED' : ''}`;
}

/** The OID of the constraint that owns an index: indexes and their constraints share one catalog object here. */
export const indexConstraintOffset = 1_000_000_000;

const byConstraint = new WeakMap<CatalogSnapshot, ReadonlyMap<number, (searchPath: readonly string[], pretty: boolean) => string>>();

function constraintsOf(catalog: CatalogSnapshot): ReadonlyMap<number, (searchPath: readonly string[], pretty: boolean) => string> {
  let known = byConstraint.get(catalog);
  if (known === undefined) {
    const map = new Map<number, (searchPath: readonly string[], pretty: boolean) => string>();
    for (const { table, index } of listedIndexes(catalog)) {
      if (!index.constraint) continue;
      if (index.exclusion !== undefined) {
        const { operators } = index.exclusion;
        map.set(index.oid + indexConstraintOffset, (searchPath, pretty) => exclusionDefinition(catalog, searchPath, table, index, operators, pretty));
        continue;
      }
      const keys = index.keys.map((key) => columnText(table, key.attribute)).join(', ');
      const include = index.include.length === 0 ? '' : ` INCLUDE (${index.include.map((attribute) => columnText(table, attribute)).join(', ')})`;
      const text = `${index.primary ? 'PRIMARY KEY' : `UNIQUE${index.nullsNotDistinct ? ' NULLS NOT DISTINCT' : ''}`} (${keys})${include}${deferralText(index)}`;
      map.set(index.oid + indexConstraintOffset, () => text);
    }
    for (const table of catalog.data.relations) {
      if (table.kind === 'partition') {
        const root = rootOf(catalog, table);
        const of = (oid: number, check: CheckConstraint): unknown => map.set(oid, (searchPath, pretty) => checkDefinition(catalog, searchPath, check, pretty));
        for (const check of table.checks) of(check.oid, check);
        for (const part of table.parts ?? []) {
          const check = root.checks.find((one) => one.oid === part.of);
          if (check !== undefined) of(part.oid, check);
          const key = root.foreignKeys.find((one) => one.oid === part.of);
          if (key !== undefined) map.set(part.oid, (searchPath, pretty) => foreignKeyDefinition(catalog, searchPath, root, key, pretty));
        }
      }
      if (table.kind !== 'table') continue;
      for (const check of table.checks) map.set(check.oid, (searchPath, pretty) => checkDefinition(catalog, searchPath, check, pretty));
      for (const key of table.foreignKeys) map.set(key.oid, (searchPath, pretty) => foreignKeyDefinition(catalog, searchPath, table, key, pretty));
    }
    for (const domain of catalog.data.types ?? [])
      if (domain.kind === 'domain')
        for (const check of domain.checks)
          map.set(check.oid, (searchPath, pretty) => `CHECK (${domainCheckText(check.expressionText, pretty)})${check.validated ? '' : ' NOT VALID'}`);
    byConstraint.set(catalog, (known = map));
  }
  return known;
}

export function constraintDefinition(catalog: CatalogSnapshot, searchPath: readonly string[], oid: number, pretty: boolean): string | undefined {
  return constraintsOf(catalog).get(oid)?.(searchPath, pretty);
}

/** pg_get_viewdef, with its semicolon. */
export function viewDefinition(
  catalog: CatalogSnapshot,
  searchPath: readonly string[],
  view: Pick<View, 'queryText'> & { readonly columns: readonly unknown[] },
  pretty: boolean,
): string {
  if (!isParserReady()) return `${view.queryText};`;
  const [only] = parse(view.queryText);
  if (only?.statement.kind !== 'select') return `${view.queryText};`;
  return `${deparseSelect(shownQuery(catalog, searchPath, only.statement, view.columns.length), { pretty, canonical: true })};`;
}

/** Once per thread, before definitions are asked for: they are kept as text and parsed. */
export async function initialiseDefinitions(): Promise<void> {
  await initialiseParser();
}
