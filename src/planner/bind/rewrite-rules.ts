/**
 * Rules: a statement that writes a relation with rules is put as several, before anything is bound. The rows that the statement would write become a FROM item of each
 * action, with columns named `new.x` and `old.x`, which the action's references to NEW and OLD become. Called by the session's compile.ts.
 * Source: RewriteQuery, rewriteRuleAction and fireRules of PostgreSQL 15's rewriteHandler.c.
 */
import { hasSome } from '../../catalog/rule-references.js';
import { type Rule, type RuleEvent, rulesFor } from '../../catalog/rule.js';
import type { Column, Table, View } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { plainSelect } from '../../sql/build.js';
import { parseExpression, parseTypeName } from '../../sql/parser.js';
import { formatType } from '../../types/registry.js';
import type { BindContext } from './context.js';

type Write = ast.Insert | ast.Update | ast.Delete;

export interface RewrittenStatement {
  readonly relation: Table | View;
  readonly event: RuleEvent;
  /** The statement itself where it is still carried out, or the action whose RETURNING answers for it. */
  readonly main: Write | undefined;
  /** `main` is the statement itself: its rules are not applied again. */
  readonly isOriginal: boolean;
  readonly before: readonly ast.Statement[];
  readonly after: readonly ast.Statement[];
}

/** Changes a tree from the top; undefined: the node stays, and its parts are looked at. */
function mapTree<T>(tree: T, change: (node: Readonly<Record<string, unknown>>) => unknown): T {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value))
      return value.flatMap((item: unknown): readonly unknown[] => {
        const made = visit(item);
        // One item may become several; a list within a list stays one.
        return Array.isArray(made) && !Array.isArray(item) ? made : [made];
      });
    if (typeof value !== 'object' || value === null) return value;
    const changed = change(value as Readonly<Record<string, unknown>>);
    return changed ?? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
  };
  return visit(tree) as T;
}

const source = 'the rule';

function column(...parts: readonly string[]): ast.Expression {
  return { kind: 'column', parts };
}

function all(conditions: readonly (ast.Expression | undefined)[]): ast.Expression | undefined {
  const given = conditions.filter((one) => one !== undefined);
  return given.length < 2 ? given[0] : { kind: 'and', arguments: given };
}

/** NEW and OLD as what stands for them. */
function replaced<T>(tree: T, columns: readonly string[], of: (row: 'new' | 'old', name: string) => ast.Expression): T {
  return mapTree(tree, (node) => {
    const parts = (node['kind'] === 'column' ? node['parts'] : undefined) as readonly string[] | undefined;
    const row = parts?.[0];
    if ((row === 'new' || row === 'old') && parts !== undefined) {
      const [, name] = parts;
      if (name === undefined) throw notSupported('NEW or OLD as a whole row in a rule');
      if (!columns.includes(name)) throw new PgError('42703', `column ${row}.${name} does not exist`);
      return of(row, name);
    }
    // A target or value `new.*` is one for each column.
    const star = (node['expression'] ?? node) as { readonly kind?: string; readonly qualifier?: readonly string[] };
    const whole = star.kind === 'star' ? star.qualifier?.[0] : undefined;
    if (whole !== 'new' && whole !== 'old') return undefined;
    const fields = columns.map((name) => of(whole, name));
    return node['expression'] === undefined ? fields : fields.map((expression, i) => ({ expression, name: columns[i] }));
  });
}

class RuleRewriter {
  readonly #columns: readonly (Pick<Column, 'name' | 'typeOid' | 'typmod'> & { readonly defaultText?: string; readonly domainOid?: number })[];
  readonly #names: readonly string[];

  constructor(
    readonly statement: Write,
    readonly relation: Table | View,
    readonly rules: readonly Rule[],
  ) {
    this.#columns = relation.columns;
    this.#names = relation.columns.map(({ name }) => name);
  }

  rewrite(): RewrittenStatement {
    const { statement, rules, relation } = this;
    const { kind: event } = statement;
    if (statement.with !== undefined) throw notSupported('WITH in a statement on a relation with rules');
    if (statement.kind === 'insert' && statement.onConflict !== undefined)
      throw new PgError('0A000', 'INSERT with ON CONFLICT clause cannot be used with table that has INSERT or UPDATE rules');
    const isReplaced = rules.some((rule) => rule.instead && rule.condition === undefined);
    const answering = isReplaced
      ? rules.flatMap((rule) => (rule.instead ? rule.actions.filter((action) => isWrite(action) && action.returning.length > 0) : []))[0]
      : undefined;
    if (isReplaced && statement.returning.length > 0 && answering === undefined) {
      const verb = event.toUpperCase();
      throw new PgError('0A000', `cannot perform ${verb} RETURNING on relation "${relation.name}"`, {
        hint: `You need an unconditional ON ${verb} DO INSTEAD rule with a RETURNING clause.`,
      });
    }
    const answers = statement.returning.length > 0 ? answering : undefined;
    const before: ast.Statement[] = [];
    const after: ast.Statement[] = [];
    let main: Write | undefined;
    for (const rule of rules)
      for (const action of rule.actions)
        for (const made of this.#action(rule, action, action === answers)) {
          if (action === answers && isWrite(made)) main = made;
          else if (main !== undefined || (!isReplaced && event === 'insert')) after.push(made);
          else before.push(made);
        }
    if (!isReplaced) main = this.#remaining(rules.filter((rule) => rule.instead));
    return { relation, event, main, isOriginal: !isReplaced, before, after };
  }

  #typed(argument: ast.Expression, name: string): ast.Expression {
    const own = this.#columns.find((one) => one.name === name);
    if (own === undefined) throw new PgError('42703', `column "${name}" of relation "${this.relation.name}" does not exist`);
    return { kind: 'cast', argument, type: parseTypeName(formatType(own.domainOid ?? own.typeOid, own.domainOid === undefined ? own.typmod : -1)) };
  }

  #default(name: string): ast.Expression {
    const text = this.#columns.find((one) => one.name === name)?.defaultText;
    return this.#typed(text === undefined ? { kind: 'null' } : parseExpression(text), name);
  }

  /** The value that the statement gives a column in a new row. */
  #assigned(name: string): ast.Expression {
    const { statement } = this;
    if (statement.kind !== 'update') throw new Error('assertion failed: an UPDATE');
    for (const assignment of statement.assignments) {
      if (assignment.kind === 'single') {
        if (assignment.target.name !== name) continue;
        if (assignment.target.indirection.length > 0) throw notSupported('an assignment to a part of a column of a relation with rules');
        return assignment.value.kind === 'default' ? this.#default(name) : this.#typed(assignment.value, name);
      }
      const at = assignment.targets.findIndex((target) => target.name === name);
      if (at < 0) continue;
      if (assignment.source.kind !== 'row') throw notSupported('an assignment of a subquery to columns of a relation with rules');
      return this.#typed(assignment.source.fields[at] as ast.Expression, name);
    }
    return column(this.#alias, name);
  }

  get #alias(): string {
    const { table } = this.statement;
    return table.alias?.name ?? table.name.name;
  }

  /** The rows of the statement: a query with columns `new.x` and `old.x`. */
  #rows(): ast.Select {
    const { statement } = this;
    const named = (row: 'new' | 'old', of: (name: string) => ast.Expression): readonly ast.Target[] =>
      this.#names.map((name) => ({ expression: of(name), name: `${row}.${name}` }));
    switch (statement.kind) {
      case 'insert':
        return this.#inserted(statement);
      case 'update': {
        const from: readonly ast.FromItem[] = [statement.table, ...statement.from];
        return plainSelect(
          [...named('old', (name) => column(this.#alias, name)), ...named('new', (name) => this.#assigned(name))],
          from,
          refusePosition(statement.where),
        );
      }
      case 'delete':
        return plainSelect(
          named('old', (name) => column(this.#alias, name)),
          [statement.table, ...statement.using],
          refusePosition(statement.where),
        );
    }
  }

  #inserted(statement: ast.Insert): ast.Select {
    const targets = statement.columns.length === 0 ? this.#names : statement.columns.map((target) => target.name);
    const rows = statement.source?.body.kind === 'values' ? statement.source.body.rows : statement.source === undefined ? [[]] : undefined;
    const selected = (of: (name: string, at: number) => ast.Expression | undefined, from: readonly ast.FromItem[]): ast.Select =>
      plainSelect(
        this.#names.map((name) => {
          const at = targets.indexOf(name);
          return { expression: (at < 0 ? undefined : of(name, at)) ?? this.#default(name), name: `new.${name}` };
        }),
        from,
      );
    const given = (row: readonly ast.Expression[], name: string, at: number): ast.Expression | undefined => {
      const value = row[at];
      return value === undefined || value.kind === 'default' ? undefined : this.#typed(value, name);
    };
    const [only] = rows ?? [];
    if (rows?.length === 1 && only !== undefined) return selected((name, at) => given(only, name, at), []);
    const names = targets.map((_, i) => `c${String(i)}`);
    if (rows !== undefined) {
      const values = rows.map((row) => targets.map((name, at) => given(row, name, at) ?? this.#default(name)));
      const query: ast.Select = { kind: 'select', body: { kind: 'values', rows: values }, orderBy: [], withTies: false, locking: [] };
      return selected((_, at) => column('given', names[at] ?? ''), [{ kind: 'subquery', query, lateral: false, alias: { name: 'given', columns: names } }]);
    }
    const { source: query } = statement;
    if (query === undefined) throw new Error('assertion failed: a query');
    const width =
      query.body.kind === 'core' && !query.body.targets.some(({ expression }) => expression.kind === 'star' || expression.kind === 'fieldStar')
        ? query.body.targets.length
        : names.length;
    return selected(
      (name, at) => (at < width ? this.#typed(column('given', names[at] ?? ''), name) : undefined),
      [{ kind: 'subquery', query, lateral: false, alias: { name: 'given', columns: names.slice(0, width) } }],
    );
  }

  /** An action over the statement's rows. */
  #action(rule: Rule, action: ast.Statement, answers: boolean): readonly ast.Statement[] {
    const { statement } = this;
    if (action.kind === 'notify') return [action];
    const uses = (tree: unknown): boolean => hasSome(tree, 'new') || hasSome(tree, 'old');
    const isQuery = statement.kind === 'insert' ? statement.source !== undefined && statement.source.body.kind !== 'values' : statement.where !== undefined;
    const joins = uses(action) || rule.condition !== undefined || isQuery;
    const over = <T>(tree: T): T => replaced(tree, this.#names, (row, name) => column(source, `${row}.${name}`));
    const items: readonly ast.FromItem[] = joins ? [{ kind: 'subquery', query: this.#rows(), lateral: false, alias: { name: source, columns: [] } }] : [];
    const condition = over(rule.condition);
    const selectOver = (query: ast.Select): ast.Select => {
      if (query.body.kind !== 'core') throw notSupported('a rule with UNION, INTERSECT or EXCEPT');
      return { ...query, body: { ...query.body, from: [...query.body.from, ...items], where: all([query.body.where, condition]) } };
    };
    const changed = over(action);
    switch (changed.kind) {
      case 'select':
        return [selectOver(changed)];
      case 'update':
        return [{ ...changed, from: [...changed.from, ...items], where: all([changed.where, condition]), returning: this.#returning(changed, answers) }];
      case 'delete':
        return [{ ...changed, using: [...changed.using, ...items], where: all([changed.where, condition]), returning: this.#returning(changed, answers) }];
      case 'insert': {
        const { body } = changed.source ?? {};
        const returning = this.#returning(changed, answers);
        if (changed.source === undefined || body === undefined) return [{ ...changed, returning }];
        if (body.kind !== 'values') return [{ ...changed, source: selectOver(changed.source), returning }];
        return body.rows.map((row): ast.Insert => {
          const kept = row.map((value, i) => ({ value, target: changed.columns[i] })).filter(({ value }) => value.kind !== 'default');
          if (kept.length < row.length && changed.columns.length === 0) throw notSupported('DEFAULT in a rule that names no columns');
          const targets = kept.map(({ value }) => ({ expression: value }));
          return {
            ...changed,
            columns: changed.columns.length === 0 ? [] : kept.flatMap(({ target }) => target ?? []),
            source: selectOver(plainSelect(targets)),
            returning,
          };
        });
      }
      default:
        throw notSupported('such an action of a rule');
    }
  }

  /** The statement's RETURNING in terms of the action's, column by column. */
  #returning({ returning }: Write, answers: boolean): readonly ast.Target[] {
    if (!answers) return [];
    const valueOf = (name: string): ast.Expression | undefined => returning[this.#names.indexOf(name)]?.expression;
    if (returning.some(({ expression }) => expression.kind === 'star')) throw notSupported('RETURNING * of a rule with a list of other columns');
    return this.statement.returning.flatMap((target): readonly ast.Target[] => {
      if (target.expression.kind === 'star') return this.#names.map((name) => ({ expression: valueOf(name) ?? { kind: 'null' }, name }));
      const expression = mapTree(target.expression, (node) => {
        const parts = node['kind'] === 'column' ? (node['parts'] as readonly string[]) : undefined;
        return parts === undefined ? undefined : valueOf(parts.at(-1) ?? '');
      });
      const own = target.expression.kind === 'column' ? target.expression.parts.at(-1) : undefined;
      const name = target.name ?? own;
      return [{ ...target, expression, ...(name === undefined ? {} : { name }) }];
    });
  }

  /** The statement where no rule is carried out instead of it. */
  #remaining(instead: readonly Rule[]): Write {
    const { statement } = this;
    const conditions = instead.flatMap((rule) => rule.condition ?? []);
    if (conditions.length === 0) return statement;
    const unless = (of: (row: 'new' | 'old', name: string) => ast.Expression): readonly ast.Expression[] =>
      conditions.map((condition) => ({ kind: 'booleanTest', argument: replaced(condition, this.#names, of), test: 'true', negated: true }));
    if (statement.kind !== 'insert') {
      const of = (row: 'new' | 'old', name: string): ast.Expression => (row === 'old' ? column(this.#alias, name) : this.#assigned(name));
      return { ...statement, where: all([statement.where, ...unless(of)]) };
    }
    const targets = statement.columns.length === 0 ? this.#names.map((name) => ({ name, indirection: [] })) : statement.columns;
    const rows: ast.FromItem = { kind: 'subquery', query: this.#rows(), lateral: false, alias: { name: source, columns: [] } };
    const select = plainSelect(
      targets.map(({ name }) => ({ expression: column(source, `new.${name}`) })),
      [rows],
      all(unless((row, name) => column(source, `${row}.${name}`))),
    );
    return { ...statement, columns: targets, source: select };
  }
}

function isWrite(statement: ast.Statement): statement is Write {
  return statement.kind === 'insert' || statement.kind === 'update' || statement.kind === 'delete';
}

function refusePosition(where: ast.Expression | undefined): ast.Expression | undefined {
  if (where?.kind === 'currentOf') throw notSupported('WHERE CURRENT OF on a relation with rules');
  return where;
}

/** What a statement becomes by the rules of the relation that it writes; undefined: nothing else. */
export function rewriteByRules(statement: ast.Statement, { catalog, searchPath }: BindContext): RewrittenStatement | undefined {
  if (!isWrite(statement)) return undefined;
  const { schema, name } = statement.table.name;
  const relation = schema === undefined ? catalog.find(searchPath, name) : catalog.relation(schema, name);
  if (relation === undefined || (relation.kind !== 'table' && relation.kind !== 'view') || relation.rules === undefined) return undefined;
  if (statement.with?.tables.some((table) => table.name === name && schema === undefined) === true) return undefined;
  const rules = rulesFor(relation.rules, statement.kind);
  return rules.length === 0 ? undefined : new RuleRewriter(statement, relation, rules).rewrite();
}
