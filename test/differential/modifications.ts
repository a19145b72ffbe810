/** Random INSERT, UPDATE, DELETE and MERGE. Each runs inside a transaction that is rolled back, so that every statement sees the same tables. */
import type { Random } from '../support/random.js';
import type { Scope } from './expressions.js';
import { list, type Node, option, plain } from './node.js';
import type { Queries } from './queries.js';
import type { Column, Table } from './schema.js';
import { literal } from './types.js';

export interface Modification {
  readonly statement: Node;
  /** The table that it changes. */
  readonly table: Table;
}

export class Modifications {
  private readonly level: number;

  constructor(
    private readonly random: Random,
    private readonly tables: readonly Table[],
    private readonly queries: Queries,
    private readonly features: Set<string>,
  ) {
    this.level = queries.level;
  }

  private uses(level: number, probability: number, feature: string): boolean {
    if (this.level < level || !this.random.chance(probability)) return false;
    this.features.add(feature);
    return true;
  }

  make(): Modification {
    const table = this.random.pick(this.tables);
    const statement = this.random.weighted<() => Node>([
      [3, () => this.insert(table)],
      [3, () => this.update(table)],
      [2, () => this.delete(table)],
      [this.level >= 4 ? 0.7 : 0, () => this.merge(table)],
    ])();
    return { statement, table };
  }

  private scope(table: Table, alias: string): Scope {
    return { columns: table.columns.map(({ name, type }) => ({ sql: `${alias}.${name}`, type })), key: undefined };
  }

  private returning(table: Table, alias: string): Node {
    if (!this.uses(1, 0.5, 'returning')) return plain();
    if (this.random.chance(0.4)) return option(' RETURNING ', this.random.chance(0.5) ? '*' : `${alias}.*`);
    const items = Array.from({ length: this.random.int(1, 3) }, (_, index) =>
      plain(this.queries.expressions.any(this.scope(table, alias), 1).node, ` AS r${index + 1}`),
    );
    return option(' RETURNING ', list(', ', 1, items));
  }

  /** A value to store: in range for the column's declared type. */
  private stored(column: Column, scope: Scope): Node {
    if (column.type === 'varchar') return plain('substr(', this.queries.expressions.of('text', scope, 1), ', 1, 10)');
    if (column.type === 'bpchar') return plain('substr(', this.queries.expressions.of('text', scope, 1), ', 1, 4)');
    if (column.declared === 'numeric(10,2)') return plain('(', this.queries.expressions.of('numeric', scope, 1), ') % 100000');
    return this.queries.expressions.of(column.type, scope, 2);
  }

  private insert(table: Table): Node {
    const { random } = this;
    this.features.add('insert');
    const chosen = table.columns.filter(({ name }) => name === 'id' || random.chance(0.7));
    const names = chosen.map(({ name }) => name).join(', ');
    const empty: Scope = { columns: [], key: undefined };
    // Some ids are taken already: with a primary key that is 23505.
    const id = (index: number): string => String(random.chance(0.12) ? random.int(1, 40) : 1000 + index);
    const conflict = (): Node => {
      if (!table.primaryKey || !this.uses(3, 0.35, 'on-conflict')) return plain();
      if (random.chance(0.4)) return plain(` ON CONFLICT ${random.pick(['', '(id) '])}DO NOTHING`);
      const where = random.chance(0.3) ? option(' WHERE ', this.queries.expressions.predicate(this.scope(table, 'target'), 1)) : plain();
      return plain(' ON CONFLICT (id) DO UPDATE SET n = excluded.id + ', random.pick(['1', 'coalesce(target.n, 0)']), where);
    };
    if (this.uses(2, 0.35, 'insert-select')) {
      const source = random.pick(this.tables);
      const scope = this.scope(source, 's');
      const items = chosen.map((column) => (column.name === 'id' ? plain(`s.id + ${random.pick(['1000', '1000', '30'])}`) : this.stored(column, scope)));
      const where = random.chance(0.6) ? option(' WHERE ', this.queries.expressions.predicate(scope, 2)) : plain();
      return plain(
        `INSERT INTO ${table.name} AS target (${names}) SELECT `,
        list(', ', items.length, items),
        ` FROM ${source.name} AS s`,
        where,
        conflict(),
        this.returning(table, 'target'),
      );
    }
    const rows = Array.from({ length: random.int(1, 3) }, (_, index) =>
      plain(
        '(',
        list(
          ', ',
          chosen.length,
          chosen.map((column) =>
            column.name === 'id'
              ? plain(id(index))
              : random.chance(0.1)
                ? plain('DEFAULT')
                : this.level >= 1 && random.chance(0.4)
                  ? this.stored(column, empty)
                  : plain(this.storedLiteral(column)),
          ),
        ),
        ')',
      ),
    );
    return plain(`INSERT INTO ${table.name} AS target (${names}) VALUES `, list(', ', 1, rows), conflict(), this.returning(table, 'target'));
  }

  private storedLiteral(column: Column): string {
    return literal(column.type, this.random, column.name === 'id' ? 0 : 0.1);
  }

  private update(table: Table): Node {
    const { random } = this;
    this.features.add('update');
    const scope = this.scope(table, 't');
    const changeable = table.columns.filter(({ name }) => name !== 'id' && (this.level >= 2 || name !== table.distributionColumn));
    const chosen = random.shuffle(changeable).slice(0, random.int(1, 2));
    if (chosen.some(({ name }) => name === table.distributionColumn)) this.features.add('update-distribution-column');
    const movesKey = this.uses(2, 0.08, 'update-key');
    const joined = this.uses(3, 0.25, 'update-from') ? random.pick(this.tables) : undefined;
    const wide: Scope = joined === undefined ? scope : { columns: [...scope.columns, ...this.scope(joined, 'u').columns], key: undefined };
    const sets = [
      ...chosen.map((column) => plain(`${column.name} = `, random.chance(0.05) ? 'DEFAULT' : this.stored(column, wide))),
      ...(movesKey ? [plain('id = t.id + 500')] : []),
    ];
    // u.id is unique, so every row meets one partner at most.
    const condition = joined !== undefined ? [plain('t.n = u.id')] : [];
    const conditions = [
      ...condition,
      ...(random.chance(0.8) ? [this.queries.expressions.predicate(wide, 2)] : []),
      ...(random.chance(0.3) ? [plain(`t.id = ${random.int(1, 30)}`)] : []),
    ];
    const where = conditions.length > 0 ? plain(' WHERE ', list(' AND ', joined === undefined ? 1 : conditions.length, conditions)) : plain();
    return plain(
      `UPDATE ${table.name} AS t SET `,
      list(', ', 1, sets),
      joined === undefined ? '' : ` FROM ${joined.name} AS u`,
      where,
      this.returning(table, 't'),
    );
  }

  private delete(table: Table): Node {
    const { random } = this;
    this.features.add('delete');
    const scope = this.scope(table, 't');
    const joined = this.uses(3, 0.25, 'delete-using') ? random.pick(this.tables) : undefined;
    const wide: Scope = joined === undefined ? scope : { columns: [...scope.columns, ...this.scope(joined, 'u').columns], key: undefined };
    const conditions = [...(joined === undefined ? [] : [plain('t.n = u.id')]), ...(random.chance(0.85) ? [this.queries.expressions.predicate(wide, 2)] : [])];
    const where = conditions.length > 0 ? option(' WHERE ', list(' AND ', 1, conditions)) : plain();
    return plain(`DELETE FROM ${table.name} AS t`, joined === undefined ? '' : ` USING ${joined.name} AS u`, where, this.returning(table, 't'));
  }

  private merge(table: Table): Node {
    const { random } = this;
    this.features.add('merge');
    const source = random.pick(this.tables);
    const both: Scope = { columns: [...this.scope(table, 't').columns, ...this.scope(source, 's').columns], key: undefined };
    const matched = random.chance(0.5) ? plain('UPDATE SET m = s.id') : plain('DELETE');
    return plain(
      `MERGE INTO ${table.name} AS t USING ${source.name} AS s ON t.id = s.id`,
      option(' WHEN MATCHED AND ', this.queries.expressions.predicate(both, 1), ' THEN ', random.chance(0.3) ? 'DO NOTHING' : matched),
      option(' WHEN MATCHED THEN UPDATE SET n = s.id + 1'),
      ' WHEN NOT MATCHED THEN ',
      random.chance(0.7) ? 'INSERT (id, n) VALUES (s.id + 1000, s.n)' : 'DO NOTHING',
    );
  }
}
