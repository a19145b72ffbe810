/**
 * The tree -> SQL text that parses back to the same tree, in the layout of PostgreSQL's ruleutils.c (pg_get_expr, pg_get_viewdef).
 * Called by the catalog to store and to show view definitions, defaults, CHECK constraints, generated columns and index expressions.
 *
 * What PostgreSQL adds from the analysed query (casts of literals, qualified columns) is not here: the tree is what the user wrote, unless the caller
 * has resolved it before.
 */
import { assertNever, notSupported } from '../common/errors.js';
import type {
  Alias,
  ColumnDefinitionItem,
  CommonTableExpression,
  Expression,
  FrameBound,
  FromItem,
  FunctionCall,
  GroupingElement,
  Select,
  SelectCore,
  SetOperation,
  SortItem,
  SubscriptItem,
  TypeName,
  WindowSpecification,
} from './ast.js';
import { deparseTypeName } from './deparse-type.js';
import { quoteIdentifier, quoteStoredLiteral, quoteQualified } from './quote.js';

export interface DeparseOptions {
  /** Only the parentheses that are needed, as with the second argument of pg_get_viewdef and pg_get_expr. Default: all of them. */
  readonly pretty?: boolean | undefined;
  /** BETWEEN, IN lists and LIKE spelled as PostgreSQL stores them: `>= AND <=`, `= ANY (ARRAY[...])`, `~~`. Default: as written. */
  readonly canonical?: boolean | undefined;
}

export function deparseExpression(expression: Expression, options: DeparseOptions = {}): string {
  const writer = new Writer(options);
  writer.expression(expression);
  return writer.out;
}

/** A query without semicolon; begins with a space like PostgreSQL's view definitions. */
export function deparseSelect(select: Select, options: DeparseOptions = {}): string {
  const writer = new Writer(options);
  writer.select(select);
  return writer.out;
}

export function deparseType(type: TypeName): string {
  return deparseTypeName(type, (modifier) => deparseExpression(modifier));
}

function isEmptyArray(expression: Expression): boolean {
  return expression.kind === 'array' && expression.elements.length === 0;
}

/** Nodes that stand anywhere without parentheses of their own. */
function isAtom(expression: Expression): boolean {
  switch (expression.kind) {
    case 'column':
    case 'star':
    case 'string':
    case 'bitString':
    case 'boolean':
    case 'null':
    case 'parameter':
    case 'exists':
    case 'subquery':
    case 'inSubquery':
    case 'quantifiedSubquery':
    case 'arraySubquery':
    case 'array':
    case 'row':
    case 'case':
    case 'coalesce':
    case 'nullIf':
    case 'minMax':
    case 'sqlValue':
    case 'grouping':
    case 'default':
    case 'currentOf':
    case 'namedArgument':
    case 'subscript':
    case 'field':
    case 'fieldStar':
    case 'integer':
    case 'numeric':
      return true;
    case 'function':
      return !(expression.sqlSyntax && (expression.name[1] === 'overlaps' || expression.name[1] === 'is_normalized'));
    default:
      return false;
  }
}

/** Operators whose nesting PostgreSQL writes without parentheses when pretty: the higher binds tighter. */
function arithmeticRank(operator: string): number {
  return operator === '*' || operator === '/' || operator === '%' ? 2 : operator === '+' || operator === '-' ? 1 : 0;
}

/** What an operand stands in. 'list': between commas or keywords, where anything may stand. */
type Place = { readonly kind: 'list' } | { readonly kind: 'operand'; readonly parent: Expression; readonly side: 'left' | 'right' };

const inList: Place = { kind: 'list' };

class Writer {
  out = '';
  #indent = 0;
  readonly #pretty: boolean;
  readonly #canonical: boolean;

  constructor(options: DeparseOptions) {
    this.#pretty = options.pretty ?? false;
    this.#canonical = options.canonical ?? false;
  }

  /** A line break, then spaces; blanks at the end of the line before go. */
  #newline(plus = 0): void {
    let end = this.out.length;
    while (end > 0 && this.out[end - 1] === ' ') end--;
    this.out = `${this.out.slice(0, end)}\n${' '.repeat(Math.max(this.#indent, 0) + plus)}`;
  }

  #list<T>(items: readonly T[], write: (item: T) => void, separator = ', '): void {
    items.forEach((item, i) => {
      if (i > 0) this.out += separator;
      write(item);
    });
  }

  #expressions(items: readonly Expression[]): void {
    this.#list(items, (item) => this.expression(item));
  }

  // ---------------------------------------------------------------------------------------------------------- expressions

  /** Anything that ruleutils puts in parentheses unless pretty and safe. */
  #enclosed(expression: Expression, place: Place, write: () => void): void {
    const parentheses = this.#pretty ? !this.#isSafe(expression, place) : true;
    if (parentheses) this.out += '(';
    write();
    if (parentheses) this.out += ')';
  }

  /** isSimpleNode of ruleutils.c: whether a node needs no parentheses where it stands. */
  #isSafe(expression: Expression, place: Place): boolean {
    if (place.kind === 'list') return true;
    const { parent, side } = place;
    switch (parent.kind) {
      case 'and':
        return expression.kind !== 'or' && expression.kind !== 'quantifiedArray';
      case 'or':
        return expression.kind !== 'quantifiedArray';
      case 'not':
        return expression.kind !== 'and' && expression.kind !== 'or' && expression.kind !== 'not' && expression.kind !== 'quantifiedArray';
      case 'binary': {
        if (expression.kind !== 'binary') return false;
        const rank = arithmeticRank(expression.operator);
        const parentRank = arithmeticRank(parent.operator);
        if (rank === 0 || parentRank === 0) return false;
        return rank > parentRank || (rank === parentRank && side === 'left');
      }
      default:
        return false;
    }
  }

  #operand(expression: Expression, parent: Expression, side: 'left' | 'right' = 'left'): void {
    this.expression(expression, { kind: 'operand', parent, side });
  }

  /** For places where only a c_expr may stand. */
  #tight(expression: Expression): void {
    const bare = expression.kind === 'column' || expression.kind === 'parameter' || (expression.kind === 'integer' && expression.value >= 0);
    if (!bare) this.out += '(';
    this.expression(expression);
    if (!bare) this.out += ')';
  }

  expression(expression: Expression, place: Place = inList): void {
    switch (expression.kind) {
      case 'column':
        this.out += quoteQualified(expression.parts);
        return;
      case 'star':
        this.out += expression.qualifier.length === 0 ? '*' : `${quoteQualified(expression.qualifier)}.*`;
        return;
      case 'integer':
        this.out += expression.value < 0 ? `(${expression.value})` : String(expression.value);
        return;
      case 'numeric':
        this.out += expression.text.startsWith('-') ? `(${expression.text})` : expression.text;
        return;
      case 'string':
        this.out += quoteStoredLiteral(expression.value);
        return;
      case 'bitString':
        this.out += `${expression.base === 'binary' ? 'B' : 'X'}'${expression.digits}'`;
        return;
      case 'boolean':
        this.out += expression.value ? 'true' : 'false';
        return;
      case 'null':
        this.out += 'NULL';
        return;
      case 'parameter':
        this.out += `$${expression.number}`;
        return;
      case 'cast':
        this.#cast(expression.argument, expression.type);
        return;
      case 'unary':
        this.#enclosed(expression, place, () => {
          this.out += `${operatorText(expression)} `;
          this.#operand(expression.argument, expression, 'right');
        });
        return;
      case 'binary':
        this.#enclosed(expression, place, () => {
          this.#operand(expression.left, expression, 'left');
          this.out += ` ${operatorText(expression)} `;
          this.#operand(expression.right, expression, 'right');
        });
        return;
      case 'and':
      case 'or':
        this.#enclosed(expression, place, () => {
          this.#list(expression.arguments, (argument) => this.#operand(argument, expression), expression.kind === 'and' ? ' AND ' : ' OR ');
        });
        return;
      case 'not':
        this.#enclosed(expression, place, () => {
          this.out += 'NOT ';
          this.#operand(expression.argument, expression);
        });
        return;
      case 'nullTest':
        this.#enclosed(expression, place, () => {
          this.#operand(expression.argument, expression);
          this.out += expression.negated ? ' IS NOT NULL' : ' IS NULL';
        });
        return;
      case 'booleanTest':
        this.#enclosed(expression, place, () => {
          this.#operand(expression.argument, expression);
          this.out += ` IS ${expression.negated ? 'NOT ' : ''}${expression.test.toUpperCase()}`;
        });
        return;
      case 'distinctFrom':
        this.#enclosed(expression, place, () => {
          this.#operand(expression.left, expression);
          this.out += expression.negated ? ' IS NOT DISTINCT FROM ' : ' IS DISTINCT FROM ';
          this.#operand(expression.right, expression, 'right');
        });
        return;
      case 'between':
      case 'like':
      case 'in':
        this.#predicate(expression, place);
        return;
      case 'inSubquery':
        if (expression.negated && this.#canonical) {
          this.expression({ kind: 'not', argument: { ...expression, negated: false } }, place);
          return;
        }
        this.out += '(';
        this.#operand(expression.argument, expression);
        this.out += expression.negated ? ' NOT IN ' : ' IN ';
        this.#subquery(expression.query);
        this.out += ')';
        return;
      case 'quantifiedArray':
        this.#enclosed(expression, place, () => {
          this.#operand(expression.argument, expression);
          this.out += ` ${operatorText(expression)} ${expression.quantifier.toUpperCase()} (`;
          // PostgreSQL writes a second pair here, and only when pretty.
          const twice = this.#pretty && expression.array.kind === 'arraySubquery';
          if (twice) this.out += '(';
          this.expression(expression.array);
          this.out += twice ? '))' : ')';
        });
        return;
      case 'quantifiedSubquery':
        this.out += '(';
        this.#operand(expression.argument, expression);
        this.out += ` ${operatorText(expression)} ${expression.quantifier.toUpperCase()} `;
        this.#subquery(expression.query);
        this.out += ')';
        return;
      case 'exists':
        this.out += '(EXISTS ';
        this.#subquery(expression.query);
        this.out += ')';
        return;
      case 'subquery':
        this.#subquery(expression.query);
        return;
      case 'arraySubquery':
        this.out += 'ARRAY';
        this.#subquery(expression.query);
        return;
      case 'array':
        this.out += 'ARRAY[';
        this.#expressions(expression.elements);
        this.out += ']';
        return;
      case 'row':
        // `(a)` alone would be no row.
        this.out += expression.explicit || expression.fields.length < 2 ? 'ROW(' : '(';
        this.#expressions(expression.fields);
        this.out += ')';
        return;
      case 'case':
        this.#case(expression);
        return;
      case 'coalesce':
        this.#call('COALESCE', expression.arguments);
        return;
      case 'nullIf':
        this.#call('NULLIF', [expression.left, expression.right]);
        return;
      case 'minMax':
        this.#call(expression.which === 'greatest' ? 'GREATEST' : 'LEAST', expression.arguments);
        return;
      case 'grouping':
        this.#call('GROUPING', expression.arguments);
        return;
      case 'function':
        this.#function(expression);
        return;
      case 'namedArgument':
        this.out += `${quoteIdentifier(expression.name)} => `;
        this.expression(expression.argument);
        return;
      case 'subscript':
        this.#container(expression.argument, false);
        for (const item of expression.subscripts) this.#subscript(item);
        return;
      case 'field':
        this.#container(expression.argument, true);
        this.out += `.${quoteIdentifier(expression.field)}`;
        return;
      case 'fieldStar':
        this.#container(expression.argument, true);
        this.out += '.*';
        return;
      case 'collate':
        this.#enclosed(expression, place, () => {
          this.#operand(expression.argument, expression);
          this.out += ` COLLATE ${quoteQualified(expression.collation)}`;
        });
        return;
      case 'atTimeZone':
        this.out += '(';
        this.#operand(expression.argument, expression);
        this.out += ' AT TIME ZONE ';
        this.#operand(expression.zone, expression, 'right');
        this.out += ')';
        return;
      case 'sqlValue':
        this.out += expression.function.toUpperCase() + (expression.precision === undefined ? '' : `(${expression.precision})`);
        return;
      case 'default':
        this.out += 'DEFAULT';
        return;
      case 'currentOf':
        this.out += `CURRENT OF ${quoteIdentifier(expression.cursor)}`;
        return;
      default:
        assertNever(expression);
    }
  }

  #cast(argument: Expression, type: TypeName): void {
    const bare =
      argument.kind === 'string' || argument.kind === 'null' || argument.kind === 'boolean' || argument.kind === 'bitString' || isEmptyArray(argument);
    const negative = (argument.kind === 'integer' && argument.value < 0) || (argument.kind === 'numeric' && argument.text.startsWith('-'));
    if (bare || negative) this.expression(argument);
    else if (this.#pretty && (isAtom(argument) || argument.kind === 'cast')) this.expression(argument);
    else {
      this.out += '(';
      this.expression(argument);
      this.out += ')';
    }
    this.out += `::${deparseType(type)}`;
  }

  #predicate(expression: Extract<Expression, { kind: 'between' | 'like' | 'in' }>, place: Place): void {
    if (this.#canonical) {
      const rewritten = canonicalForm(expression);
      if (rewritten !== undefined) {
        this.expression(rewritten, place);
        return;
      }
    }
    this.#enclosed(expression, place, () => {
      this.#operand(expression.argument, expression);
      if (expression.negated) this.out += ' NOT';
      switch (expression.kind) {
        case 'between':
          this.out += expression.symmetric ? ' BETWEEN SYMMETRIC ' : ' BETWEEN ';
          this.#operand(expression.low, expression, 'right');
          this.out += ' AND ';
          this.#operand(expression.high, expression, 'right');
          return;
        case 'like':
          this.out += expression.variant === 'like' ? ' LIKE ' : expression.variant === 'ilike' ? ' ILIKE ' : ' SIMILAR TO ';
          this.#operand(expression.pattern, expression, 'right');
          if (expression.escape !== undefined) {
            this.out += ' ESCAPE ';
            this.#operand(expression.escape, expression, 'right');
          }
          return;
        case 'in':
          this.out += ' IN (';
          this.#expressions(expression.list);
          this.out += ')';
          return;
        default:
          assertNever(expression);
      }
    });
  }

  #call(name: string, list: readonly Expression[]): void {
    this.out += `${name}(`;
    this.#expressions(list);
    this.out += ')';
  }

  /** Of a subscript or a field. */
  #container(expression: Expression, field: boolean): void {
    const bare =
      expression.kind === 'parameter' || (!field && (expression.kind === 'column' || expression.kind === 'subscript' || expression.kind === 'field'));
    if (!bare) this.out += '(';
    this.expression(expression);
    if (!bare) this.out += ')';
  }

  #subscript(item: SubscriptItem): void {
    this.out += '[';
    if (item.kind === 'index') this.expression(item.index);
    else {
      if (item.lower !== undefined) this.expression(item.lower);
      this.out += ':';
      if (item.upper !== undefined) this.expression(item.upper);
    }
    this.out += ']';
  }

  #case(expression: Extract<Expression, { kind: 'case' }>): void {
    this.#newline();
    this.out += 'CASE';
    if (expression.operand !== undefined) {
      this.out += ' ';
      this.expression(expression.operand);
    }
    this.#indent += 4;
    for (const when of expression.whens) {
      this.#newline();
      this.out += 'WHEN ';
      this.expression(when.condition);
      this.out += ' THEN ';
      this.expression(when.result);
    }
    if (expression.otherwise !== undefined) {
      this.#newline();
      this.out += 'ELSE ';
      this.expression(expression.otherwise);
    }
    this.#indent -= 4;
    this.#newline();
    this.out += 'END';
  }

  #function(call: FunctionCall): void {
    if (call.sqlSyntax && this.#sqlSyntax(call)) return;
    this.out += `${quoteQualified(call.name[0] === 'pg_catalog' ? call.name.slice(1) : call.name)}(`;
    if (call.distinct) this.out += 'DISTINCT ';
    if (call.star) this.out += '*';
    this.#list(
      call.arguments.map((argument, i) => ({ argument, last: i === call.arguments.length - 1 })),
      ({ argument, last }) => {
        if (last && call.variadic) this.out += 'VARIADIC ';
        this.expression(argument);
      },
    );
    if (call.withinGroup) {
      this.out += ') WITHIN GROUP (ORDER BY ';
      this.#sort(call.orderBy);
    } else if (call.orderBy.length > 0) {
      this.out += ' ORDER BY ';
      this.#sort(call.orderBy);
    }
    this.out += ')';
    if (call.filter !== undefined) {
      this.out += ' FILTER (WHERE ';
      this.expression(call.filter);
      this.out += ')';
    }
    if (call.over !== undefined) {
      this.out += ' OVER ';
      if (call.over.name === undefined) this.#window(call.over);
      else this.out += quoteIdentifier(call.over.name);
    }
  }

  /** SQL's own syntax for some functions of pg_catalog; false if the call is none of them. */
  #sqlSyntax(call: FunctionCall): boolean {
    const [a, b, c, d] = call.arguments;
    if (a === undefined || call.over !== undefined || call.filter !== undefined) return false;
    switch (call.name[1]) {
      case 'extract': {
        if (a.kind !== 'string' || b === undefined) return false;
        this.out += `EXTRACT(${quoteIdentifier(a.value) === a.value ? a.value : quoteStoredLiteral(a.value)} FROM `;
        this.expression(b);
        this.out += ')';
        return true;
      }
      case 'overlaps':
        if (b === undefined || c === undefined || d === undefined) return false;
        this.out += '((';
        this.#expressions([a, b]);
        this.out += ') OVERLAPS (';
        this.#expressions([c, d]);
        this.out += '))';
        return true;
      case 'position':
        if (b === undefined) return false;
        this.out += 'POSITION((';
        this.expression(b);
        this.out += ') IN (';
        this.expression(a);
        this.out += '))';
        return true;
      case 'substring':
      case 'overlay': {
        if (b === undefined) return false;
        const overlay = call.name[1] === 'overlay';
        if (overlay && c === undefined) return false;
        this.out += overlay ? 'OVERLAY(' : 'SUBSTRING(';
        this.expression(a);
        this.out += overlay ? ' PLACING ' : ' FROM ';
        this.expression(b);
        const rest = overlay ? [c, d] : [c];
        const words = overlay ? [' FROM ', ' FOR '] : [' FOR '];
        rest.forEach((argument, i) => {
          if (argument === undefined) return;
          this.out += words[i] ?? '';
          this.expression(argument);
        });
        this.out += ')';
        return true;
      }
      case 'btrim':
      case 'ltrim':
      case 'rtrim':
        if (c !== undefined) return false;
        this.out += `TRIM(${call.name[1] === 'btrim' ? 'BOTH' : call.name[1] === 'ltrim' ? 'LEADING' : 'TRAILING'} `;
        if (b !== undefined) {
          this.expression(b);
          this.out += ' ';
        }
        this.out += 'FROM ';
        this.expression(a);
        this.out += ')';
        return true;
      case 'normalize':
        this.out += 'NORMALIZE(';
        this.expression(a);
        if (b?.kind === 'string') this.out += `, ${b.value}`;
        this.out += ')';
        return true;
      case 'is_normalized':
        this.out += '(';
        this.#tight(a);
        this.out += ` IS${b?.kind === 'string' ? ` ${b.value}` : ''} NORMALIZED)`;
        return true;
      case 'pg_collation_for':
        this.out += 'COLLATION FOR (';
        this.expression(a);
        this.out += ')';
        return true;
      default:
        return false;
    }
  }

  /** An item of ORDER BY, GROUP BY, PARTITION BY, DISTINCT ON: calls stand in parentheses there, as PostgreSQL writes them (get_rule_sortgroupclause). */
  #key(expression: Expression): void {
    const operator = !isAtom(expression);
    const parentheses = expression.kind === 'function' ? isAtom(expression) || this.#pretty : expression.kind === 'cast' || (this.#pretty && operator);
    if (parentheses) this.out += '(';
    this.expression(expression);
    if (parentheses) this.out += ')';
  }

  #sort(items: readonly SortItem[]): void {
    this.#list(items, (item) => {
      this.#key(item.expression);
      if (item.direction === 'asc') this.out += ' ASC';
      else if (item.direction === 'desc') this.out += ' DESC';
      else if (item.direction === 'using') this.out += ` USING ${operatorText({ operator: item.operator ?? '<', operatorSchema: item.operatorSchema })}`;
      if (item.nulls !== 'default') this.out += item.nulls === 'first' ? ' NULLS FIRST' : ' NULLS LAST';
    });
  }

  #window(window: WindowSpecification): void {
    this.out += '(';
    const parts: (() => void)[] = [];
    const { base, frame } = window;
    if (base !== undefined) parts.push(() => (this.out += quoteIdentifier(base)));
    if (window.partitionBy.length > 0) {
      parts.push(() => {
        this.out += 'PARTITION BY ';
        this.#list(window.partitionBy, (item) => this.#key(item));
      });
    }
    if (window.orderBy.length > 0) {
      parts.push(() => {
        this.out += 'ORDER BY ';
        this.#sort(window.orderBy);
      });
    }
    if (frame !== undefined) {
      parts.push(() => {
        this.out += `${frame.mode.toUpperCase()} ${frame.short === true ? '' : 'BETWEEN '}`;
        this.#bound(frame.start);
        if (frame.short !== true) {
          this.out += ' AND ';
          this.#bound(frame.end);
        }
        if (frame.exclude !== 'noOthers') this.out += ` EXCLUDE ${frame.exclude === 'currentRow' ? 'CURRENT ROW' : frame.exclude.toUpperCase()}`;
      });
    }
    this.#list(parts, (part) => part(), ' ');
    this.out += ')';
  }

  #bound(bound: FrameBound): void {
    switch (bound.kind) {
      case 'unboundedPreceding':
        this.out += 'UNBOUNDED PRECEDING';
        return;
      case 'unboundedFollowing':
        this.out += 'UNBOUNDED FOLLOWING';
        return;
      case 'currentRow':
        this.out += 'CURRENT ROW';
        return;
      case 'preceding':
      case 'following':
        this.expression(bound.offset);
        this.out += bound.kind === 'preceding' ? ' PRECEDING' : ' FOLLOWING';
        return;
      default:
        assertNever(bound);
    }
  }

  // -------------------------------------------------------------------------------------------------------------- queries

  #subquery(query: Select): void {
    this.out += '(';
    this.select(query);
    this.out += ')';
  }

  /** At the current indentation; what is inside stands eight further, as in PostgreSQL. */
  select(select: Select): void {
    const base = this.#indent;
    if (select.with !== undefined) {
      this.#indent = base + 8;
      this.out += select.with.recursive ? ' WITH RECURSIVE ' : ' WITH ';
      this.#list(select.with.tables, (table) => this.#commonTable(table));
      this.#indent = base;
      this.#newline();
    }
    const { body } = select;
    if (body.kind === 'setOperation') {
      this.#setOperation(body);
      this.#indent = base - 8;
    } else if (body.kind === 'values') {
      this.out += ' VALUES ';
      this.#list(body.rows, (row) => {
        this.out += '(';
        this.#list(row, (item) => this.expression(item), ',');
        this.out += ')';
      });
    } else {
      this.#indent = base + 8;
      this.#core(body);
      this.#indent = base;
    }
    this.#tail(select);
    this.#indent = base;
  }

  #tail(select: Select): void {
    if (select.orderBy.length > 0) {
      this.#clause('  ORDER BY ', () => this.#sort(select.orderBy));
    }
    const { offset, limit } = select;
    if (offset !== undefined) this.#clause(' OFFSET ', () => this.expression(offset));
    if (limit !== undefined) {
      if (select.withTies) {
        this.#clause(' FETCH FIRST ', () => {
          this.#tight(limit);
          this.out += ' ROWS WITH TIES';
        });
      } else {
        this.#clause(' LIMIT ', () => {
          if (limit.kind === 'null') this.out += 'ALL';
          else this.expression(limit);
        });
      }
    }
    for (const lock of select.locking) {
      this.#newline();
      const strength = { keyShare: 'KEY SHARE', share: 'SHARE', noKeyUpdate: 'NO KEY UPDATE', update: 'UPDATE' }[lock.strength];
      this.out += ` FOR ${strength}`;
      if (lock.tables.length > 0) this.out += ` OF ${lock.tables.map((table) => quoteIdentifier(table.name)).join(', ')}`;
      if (lock.wait !== 'block') this.out += lock.wait === 'nowait' ? ' NOWAIT' : ' SKIP LOCKED';
    }
  }

  /** On a line of its own at the query's indentation; the content may indent eight further. */
  #clause(keyword: string, write: () => void): void {
    this.#newline();
    this.out += keyword;
    this.#indent += 8;
    write();
    this.#indent -= 8;
  }

  #commonTable(table: CommonTableExpression): void {
    this.out += quoteIdentifier(table.name);
    if (table.columns.length > 0) this.out += `(${table.columns.map(quoteIdentifier).join(', ')})`;
    this.out += ' AS ';
    if (table.materialized !== 'default') this.out += table.materialized === 'always' ? 'MATERIALIZED ' : 'NOT MATERIALIZED ';
    this.out += '(';
    this.#newline();
    if (table.query.kind !== 'select') throw notSupported(`writing ${table.query.kind.toUpperCase()} inside WITH`, table.position);
    this.select(table.query);
    this.#newline();
    this.out += ')';
    const { search, cycle } = table;
    if (search !== undefined) {
      this.out += ` SEARCH ${search.order.toUpperCase()} FIRST BY ${search.columns.map(quoteIdentifier).join(', ')} SET ${quoteIdentifier(search.into)}`;
    }
    if (cycle !== undefined) {
      this.out += ` CYCLE ${cycle.columns.map(quoteIdentifier).join(', ')} SET ${quoteIdentifier(cycle.mark)} TO `;
      this.expression(cycle.markValue);
      this.out += ' DEFAULT ';
      this.expression(cycle.markDefault);
      this.out += ` USING ${quoteIdentifier(cycle.using)}`;
    }
  }

  #setOperation(body: SetOperation): void {
    const base = this.#indent;
    const word = body.operation.toUpperCase() + (body.all ? ' ALL' : '');
    const { left, right } = body;
    const differs = left.body.kind === 'setOperation' && (left.body.operation !== body.operation || left.body.all !== body.all);
    if (differs && !hasClauses(left)) {
      this.out += '(';
      this.#indent = base + 8;
      this.#newline();
      this.select(left);
      this.#indent = base;
      this.#newline();
      this.out += `) ${word}`;
    } else {
      this.#setOperand(left);
      this.#indent = base;
      this.#newline();
      this.out += word;
    }
    if (right.body.kind === 'setOperation' && !hasClauses(right)) {
      this.out += ' (';
      this.#indent = base + 8;
      this.#newline();
      this.select(right);
      this.#indent = base;
      this.#newline();
      this.out += ')';
    } else {
      this.#newline();
      this.#setOperand(right);
    }
    this.#indent = base;
  }

  #setOperand(operand: Select): void {
    const parentheses = hasClauses(operand);
    if (parentheses) this.out += '(';
    this.select(operand);
    if (parentheses) this.out += ')';
  }

  #core(core: SelectCore): void {
    this.out += ' SELECT';
    if (core.distinct) {
      this.out += ' DISTINCT';
      if (core.distinctOn.length > 0) {
        this.out += ' ON (';
        this.#list(core.distinctOn, (item) => this.#key(item));
        this.out += ')';
      }
    }
    core.targets.forEach((target, i) => {
      const before = this.out;
      this.out = '';
      this.expression(target.expression);
      if (target.name !== undefined) this.out += ` AS ${quoteIdentifier(target.name)}`;
      const column = this.out;
      this.out = before;
      if (i > 0) this.out += ',';
      // A CASE begins with a line of its own.
      if (!column.startsWith('\n')) {
        if (i === 0) this.out += ' ';
        else this.#newline(-4);
      }
      this.out += column;
    });
    this.#indent -= 8;
    if (core.from.length > 0) {
      this.#clause('   FROM ', () => {
        this.#list(
          core.from.map((item, i) => ({ item, i })),
          ({ item, i }) => {
            if (i > 0) this.#newline(-4);
            this.#fromItem(item);
          },
          ',',
        );
      });
    }
    const { where, having } = core;
    if (where !== undefined) this.#clause('  WHERE ', () => this.expression(where));
    if (core.groupBy.length > 0) {
      this.#clause(core.groupDistinct ? '  GROUP BY DISTINCT ' : '  GROUP BY ', () => this.#list(core.groupBy, (element) => this.#grouping(element)));
    }
    if (having !== undefined) this.#clause(' HAVING ', () => this.expression(having));
    if (core.windows.length > 0) {
      this.#clause('  WINDOW ', () =>
        this.#list(core.windows, (window) => {
          this.out += `${quoteIdentifier(window.name ?? '')} AS `;
          this.#window(window);
        }),
      );
    }
    this.#indent += 8;
  }

  #grouping(element: GroupingElement): void {
    switch (element.kind) {
      case 'expression':
        this.#key(element.expression);
        return;
      case 'empty':
        this.out += '()';
        return;
      case 'rollup':
      case 'cube':
        this.#call(element.kind === 'rollup' ? 'ROLLUP' : 'CUBE', element.items);
        return;
      case 'sets':
        this.out += 'GROUPING SETS (';
        this.#list(element.sets, (set) => {
          const single = set.kind === 'expression' && set.expression.kind !== 'row';
          if (single) this.out += '(';
          this.#grouping(set);
          if (single) this.out += ')';
        });
        this.out += ')';
        return;
      default:
        assertNever(element);
    }
  }

  #alias(alias: Alias | undefined, word = ''): void {
    if (alias === undefined) return;
    this.out += ` ${word}${quoteIdentifier(alias.name)}`;
    if (alias.columns.length > 0) this.out += `(${alias.columns.map(quoteIdentifier).join(', ')})`;
  }

  #fromItem(item: FromItem): void {
    switch (item.kind) {
      case 'table': {
        const { catalog, schema, name } = item.name;
        const parts = [catalog, schema, name].filter((part): part is string => part !== undefined);
        this.out += (item.only ? 'ONLY ' : '') + quoteQualified(parts);
        this.#alias(item.alias);
        if (item.sample !== undefined) {
          this.#call(` TABLESAMPLE ${quoteQualified(item.sample.method)} `, item.sample.arguments);
          if (item.sample.repeatable !== undefined) this.#call(' REPEATABLE ', [item.sample.repeatable]);
        }
        return;
      }
      case 'subquery':
        if (item.lateral) this.out += 'LATERAL ';
        this.#subquery(item.query);
        this.#alias(item.alias);
        return;
      case 'functionScan':
        if (item.lateral) this.out += 'LATERAL ';
        if (item.rowsFrom) this.out += 'ROWS FROM(';
        this.#list(item.functions, (entry) => {
          this.expression(entry.call);
          if (entry.columns.length > 0) {
            this.out += ' AS (';
            this.#columnDefinitions(entry.columns);
            this.out += ')';
          }
        });
        if (item.rowsFrom) this.out += ')';
        if (item.ordinality) this.out += ' WITH ORDINALITY';
        if (item.columns.length === 0) this.#alias(item.alias);
        else {
          this.out += item.alias === undefined ? ' AS (' : ` ${quoteIdentifier(item.alias.name)}(`;
          this.#columnDefinitions(item.columns);
          this.out += ')';
        }
        return;
      case 'join':
        this.#join(item);
        return;
      default:
        assertNever(item);
    }
  }

  #join(join: Extract<FromItem, { kind: 'join' }>): void {
    const parentheses = !this.#pretty || join.alias !== undefined;
    if (parentheses) this.out += '(';
    this.#fromItem(join.left);
    this.#newline(-4);
    const cross = !join.natural && join.on === undefined && join.using.length === 0;
    const kind = { inner: cross ? 'CROSS ' : '', left: 'LEFT ', right: 'RIGHT ', full: 'FULL ' }[join.joinType];
    this.out += ` ${join.natural ? 'NATURAL ' : ''}${kind}JOIN `;
    const nested = join.right.kind === 'join' && this.#pretty && join.right.alias === undefined;
    if (nested) this.out += '(';
    this.#fromItem(join.right);
    if (nested) this.out += ')';
    if (join.using.length > 0) {
      this.out += ` USING (${join.using.map(quoteIdentifier).join(', ')})`;
      if (join.usingAlias !== undefined) this.out += ` AS ${quoteIdentifier(join.usingAlias)}`;
    } else if (join.on !== undefined) {
      this.out += ' ON ';
      if (!this.#pretty) this.out += '(';
      this.expression(join.on);
      if (!this.#pretty) this.out += ')';
    }
    if (parentheses) this.out += ')';
    this.#alias(join.alias);
  }

  #columnDefinitions(columns: readonly ColumnDefinitionItem[]): void {
    this.#list(columns, (column) => {
      this.out += `${quoteIdentifier(column.name)} ${deparseType(column.type)}`;
      if (column.collation !== undefined) this.out += ` COLLATE ${quoteQualified(column.collation)}`;
    });
  }
}

/** Whether a query has clauses beyond its body: as an operand it stands in parentheses then. */
function hasClauses({ with: withPart, orderBy, limit, offset, locking }: Select): boolean {
  return withPart !== undefined || orderBy.length > 0 || limit !== undefined || offset !== undefined || locking.length > 0;
}

function operatorText(expression: { readonly operator: string; readonly operatorSchema?: string | undefined }): string {
  const { operator, operatorSchema } = expression;
  return operatorSchema === undefined ? operator : `OPERATOR(${quoteIdentifier(operatorSchema)}.${operator})`;
}

/** What PostgreSQL makes of BETWEEN, IN and LIKE when it stores them; undefined where the tree keeps its form. */
function canonicalForm(expression: Extract<Expression, { kind: 'between' | 'like' | 'in' }>): Expression | undefined {
  const { argument, negated, position } = expression;
  switch (expression.kind) {
    case 'between': {
      if (expression.symmetric) return undefined;
      const compare = (operator: string, right: Expression): Expression => ({ kind: 'binary', operator, left: argument, right, position });
      return negated
        ? { kind: 'or', arguments: [compare('<', expression.low), compare('>', expression.high)], position }
        : { kind: 'and', arguments: [compare('>=', expression.low), compare('<=', expression.high)], position };
    }
    case 'in': {
      // Rows and single items are compared one by one.
      if (argument.kind === 'row' || expression.list.length < 2) return undefined;
      const elements: Expression = { kind: 'array', elements: expression.list };
      // Items of another type than the operator's are converted together.
      const [first] = expression.list;
      const same =
        first?.kind !== 'cast' || argument.kind !== 'cast' || deparseType(first.type) !== 'character varying' || deparseType(argument.type) !== 'text';
      const array: Expression = same ? elements : { kind: 'cast', argument: elements, type: { ...argument.type, arrayBounds: [-1] } };
      return { kind: 'quantifiedArray', quantifier: negated ? 'all' : 'any', operator: negated ? '<>' : '=', argument, array, position };
    }
    case 'like': {
      if (expression.escape !== undefined || expression.variant === 'similar') return undefined;
      const operator = `${negated ? '!' : ''}~~${expression.variant === 'ilike' ? '*' : ''}`;
      return { kind: 'binary', operator, left: argument, right: expression.pattern, position };
    }
    default:
      return assertNever(expression);
  }
}
