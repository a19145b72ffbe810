/** The name of a result column without AS. Source: FigureColname of PostgreSQL 15's parse_target.c. */
import type * as ast from '../../sql/ast.js';

interface Figured {
  readonly name: string;
  /** 2: a good name; 1: a last resort (a type's name, `case`), which an enclosing cast may replace. */
  readonly strength: 1 | 2;
}

const strong = (name: string): Figured => ({ name, strength: 2 });

function figure(node: ast.Expression): Figured | undefined {
  switch (node.kind) {
    case 'column':
      return strong(node.parts[node.parts.length - 1] as string);
    case 'star': {
      const relation = node.qualifier.at(-1);
      return relation === undefined ? undefined : strong(relation);
    }
    case 'fieldStar':
      return figure(node.argument);
    case 'function':
      return strong(node.name[node.name.length - 1] as string);
    case 'cast': {
      const inner = figure(node.argument);
      return inner?.strength === 2 ? inner : { name: node.type.names[node.type.names.length - 1] as string, strength: 1 };
    }
    case 'case': {
      const inner = node.otherwise === undefined ? undefined : figure(node.otherwise);
      return inner?.strength === 2 ? inner : { name: 'case', strength: 1 };
    }
    case 'coalesce':
      return strong('coalesce');
    case 'nullIf':
      return strong('nullif');
    case 'minMax':
      return strong(node.which);
    case 'array':
    case 'arraySubquery':
      return strong('array');
    case 'row':
      return strong('row');
    case 'exists':
      return strong('exists');
    case 'grouping':
      return strong('grouping');
    case 'sqlValue':
      return strong(node.function);
    case 'atTimeZone':
      return strong('timezone');
    case 'field':
      return strong(node.field);
    case 'subscript':
    case 'collate':
      return figure(node.argument);
    case 'subquery': {
      let body = node.query.body;
      while (body.kind === 'setOperation') body = body.left.body;
      if (body.kind !== 'core') return body.kind === 'values' ? strong('column1') : undefined;
      const [target] = body.targets;
      if (target === undefined) return undefined;
      if (target.name !== undefined) return strong(target.name);
      return target.expression.kind === 'star' || target.expression.kind === 'fieldStar' ? undefined : strong(figure(target.expression)?.name ?? '?column?');
    }
    default:
      return undefined;
  }
}

export function columnName(node: ast.Expression): string {
  return figure(node)?.name ?? '?column?';
}

/** The name of an index column that is an expression. */
export function indexColumnName(node: ast.Expression): string {
  return figure(node)?.name ?? 'expr';
}
