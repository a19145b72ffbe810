/** Random typed expressions. Every production names its feature, so that the report can score features one by one. */
import type { Random } from '../support/random.js';
import { expression, list, type Node, option, parameter, plain } from './node.js';
import { literal, type TypeName, typeLevels, valueText } from './types.js';

export interface ScopeColumn {
  /** Qualified, as SQL. */
  readonly sql: string;
  readonly type: TypeName;
}

export interface Scope {
  readonly columns: readonly ScopeColumn[];
  /** Columns that together identify a row of the scope, where there are such. */
  readonly key: readonly string[] | undefined;
  /** The enclosing query's columns, for correlated subqueries. */
  readonly outer?: Scope;
}

/** What the expression generator needs of the query generator. */
export interface Subqueries {
  /** One row at most, one column of `type`. */
  scalar(type: TypeName, scope: Scope, depth: number): Node;
  /** One column of `type`, any number of rows. */
  column(type: TypeName, scope: Scope, depth: number): Node;
  /** Any rows, for EXISTS. */
  rows(scope: Scope, depth: number): Node;
}

type Production = readonly [weight: number, level: number, feature: string, make: () => Node];

export class Expressions {
  constructor(
    private readonly random: Random,
    readonly level: number,
    private readonly features: Set<string>,
    private readonly subqueries: Subqueries,
    private readonly useParameters: boolean,
  ) {}

  /** A type of the level, the common ones more often. */
  type(): TypeName {
    const types = (Object.keys(typeLevels) as TypeName[]).filter((type) => typeLevels[type] <= this.level);
    return this.random.weighted(types.map((type) => [4 / (1 + typeLevels[type]), type] as const));
  }

  /** A type that some column of the scope has. */
  typeOf(scope: Scope): TypeName {
    return scope.columns.length > 0 && this.random.chance(0.85) ? this.random.pick(scope.columns).type : this.type();
  }

  any(scope: Scope, depth: number): { node: Node; type: TypeName } {
    const type = this.typeOf(scope);
    return { node: this.of(type, scope, depth), type };
  }

  /** An expression of exactly this type. */
  of(type: TypeName, scope: Scope, depth: number): Node {
    const { random } = this;
    if (depth <= 0 || random.chance(0.25)) return this.leaf(type, scope);
    const sub = (inner: TypeName): Node => this.of(inner, scope, depth - 1);
    const make = (...parts: (string | Node)[]): Node => expression(type, ...parts);
    const general: Production[] = [
      [3, 0, 'column', () => this.leaf(type, scope)],
      [1, 1, 'case', () => make('CASE WHEN ', this.predicate(scope, depth - 1), ' THEN ', sub(type), option(' ELSE ', sub(type)), ' END')],
      [
        0.7,
        1,
        'case-simple',
        () => make('CASE ', sub('int'), ' WHEN ', sub('int'), ' THEN ', sub(type), ' WHEN ', sub('int'), ' THEN ', sub(type), ' ELSE ', sub(type), ' END'),
      ],
      [1, 0, 'coalesce', () => make('coalesce(', list(', ', 1, [sub(type), sub(type), ...(random.chance(0.3) ? [sub(type)] : [])]), ')')],
      [0.5, 1, 'nullif', () => make('nullif(', sub(type), ', ', sub(type), ')')],
      [0.8, 2, 'scalar-subquery', () => make('(', this.subqueries.scalar(type, scope, depth - 1), ')')],
    ];
    if (type !== 'jsonb' && type !== 'bool')
      general.push([0.5, 1, 'greatest', () => make(random.pick(['greatest', 'least']), '(', sub(type), ', ', sub(type), ')')]);
    return this.choose([...general, ...this.specific(type, scope, depth, sub, make)]);
  }

  private choose(productions: readonly Production[]): Node {
    const allowed = productions.filter(([, level]) => level <= this.level);
    const [, , feature, make] = this.random.weighted(allowed.map((production) => [production[0], production] as const));
    this.features.add(feature);
    return make();
  }

  private leaf(type: TypeName, scope: Scope): Node {
    const { random } = this;
    const fitting = scope.columns.filter((column) => column.type === type);
    if (fitting.length > 0 && random.chance(0.75)) return expression(type, random.pick(fitting).sql);
    const outer = scope.outer?.columns.filter((column) => column.type === type) ?? [];
    if (outer.length > 0 && this.level >= 3 && random.chance(0.4)) {
      this.features.add('correlated');
      return expression(type, random.pick(outer).sql);
    }
    if (this.useParameters && random.chance(0.5)) {
      this.features.add('parameter');
      return expression(type, parameter(type, random.chance(0.1) ? null : valueText(type, random)));
    }
    return expression(type, literal(type, random));
  }

  private specific(type: TypeName, scope: Scope, depth: number, sub: (type: TypeName) => Node, make: (...parts: (string | Node)[]) => Node): Production[] {
    const { random } = this;
    const small = (): string => String(random.int(1, 4));
    const call = (name: string, ...args: (string | Node)[]): Node =>
      make(`${name}(`, ...args.flatMap((arg, index) => (index === 0 ? [arg] : [', ', arg])), ')');
    const cast = (inner: TypeName, target: string = type): Node => make('(', sub(inner), `)::${target}`);
    const integer = (name: 'int' | 'bigint' | 'smallint'): Production[] => [
      [3, 0, `${name}-arithmetic`, () => make('(', sub(name), random.pick([' + ', ' - ']), name === 'smallint' ? `${small()}::smallint` : sub(name), ')')],
      [1, 0, `${name}-multiply`, () => make('(', this.leaf(name, scope), ` * ${small()}${name === 'smallint' ? '::smallint' : ''})`)],
      [1, 0, `${name}-divide`, () => make('(', sub(name), random.pick([' / ', ' % ']), `nullif(`, this.leaf(name, scope), `, 0))`)],
      [0.5, 0, `${name}-negate`, () => make('(- ', sub(name), ')')],
      [0.5, 0, 'abs', () => call('abs', sub(name))],
      [0.3, 2, 'bit-operators', () => make('(', sub(name), random.pick([' & ', ' | ', ' # ']), sub(name), ')')],
      [0.2, 2, 'bit-shift', () => make('(', this.leaf(name, scope), random.pick([' << ', ' >> ']), `${small()})`)],
    ];
    switch (type) {
      case 'int':
        return [
          ...integer('int'),
          [1, 0, 'length', () => call(random.pick(['length', 'char_length', 'octet_length']), sub('text'))],
          [0.4, 1, 'strpos', () => call('strpos', sub('text'), sub('text'))],
          [0.3, 1, 'position', () => make('position(', sub('text'), ' in ', sub('text'), ')')],
          [0.3, 1, 'ascii', () => call('ascii', sub('text'))],
          [0.5, 1, 'date-minus-date', () => make('(', sub('date'), ' - ', sub('date'), ')')],
          [0.4, 1, 'cast-numeric-int', () => cast('numeric')],
          [0.3, 1, 'cast-float-int', () => cast('float8')],
          [0.3, 1, 'cast-bool-int', () => cast('bool')],
          [
            0.3,
            2,
            'extract-int',
            () => make('extract(', random.pick(['year', 'month', 'day', 'dow', 'doy', 'week', 'quarter']), ' from ', sub('date'), ')::int'),
          ],
          [0.2, 2, 'mod', () => make('mod(', sub('int'), ', nullif(', this.leaf('int', scope), ', 0))')],
          [0.3, 4, 'cardinality', () => call('cardinality', sub('int[]'))],
          [0.3, 4, 'array-subscript', () => make('(', sub('int[]'), `)[${small()}]`)],
        ];
      case 'bigint':
        return [
          ...integer('bigint'),
          [1, 1, 'int-widening', () => make('(', sub('bigint'), random.pick([' + ', ' - ']), sub('int'), ')')],
          [0.5, 1, 'cast-int-bigint', () => cast('int')],
          [0.3, 2, 'cast-numeric-bigint', () => cast('numeric')],
        ];
      case 'smallint':
        return integer('smallint');
      case 'numeric':
        return [
          [3, 0, 'numeric-arithmetic', () => make('(', sub('numeric'), random.pick([' + ', ' - ', ' * ']), sub('numeric'), ')')],
          [1, 1, 'numeric-divide', () => make('(', sub('numeric'), ' / nullif(', this.leaf('numeric', scope), ', 0))')],
          [0.5, 1, 'numeric-modulo', () => make('(', sub('numeric'), ' % nullif(', this.leaf('numeric', scope), ', 0))')],
          [0.5, 0, 'numeric-negate', () => make('(- ', sub('numeric'), ')')],
          [1, 0, 'numeric-round', () => make(random.pick(['round', 'trunc']), '(', sub('numeric'), random.pick(['', ', 1', ', 2', ', -1', ', 3']), ')')],
          [0.7, 0, 'numeric-ceil-floor', () => call(random.pick(['ceil', 'floor', 'abs', 'sign', 'ceiling']), sub('numeric'))],
          [0.7, 0, 'numeric-int-mix', () => make('(', sub('numeric'), random.pick([' + ', ' - ', ' * ']), sub('int'), ')')],
          [0.4, 1, 'cast-int-numeric', () => cast('int', random.pick(['numeric', 'numeric(12,3)']))],
          [0.4, 2, 'cast-numeric-typmod', () => cast('numeric', 'numeric(20,1)')],
          [0.3, 2, 'cast-float-numeric', () => cast('float8')],
          [
            0.5,
            1,
            'extract',
            () =>
              make(
                'extract(',
                random.pick(['year', 'month', 'day', 'hour', 'minute', 'second', 'epoch', 'dow', 'isodow', 'century']),
                ' from ',
                sub('timestamp'),
                ')',
              ),
          ],
          [0.2, 2, 'numeric-functions', () => make('sqrt(abs(', this.leaf('numeric', scope), '))')],
          [0.2, 3, 'power', () => make('power(', this.leaf('numeric', scope), ', 2)')],
        ];
      case 'float8':
        return [
          [3, 0, 'float-arithmetic', () => make('(', sub('float8'), random.pick([' + ', ' - ', ' * ']), this.leaf('float8', scope), ')')],
          [0.7, 1, 'float-divide', () => make('(', sub('float8'), ' / nullif(', this.leaf('float8', scope), ', 0))')],
          [0.7, 0, 'float-functions', () => call(random.pick(['abs', 'floor', 'ceil', 'round', 'trunc', 'sign']), sub('float8'))],
          [0.3, 1, 'sqrt', () => make('sqrt(abs(', sub('float8'), '))')],
          [0.5, 1, 'float-int-mix', () => make('(', sub('float8'), random.pick([' + ', ' - ', ' * ']), sub('int'), ')')],
          [0.4, 1, 'cast-numeric-float', () => cast('numeric')],
          [0.3, 2, 'cast-int-float', () => cast('int')],
        ];
      case 'text':
        return [
          [3, 0, 'concat-operator', () => make('(', sub('text'), ' || ', sub('text'), ')')],
          [2, 0, 'upper-lower', () => call(random.pick(['upper', 'lower']), sub('text'))],
          [1, 0, 'substring', () => make('substr(', sub('text'), `, ${small()}${random.pick(['', ', 2', ', 0', ', 10'])})`)],
          [0.5, 1, 'substring-from', () => make('substring(', sub('text'), ` from ${small()} for 2)`)],
          [0.7, 1, 'left-right', () => make(random.pick(['left', 'right']), '(', sub('text'), `, ${random.pick(['2', '0', '-1', '-3', '100'])})`)],
          [0.7, 0, 'trim', () => call(random.pick(['trim', 'ltrim', 'rtrim', 'btrim']), sub('text'))],
          [0.4, 1, 'trim-characters', () => make(random.pick(["trim(both 'ab' from ", "trim(leading 'x' from ", "trim(trailing ' ' from "]), sub('text'), ')')],
          [0.6, 1, 'replace', () => call('replace', sub('text'), sub('text'), sub('text'))],
          [0.5, 1, 'pad', () => make(random.pick(['lpad', 'rpad']), '(', sub('text'), `, ${random.int(0, 8)}, ${random.pick(["'*'", "'ab'"])})`)],
          [0.4, 1, 'repeat', () => make('repeat(', this.leaf('text', scope), `, ${random.int(-1, 3)})`)],
          [0.4, 1, 'reverse', () => call('reverse', sub('text'))],
          [0.4, 1, 'initcap', () => call('initcap', sub('text'))],
          [0.4, 1, 'concat', () => call('concat', sub('text'), sub('int'), sub('text'))],
          [0.3, 2, 'concat-ws', () => call('concat_ws', "'-'", sub('text'), sub('text'), sub('int'))],
          [0.3, 2, 'split-part', () => make('split_part(', sub('text'), `, ' ', ${random.pick(['1', '2', '-1'])})`)],
          [0.3, 2, 'translate', () => make('translate(', sub('text'), ", 'abc', 'x')")],
          [0.3, 2, 'overlay', () => make('overlay(', sub('text'), " placing 'ZZ' from 2 for 1)")],
          [0.3, 2, 'md5', () => call('md5', sub('text'))],
          [0.3, 2, 'chr', () => make(`chr(${random.pick(['65', '228', '8364'])})`)],
          [0.4, 3, 'format', () => make("format('%s/%I', ", sub('text'), ', ', 'coalesce(', sub('text'), ", 'z'))")],
          [0.5, 1, 'cast-int-text', () => cast('int')],
          [0.4, 1, 'cast-numeric-text', () => cast('numeric')],
          [0.4, 1, 'cast-bool-text', () => cast('bool')],
          [0.4, 1, 'cast-date-text', () => cast('date')],
          [0.3, 2, 'cast-timestamp-text', () => cast('timestamp')],
          [0.3, 2, 'cast-float-text', () => cast('float8')],
          [0.3, 2, 'cast-interval-text', () => cast('interval')],
          [0.4, 2, 'cast-bpchar-text', () => cast('bpchar')],
          [0.3, 2, 'cast-varchar-text', () => cast('varchar')],
          [0.3, 2, 'to-char', () => make('to_char(', sub('date'), `, ${random.pick(["'YYYY-MM-DD'", "'DD Mon YYYY'", "'Day, DDD'", "'IYYY-IW'"])})`)],
          [0.3, 3, 'to-char-number', () => make('to_char(', this.leaf('numeric', scope), `, ${random.pick(["'999.99'", "'FM9990.00'", "'S099'"])})`)],
          [0.3, 3, 'regexp-replace', () => make('regexp_replace(', sub('text'), ", '[a-c]+', '<\\&>', 'g')")],
          [0.3, 4, 'jsonb-text', () => make('(', sub('jsonb'), random.pick([" ->> 'a'", " ->> 'b'", ' ->> 0', " #>> '{a,c}'"]), ')')],
          [0.2, 4, 'array-to-string', () => make('array_to_string(', sub('text[]'), ", ',', '*')")],
        ];
      case 'varchar':
        return [[1, 1, 'cast-text-varchar', () => cast('text', 'varchar(5)')]];
      case 'bpchar':
        return [[1, 2, 'cast-text-bpchar', () => cast('text', 'char(5)')]];
      case 'bool':
        return [[6, 0, 'predicate', () => expression('bool', '(', this.predicate(scope, depth - 1), ')')]];
      case 'date':
        return [
          [2, 0, 'date-plus-int', () => make('(', sub('date'), random.pick([' + ', ' - ']), `${random.int(0, 40)})`)],
          [1, 1, 'cast-timestamp-date', () => cast('timestamp')],
          [0.5, 2, 'make-date', () => make(`make_date(${random.pick(['2020', '2023'])}, ${random.int(1, 12)}, ${random.int(1, 28)})`)],
          [0.5, 2, 'date-trunc-date', () => make('date_trunc(', random.pick(["'month'", "'year'", "'week'", "'quarter'"]), ', ', sub('date'), ')::date')],
        ];
      case 'timestamp':
        return [
          [2, 1, 'timestamp-interval', () => make('(', sub('timestamp'), random.pick([' + ', ' - ']), sub('interval'), ')')],
          [1, 1, 'date-interval', () => make('(', sub('date'), random.pick([' + ', ' - ']), sub('interval'), ')')],
          [1, 1, 'date-trunc', () => make('date_trunc(', random.pick(["'month'", "'day'", "'hour'", "'year'", "'minute'"]), ', ', sub('timestamp'), ')')],
          [0.5, 1, 'cast-date-timestamp', () => cast('date')],
          [0.3, 3, 'at-time-zone', () => make('(', sub('timestamptz'), " AT TIME ZONE 'Europe/Berlin')")],
        ];
      case 'timestamptz':
        return [
          [1, 3, 'timestamptz-interval', () => make('(', sub('timestamptz'), random.pick([' + ', ' - ']), sub('interval'), ')')],
          [0.5, 3, 'cast-timestamp-tz', () => cast('timestamp')],
        ];
      case 'time':
        return [[1, 3, 'cast-timestamp-time', () => cast('timestamp')]];
      case 'interval':
        return [
          [1, 2, 'timestamp-minus', () => make('(', sub('timestamp'), ' - ', sub('timestamp'), ')')],
          [1, 2, 'interval-arithmetic', () => make('(', sub('interval'), random.pick([' + ', ' - ']), sub('interval'), ')')],
          [0.5, 2, 'interval-multiply', () => make('(', sub('interval'), ` * ${small()})`)],
          [0.3, 3, 'age', () => call('age', sub('timestamp'), sub('timestamp'))],
          [0.3, 3, 'make-interval', () => make(`make_interval(days => ${small()}, hours => ${small()})`)],
          [0.2, 3, 'justify', () => call(random.pick(['justify_days', 'justify_hours', 'justify_interval']), sub('interval'))],
        ];
      case 'jsonb':
        return [
          [1, 4, 'jsonb-arrow', () => make('(', sub('jsonb'), random.pick([" -> 'a'", " -> 'b'", ' -> 0', " #> '{b,1}'"]), ')')],
          [0.5, 4, 'to-jsonb', () => call('to_jsonb', sub(random.pick(['int', 'text', 'numeric', 'bool'])))],
          [0.5, 4, 'jsonb-build', () => make("jsonb_build_object('k', ", sub('int'), ", 't', ", sub('text'), ')')],
        ];
      case 'int[]':
        return [
          [1, 4, 'array-constructor', () => make('ARRAY[', list(', ', 1, [sub('int'), sub('int')]), ']')],
          [0.5, 4, 'array-concat', () => make('(', sub('int[]'), ' || ', sub('int[]'), ')')],
        ];
      case 'text[]':
        return [
          [1, 4, 'array-constructor', () => make('ARRAY[', list(', ', 1, [sub('text'), sub('text')]), ']')],
          [0.5, 4, 'string-to-array', () => make('string_to_array(', sub('text'), ", ' ')")],
        ];
      case 'bytea':
      case 'uuid':
        return [];
    }
  }

  /** A condition. */
  predicate(scope: Scope, depth: number): Node {
    const { random } = this;
    const make = (...parts: (string | Node)[]): Node => expression('bool', ...parts);
    const deeper = (): Node => this.predicate(scope, depth - 1);
    const operands = (comparable = true): { type: TypeName; left: Node; right: Node } => {
      let type = this.typeOf(scope);
      while (comparable && type === 'bool' && random.chance(0.7)) type = this.typeOf(scope);
      return { type, left: this.of(type, scope, depth - 1), right: this.of(type, scope, depth - 1) };
    };
    const comparison = (): Node => {
      const { left, right } = operands();
      return make(left, ` ${random.pick(['=', '=', '<', '<=', '>', '>=', '<>', '!='])} `, right);
    };
    if (depth <= 0) return comparison();
    const text = (): Node =>
      this.of(this.level >= 2 && random.chance(0.15) ? 'bpchar' : this.level >= 1 && random.chance(0.2) ? 'varchar' : 'text', scope, depth - 1);
    return this.choose([
      [6, 0, 'comparison', comparison],
      [2, 0, 'and-or', () => make('(', list(random.pick([' AND ', ' OR ']), 1, [deeper(), deeper(), ...(random.chance(0.3) ? [deeper()] : [])]), ')')],
      [1, 0, 'not', () => make('NOT (', deeper(), ')')],
      [1, 0, 'is-null', () => make(operands(false).left, random.pick([' IS NULL', ' IS NOT NULL']))],
      [
        1,
        0,
        'in-list',
        () => {
          const { type, left } = operands();
          return make(
            left,
            random.pick([' IN (', ' IN (', ' NOT IN (']),
            list(', ', 1, [this.leaf(type, scope), this.leaf(type, scope), this.leaf(type, scope)]),
            ')',
          );
        },
      ],
      [
        1,
        0,
        'between',
        () => {
          const { type, left, right } = operands();
          return make(left, random.pick([' BETWEEN ', ' BETWEEN ', ' NOT BETWEEN ', ' BETWEEN SYMMETRIC ']), right, ' AND ', this.leaf(type, scope));
        },
      ],
      [
        1,
        0,
        'like',
        () =>
          make(
            text(),
            random.pick([' LIKE ', ' LIKE ', ' NOT LIKE ', ' ILIKE ']),
            random.pick(["'a%'", "'%b%'", "'_b%'", "'%'", "''", "'100\\%'", "'%\\_%'", "'A%'", "'%ä%'", "'%r'"]),
          ),
      ],
      [0.5, 2, 'like-expression', () => make(text(), ' LIKE ', this.leaf('text', scope), " || '%'")],
      [
        0.6,
        1,
        'is-distinct-from',
        () => {
          const { left, right } = operands();
          return make(left, random.pick([' IS DISTINCT FROM ', ' IS NOT DISTINCT FROM ']), right);
        },
      ],
      [0.5, 1, 'is-true', () => make('(', deeper(), random.pick([') IS TRUE', ') IS NOT TRUE', ') IS FALSE', ') IS UNKNOWN', ') IS NOT FALSE']))],
      [0.5, 2, 'regex', () => make(text(), random.pick([' ~ ', ' !~ ', ' ~* ']), random.pick(["'^a'", "'[0-9]+'", "'b$'", "'a.c'", "'(x|z)'"]))],
      [0.3, 3, 'similar-to', () => make(text(), " SIMILAR TO '(a|b)%'")],
      [
        0.6,
        1,
        'numeric-comparison-mixed',
        () =>
          make(this.of('numeric', scope, depth - 1), random.pick([' < ', ' = ', ' >= ']), this.of(random.pick(['int', 'bigint', 'float8']), scope, depth - 1)),
      ],
      [
        0.5,
        2,
        'date-comparison-mixed',
        () => make(this.of('date', scope, depth - 1), random.pick([' < ', ' = ', ' >= ']), this.of('timestamp', scope, depth - 1)),
      ],
      [
        0.5,
        2,
        'row-comparison',
        () => {
          const [a, b] = [operands(), operands()];
          return make('(', a.left, ', ', b.left, random.pick([') = (', ') < (', ') >= (', ') <> (']), a.right, ', ', b.right, ')');
        },
      ],
      [1, 2, 'exists', () => make(random.pick(['EXISTS (', 'EXISTS (', 'NOT EXISTS (']), this.subqueries.rows(scope, depth - 1), ')')],
      [
        1,
        2,
        'in-subquery',
        () => {
          const { type, left } = operands();
          return make(left, random.pick([' IN (', ' IN (', ' NOT IN (']), this.subqueries.column(type, scope, depth - 1), ')');
        },
      ],
      [
        0.6,
        3,
        'quantified-subquery',
        () => {
          const { type, left } = operands();
          return make(left, random.pick([' = ANY (', ' > ALL (', ' <= ANY (', ' <> ALL (']), this.subqueries.column(type, scope, depth - 1), ')');
        },
      ],
      [0.3, 4, 'any-array', () => make(this.of('int', scope, depth - 1), ' = ANY (', this.of('int[]', scope, depth - 1), ')')],
      [0.3, 4, 'array-operators', () => make(this.of('int[]', scope, depth - 1), random.pick([' @> ', ' && ', ' <@ ']), this.of('int[]', scope, depth - 1))],
      [0.3, 4, 'jsonb-operators', () => make(this.of('jsonb', scope, depth - 1), random.pick([" ? 'a'", ` @> '{"a": 1}'`]))],
    ]);
  }

  /** An aggregate call of `type` over the rows of `scope`; undefined when no aggregate yields that type. */
  aggregate(type: TypeName, scope: Scope, depth: number): Node {
    const { random } = this;
    const make = (...parts: (string | Node)[]): Node => expression(type, ...parts);
    const sub = (inner: TypeName): Node => this.of(inner, scope, depth - 1);
    const distinct = (): string => {
      if (this.level < 2 || !random.chance(0.2)) return '';
      this.features.add('aggregate-distinct');
      return 'DISTINCT ';
    };
    const filter = (): Node => {
      if (this.level < 3 || !random.chance(0.15)) return plain();
      this.features.add('aggregate-filter');
      return option(' FILTER (WHERE ', this.predicate(scope, depth - 1), ')');
    };
    const productions: Production[] = [];
    if (!['bool', 'jsonb', 'uuid', 'bytea'].includes(type)) {
      const name = random.pick(['min', 'max']);
      // min and max of varchar are text's.
      productions.push([
        2,
        0,
        `min-max-${type}`,
        () => make(`${name}(`, sub(type), ')', type === 'varchar' ? '::varchar' : '', ...(type === 'varchar' ? [] : [filter()])),
      ]);
    }
    switch (type) {
      case 'bigint':
        productions.push(
          [3, 0, 'count-star', () => make('count(*)', filter())],
          [2, 0, 'count', () => make('count(', distinct(), this.any(scope, depth - 1).node, ')', filter())],
          [3, 0, 'sum-int', () => make('sum(', distinct(), sub('int'), ')', filter())],
        );
        break;
      case 'numeric':
        productions.push(
          [3, 0, 'sum-numeric', () => make('sum(', distinct(), sub('numeric'), ')', filter())],
          [1, 1, 'sum-bigint', () => make('sum(', sub('bigint'), ')', filter())],
          [2, 0, 'avg', () => make('avg(', distinct(), sub(random.pick(this.level >= 1 ? ['int', 'numeric', 'bigint'] : ['int', 'numeric'])), ')', filter())],
          [0.4, 3, 'variance-numeric', () => make(random.pick(['variance', 'stddev', 'var_pop', 'stddev_pop', 'stddev_samp']), '(', sub('int'), ')')],
        );
        break;
      case 'float8':
        productions.push(
          [2, 1, 'sum-float', () => make('sum(', sub('float8'), ')', filter())],
          [1, 1, 'avg-float', () => make('avg(', sub('float8'), ')', filter())],
          [0.4, 4, 'percentile-cont', () => make('percentile_cont(0.5) WITHIN GROUP (ORDER BY ', sub('float8'), ')')],
        );
        break;
      case 'int':
        productions.push(
          [0.3, 3, 'bit-aggregates', () => make(random.pick(['bit_and', 'bit_or']), '(', sub('int'), ')')],
          [0.3, 4, 'percentile-disc', () => make('percentile_disc(0.5) WITHIN GROUP (ORDER BY ', sub('int'), ')')],
        );
        break;
      case 'text':
        productions.push([
          1,
          1,
          'string-agg',
          () => {
            const value = sub('text');
            return make('string_agg(', value, ", ',' ORDER BY ", value, ')', filter());
          },
        ]);
        break;
      case 'bool':
        productions.push([2, 1, 'bool-aggregates', () => make(random.pick(['bool_and', 'bool_or', 'every']), '(', sub('bool'), ')', filter())]);
        break;
      case 'int[]':
        productions.push([
          1,
          4,
          'array-agg',
          () => {
            const value = sub('int');
            return make('array_agg(', value, ' ORDER BY ', value, ')');
          },
        ]);
        break;
      default:
        break;
    }
    const allowed = productions.filter(([, level]) => level <= this.level);
    if (allowed.length === 0) return this.of(type, { columns: [], key: undefined }, 0);
    return this.choose(allowed);
  }
}
