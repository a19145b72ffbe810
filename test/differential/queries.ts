/** Random SELECTs over the tables of a schema: joins, subqueries, groups, windows, set operations, CTEs; more kinds the higher the level. */
import type { Random } from '../support/random.js';
import { Expressions, type Scope, type ScopeColumn } from './expressions.js';
import { expression, list, type Node, option, plain, query, totalOrder } from './node.js';
import type { Table } from './schema.js';
import { literal, type TypeName } from './types.js';

interface Source {
  readonly from: Node;
  readonly columns: readonly ScopeColumn[];
  readonly key: readonly string[] | undefined;
}

/** A common table expression that FROM may name. */
interface Cte {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: TypeName }[];
}

/** Types whose equal values are the same text: not 1.0 and 1.00, '1 mon' and '30 days', blank-padded strings of two lengths. */
const identicalWhenEqual = (type: TypeName): boolean => !['numeric', 'interval', 'bpchar', 'jsonb'].includes(type);
const sortable = (type: TypeName): boolean => type !== 'jsonb';

export class Queries {
  readonly expressions: Expressions;
  private aliases = 0;
  private ctes: Cte[] = [];

  constructor(
    private readonly random: Random,
    private readonly tables: readonly Table[],
    readonly level: number,
    private readonly features: Set<string>,
    useParameters: boolean,
  ) {
    this.expressions = new Expressions(
      random,
      level,
      features,
      {
        scalar: (type, scope, depth) => this.scalar(type, scope, depth),
        column: (type, scope, depth) => this.columnQuery(type, scope, depth),
        rows: (scope, depth) => this.rowsQuery(scope, depth),
      },
      useParameters,
    );
  }

  private uses(level: number, probability: number, feature: string): boolean {
    if (this.level < level || !this.random.chance(probability)) return false;
    this.features.add(feature);
    return true;
  }

  private alias(): string {
    return `a${++this.aliases}`;
  }

  /** A whole statement: rows in a fixed order, or to be compared as a multiset. */
  statement(): Node {
    const { random } = this;
    const width = random.int(1, 4);
    const withs: Node[] = [];
    if (this.uses(3, 0.2, 'cte')) {
      for (let count = random.int(1, 2); count > 0; count--) withs.push(this.cte());
    }
    if (this.uses(4, 0.08, 'recursive-cte')) withs.push(this.recursiveCte());
    const types = Array.from({ length: width }, () => this.expressions.type());
    const core = this.uses(2, 0.18, 'set-operation') ? this.setOperation(types, undefined, 2) : this.select(types, undefined, 3, true);
    const recursive = this.features.has('recursive-cte') ? 'RECURSIVE ' : '';
    const head = withs.length === 0 ? plain() : option(`WITH ${recursive}`, list(', ', 1, withs), ' ');
    if (!types.every(identicalWhenEqual) || random.chance(0.3)) return plain(head, core);
    // Every column is a sort key and equal values look alike, so the order is total, and LIMIT is fair.
    this.features.add('order-by');
    const keys = random.shuffle(types.map((_, index) => index + 1)).map((column) => {
      const nulls = this.level >= 1 && random.chance(0.25) ? random.pick([' NULLS FIRST', ' NULLS LAST']) : '';
      return `${column}${random.pick(['', '', ' ASC', ' DESC'])}${nulls}`;
    });
    return plain(head, core, totalOrder(` ORDER BY ${keys.join(', ')}`, this.limit()));
  }

  private limit(): Node {
    if (!this.random.chance(0.35)) return plain();
    this.features.add('limit');
    return option(
      this.random.pick([
        ` LIMIT ${this.random.int(0, 12)}`,
        ` LIMIT ${this.random.int(1, 5)} OFFSET ${this.random.int(0, 5)}`,
        ` OFFSET ${this.random.int(1, 4)}`,
        ` FETCH FIRST ${this.random.int(1, 5)} ROWS ONLY`,
      ]),
    );
  }

  private cte(): Node {
    const types = Array.from({ length: this.random.int(1, 3) }, () => this.expressions.type());
    const name = `cte${this.ctes.length + 1}`;
    const body = this.select(types, undefined, 2, true);
    this.ctes.push({ name, columns: types.map((type, index) => ({ name: `c${index + 1}`, type })) });
    return plain(name, this.random.pick([' AS (', ' AS (', ' AS MATERIALIZED (', ' AS NOT MATERIALIZED (']), body, ')');
  }

  private recursiveCte(): Node {
    const name = `cte${this.ctes.length + 1}`;
    const table = this.random.pick(this.tables);
    this.ctes.push({
      name,
      columns: [
        { name: 'c1', type: 'int' },
        { name: 'c2', type: 'int' },
      ],
    });
    return this.random.chance(0.5)
      ? plain(`${name}(c1, c2) AS (SELECT 1, 0 UNION ALL SELECT c1 + 1, c2 + c1 FROM ${name} WHERE c1 < ${this.random.int(1, 12)})`)
      : plain(
          `${name}(c1, c2) AS (SELECT id, n FROM ${table.name} WHERE id = 1 UNION SELECT t.id, t.n FROM ${table.name} t JOIN ${name} r ON t.id = r.c1 + 1)`,
        );
  }

  private setOperation(types: readonly TypeName[], outer: Scope | undefined, depth: number): Node {
    const signature = types.join(',');
    const operators = ['UNION ALL', 'UNION', 'INTERSECT', 'EXCEPT', ...(this.level >= 4 ? ['INTERSECT ALL', 'EXCEPT ALL'] : [])];
    const operator = this.random.pick(operators);
    this.features.add(operator.toLowerCase().replace(' ', '-'));
    const branch = (): Node =>
      depth > 1 && this.random.chance(0.2) ? plain('(', this.setOperation(types, outer, depth - 1), ')') : this.select(types, outer, 1, false);
    return query(signature, branch(), ` ${operator} `, branch());
  }

  /** SELECT with output columns c1..cn of the given types. */
  select(types: readonly TypeName[], outer: Scope | undefined, depth: number, mayGroup: boolean): Node {
    const { random } = this;
    const signature = types.join(',');
    if (this.uses(1, 0.04, 'no-from')) {
      const scope: Scope = { columns: [], key: undefined, ...(outer && { outer }) };
      return query(
        signature,
        'SELECT ',
        list(
          ', ',
          1,
          types.map((type, index) => plain(this.expressions.of(type, scope, 2), ` AS c${index + 1}`)),
        ),
      );
    }
    const source = this.from(outer, depth);
    const scope: Scope = { columns: source.columns, key: source.key, ...(outer && { outer }) };
    const where = random.chance(0.6)
      ? option(
          ' WHERE ',
          list(
            ' AND ',
            1,
            Array.from({ length: random.int(1, 2) }, () => this.expressions.predicate(scope, 2)),
          ),
        )
      : plain();
    if (mayGroup && this.uses(this.level === 0 ? 0 : 1, this.level === 0 ? 0.15 : 0.3, 'aggregate')) return this.grouped(types, source, scope, where);
    const items = types.map((type, index) => {
      const item = mayGroup && this.uses(3, 0.15, 'window') ? this.window(type, scope) : this.expressions.of(type, scope, 2);
      return plain(item, ` AS c${index + 1}`);
    });
    if (this.uses(4, 0.08, 'distinct-on') && source.key !== undefined && sortable(types[0] as TypeName)) {
      const on = this.expressions.of('int', scope, 1);
      return query(
        signature,
        '(SELECT DISTINCT ON (',
        on,
        ') ',
        list(', ', 1, items),
        ' FROM ',
        source.from,
        where,
        ' ORDER BY ',
        on,
        `, ${source.key.join(', ')})`,
      );
    }
    const distinct = this.uses(1, 0.12, 'distinct') ? option('DISTINCT ') : plain();
    return query(signature, 'SELECT ', distinct, list(', ', 1, items), ' FROM ', source.from, where);
  }

  private grouped(types: readonly TypeName[], source: Source, scope: Scope, where: Node): Node {
    const { random } = this;
    const keys = random.chance(0.75)
      ? Array.from({ length: random.int(1, 2) }, () => this.expressions.any(scope, this.uses(2, 0.3, 'group-by-expression') ? 2 : 0))
      : [];
    // A constant as GROUP BY element would be a position or an error.
    const usable = keys.filter(({ node, type }) => sortable(type) && !isConstant(node));
    const items = types.map((type, index) => {
      const same = usable.filter((key) => key.type === type);
      const node = same.length > 0 && random.chance(0.7) ? random.pick(same).node : this.aggregateExpression(type, scope);
      return plain(node, ` AS c${index + 1}`);
    });
    const having = this.uses(2, 0.2, 'having') ? option(' HAVING ', this.having(scope)) : plain();
    let groupBy: Node = plain();
    if (usable.length > 0) {
      this.features.add('group-by');
      const nodes = usable.map(({ node }) => node);
      const kind = this.level >= 4 && usable.length === 2 && random.chance(0.25) ? random.pick(['ROLLUP', 'CUBE', 'GROUPING SETS']) : '';
      if (kind !== '') this.features.add(kind.toLowerCase().replace(' ', '-'));
      groupBy =
        kind === 'GROUPING SETS'
          ? plain(' GROUP BY GROUPING SETS ((', nodes[0] as Node, '), (', nodes[1] as Node, '), ())')
          : kind !== ''
            ? plain(` GROUP BY ${kind} (`, list(', ', 1, nodes), ')')
            : plain(' GROUP BY ', list(', ', 1, nodes));
    }
    return query(types.join(','), 'SELECT ', list(', ', 1, items), ' FROM ', source.from, where, groupBy, having);
  }

  private aggregateExpression(type: TypeName, scope: Scope): Node {
    const { random } = this;
    if (this.uses(1, 0.15, 'aggregate-expression')) {
      if (type === 'bigint' || type === 'numeric')
        return expression(type, '(', this.expressions.aggregate(type, scope, 2), random.pick([' + ', ' - ', ' * ']), '2)');
      return expression(type, 'coalesce(', this.expressions.aggregate(type, scope, 2), ', ', literal(type, random, 0), ')');
    }
    return this.expressions.aggregate(type, scope, 2);
  }

  private having(scope: Scope): Node {
    const type = this.random.pick<TypeName>(['bigint', 'bigint', 'numeric', 'int']);
    return expression('bool', this.expressions.aggregate(type, scope, 1), this.random.pick([' > ', ' <= ', ' <> ']), type === 'numeric' ? '2.5' : '2');
  }

  /** A window function of the given type, or a plain expression where there is none. */
  private window(type: TypeName, scope: Scope): Node {
    const { random } = this;
    const partition = random.chance(0.6) ? option('PARTITION BY ', list(', ', 1, [this.expressions.any(scope, 1).node])) : plain();
    const sortKey = (): Node => {
      let key = this.expressions.any(scope, 1);
      while (!sortable(key.type)) key = this.expressions.any(scope, 1);
      // A constant sort key would be taken for a position only outside OVER; here it is legal.
      return plain(key.node, random.pick(['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST']));
    };
    /** Ties are peers: for functions that treat peers alike. */
    const peers = (): Node => plain(' ORDER BY ', sortKey());
    const total = (): Node =>
      plain(random.chance(0.6) ? plain(' ORDER BY ', option(sortKey(), ', ')) : ' ORDER BY ', `${(scope.key as readonly string[]).join(', ')}`);
    const frame = (): string => {
      if (!this.uses(3, 0.4, 'window-frame')) return '';
      return random.pick([
        ' ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING',
        ' ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING',
        ' ROWS 2 PRECEDING',
        ' GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW',
        ' ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW',
      ]);
    };
    const over = (order: Node | string, frameClause = ''): (string | Node)[] => [' OVER (', partition, order, frameClause, ')'];
    const hasKey = scope.key !== undefined;
    const choices: (readonly [number, string, () => Node])[] = [];
    if (type === 'bigint') {
      choices.push(
        [2, 'rank', () => expression(type, random.pick(['rank()', 'dense_rank()']), ...over(peers()))],
        [1, 'window-count', () => expression(type, 'count(*)', ...over(random.chance(0.5) ? peers() : ''))],
      );
      choices.push([1, 'window-sum', () => expression(type, 'sum(', this.expressions.of('int', scope, 1), ')', ...over(random.chance(0.5) ? peers() : ''))]);
      if (hasKey)
        choices.push(
          [2, 'row-number', () => expression(type, 'row_number()', ...over(total()))],
          [1, 'window-sum-frame', () => expression(type, 'sum(', this.expressions.of('int', scope, 1), ')', ...over(total(), frame()))],
        );
    }
    if (type === 'int' && hasKey) choices.push([1, 'ntile', () => expression(type, 'ntile(3)', ...over(total()))]);
    if (type === 'float8') choices.push([1, 'percent-rank', () => expression(type, random.pick(['percent_rank()', 'cume_dist()']), ...over(peers()))]);
    if (type === 'numeric')
      choices.push([1, 'window-avg', () => expression(type, 'avg(', this.expressions.of('int', scope, 1), ')', ...over(random.chance(0.5) ? peers() : ''))]);
    if (hasKey) {
      const value = (): Node => this.expressions.of(type, scope, 1);
      choices.push(
        [1, 'lag-lead', () => expression(type, random.pick(['lag(', 'lead(']), value(), random.pick([')', ', 2)']), ...over(total()))],
        [1, 'first-last-value', () => expression(type, random.pick(['first_value(', 'last_value(']), value(), ')', ...over(total(), frame()))],
      );
    }
    if (choices.length === 0) return this.expressions.of(type, scope, 1);
    const [, feature, make] = random.weighted(choices.map((choice) => [choice[0], choice] as const));
    this.features.add(feature);
    return make();
  }

  private scalar(type: TypeName, scope: Scope, depth: number): Node {
    const source = this.from(scope, 0);
    const inner: Scope = { columns: source.columns, key: source.key, outer: scope };
    const where = this.random.chance(0.6) ? option(' WHERE ', this.expressions.predicate(inner, Math.min(depth, 1))) : plain();
    if (source.key !== undefined && sortable(type) && this.random.chance(0.35)) {
      return query(
        `scalar ${type}`,
        'SELECT ',
        this.expressions.of(type, inner, 1),
        ' FROM ',
        source.from,
        where,
        ` ORDER BY ${source.key.join(', ')} LIMIT 1`,
      );
    }
    const one = ['uuid', 'bytea', 'jsonb'].includes(type) ? ' LIMIT 1' : ''; // no aggregate yields these: a constant stands in
    return query(`scalar ${type}`, 'SELECT ', this.expressions.aggregate(type, inner, 1), ' FROM ', source.from, where, one);
  }

  private columnQuery(type: TypeName, scope: Scope, depth: number): Node {
    return this.select([type], scope, Math.min(depth, 1), false);
  }

  private rowsQuery(scope: Scope, depth: number): Node {
    const source = this.from(scope, 0);
    const inner: Scope = { columns: source.columns, key: source.key, outer: scope };
    return query(
      'rows',
      'SELECT 1 FROM ',
      source.from,
      option(' WHERE ', list(' AND ', 1, [this.joinCondition(source.columns, scope.columns), this.expressions.predicate(inner, Math.min(depth, 1))])),
    );
  }

  // FROM

  private from(outer: Scope | undefined, depth: number): Source {
    let source = this.item(outer, depth);
    if (this.level < 1) return source;
    const joins =
      depth <= 0
        ? this.random.chance(0.15)
          ? 1
          : 0
        : this.random.weighted([
            [5, 0],
            [4, 1],
            [1.5, 2],
            [0.5, 3],
          ]);
    for (let count = 0; count < joins; count++) source = this.join(source, this.item(outer, depth - 1), outer, depth);
    return source;
  }

  private join(left: Source, right: Source, outer: Scope | undefined, depth: number): Source {
    const { random } = this;
    const columns = [...left.columns, ...right.columns];
    const key = left.key !== undefined && right.key !== undefined ? [...left.key, ...right.key] : undefined;
    if (this.uses(4, 0.08, 'lateral')) {
      const alias = this.alias();
      const type = this.expressions.type();
      const lateral = this.select([type], { columns: left.columns, key: left.key, ...(outer && { outer }) }, 0, true);
      const from = plain(left.from, random.pick([' CROSS JOIN LATERAL (', ', LATERAL (']), lateral, `) AS ${alias}`);
      return {
        from: random.chance(0.5) ? plain(left.from, ' LEFT JOIN LATERAL (', lateral, `) AS ${alias} ON true`) : from,
        columns: [...left.columns, { sql: `${alias}.c1`, type }],
        key: undefined,
      };
    }
    const kind = random.weighted<string>([
      [5, 'JOIN'],
      [this.level >= 2 ? 4 : 0, 'LEFT JOIN'],
      [this.level >= 2 ? 1 : 0, 'RIGHT JOIN'],
      [this.level >= 2 ? 1 : 0, 'FULL JOIN'],
      [0.5, 'CROSS JOIN'],
    ]);
    this.features.add(kind.toLowerCase().replace(' ', '-'));
    if (kind === 'CROSS JOIN') {
      // Small cross joins only: their size multiplies.
      return { from: plain(left.from, random.pick([' CROSS JOIN ', ', ']), right.from), columns, key };
    }
    const on = this.joinCondition(left.columns, right.columns);
    const scope: Scope = { columns, key: undefined, ...(outer && { outer }) };
    const more =
      kind !== 'FULL JOIN' && this.uses(2, 0.25, 'join-condition') ? option(' AND ', this.expressions.predicate(scope, Math.min(1, depth))) : plain();
    return { from: plain(left.from, ` ${kind} `, right.from, ' ON ', on, more), columns, key };
  }

  /** An equality of a column of each side where there is a common type. */
  private joinCondition(left: readonly ScopeColumn[], right: readonly ScopeColumn[]): Node {
    const pairs = left.flatMap((a) => right.filter((b) => a.type === b.type && a.type !== 'jsonb').map((b) => [a.sql, b.sql] as const));
    const ids = pairs.filter(([a, b]) => /\.(id|n|m)$/.test(a) && /\.(id|n|m)$/.test(b));
    if (pairs.length === 0) return expression('bool', 'true');
    const [a, b] = this.random.pick(ids.length > 0 && this.random.chance(0.6) ? ids : pairs);
    return expression('bool', `${a} = ${b}`);
  }

  private item(outer: Scope | undefined, depth: number): Source {
    const { random } = this;
    const alias = this.alias();
    if (depth > 0 && this.uses(3, 0.12, 'derived-table')) {
      const types = Array.from({ length: random.int(1, 3) }, () => this.expressions.type());
      const body = this.uses(3, 0.2, 'derived-set-operation') ? this.setOperation(types, undefined, 1) : this.select(types, undefined, depth - 1, true);
      return { from: plain('(', body, `) AS ${alias}`), columns: types.map((type, index) => ({ sql: `${alias}.c${index + 1}`, type })), key: undefined };
    }
    if (this.ctes.length > 0 && random.chance(0.4)) {
      const cte = random.pick(this.ctes);
      return { from: plain(`${cte.name} AS ${alias}`), columns: cte.columns.map(({ name, type }) => ({ sql: `${alias}.${name}`, type })), key: undefined };
    }
    if (this.uses(2, 0.05, 'generate-series'))
      return { from: plain(`generate_series(1, ${random.int(0, 5)}) AS ${alias}(g)`), columns: [{ sql: `${alias}.g`, type: 'int' }], key: [`${alias}.g`] };
    if (this.uses(2, 0.05, 'values')) {
      const type = this.expressions.type();
      const rows = Array.from({ length: random.int(1, 3) }, (_, index) => `(${index + 1}, ${literal(type, random, 0)})`);
      return {
        from: plain(`(VALUES ${rows.join(', ')}) AS ${alias}(k, v)`),
        columns: [
          { sql: `${alias}.k`, type: 'int' },
          { sql: `${alias}.v`, type },
        ],
        key: [`${alias}.k`],
      };
    }
    const table = random.pick(this.tables);
    return {
      from: plain(`${table.name} AS ${alias}`),
      columns: table.columns.map(({ name, type }) => ({ sql: `${alias}.${name}`, type })),
      key: [`${alias}.id`],
    };
  }
}

/** Whether an expression names no column: no alias of the generator occurs in it. */
function isConstant(node: Node): boolean {
  return !node.parts.some((part) => (typeof part === 'string' ? /\ba\d+\.\w/.test(part) : !isConstant(part)));
}
