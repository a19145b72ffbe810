/** What the writer makes of INSERT, UPDATE and DELETE: the rows with their places, and the statements over one row. */
import assert from 'node:assert/strict';
import { renderText } from '../../../../src/executor/render.js';
import type { SqlValue } from '../../../../src/types/value.js';
import { catalog, Fixture, initialiseParser } from './fixture.js';

const plain = (rows: SqlValue[][]): unknown[][] => rows.map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));

describe('writeMutation', () => {
  let fixture: Fixture;
  before(async () => {
    await initialiseParser();
    fixture = new Fixture();
  });

  function source(text: string, parameters: readonly SqlValue[] = []): unknown[][] {
    const { written, types } = fixture.mutation(text);
    return plain(fixture.execute(written.source, [], parameters, types));
  }

  it('yields the rows of an INSERT in the storage form of their columns, with shard 0 for a reference table', () => {
    assert.deepEqual(source("INSERT INTO dept VALUES (7, 'x', 12.345), (8, 'y', NULL)"), [
      [0, 7, 'x', 1235],
      [0, 8, 'y', null],
    ]);
    assert.deepEqual(source('INSERT INTO dept (name, id) VALUES ($1, $2)', ['z', 9]), [[0, 9, 'z', null]]);
    assert.deepEqual(source('INSERT INTO nums (id, n, p, f) SELECT 1, 1.10, 1.1 + 1, 0.5'), [[0, 1, '1.10', 210, null, null, null, null, 0.5]]);
  });

  it('keeps NaN of a decimal column as text', () => {
    assert.deepEqual(source("INSERT INTO dept VALUES (7, 'x', 'NaN')"), [[0, 7, 'x', 'NaN']]);
  });

  it('places the rows of a distributed table by their key', () => {
    const rows = source("INSERT INTO spread VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')");
    for (const [shard, key] of rows) {
      const stored = catalog
        .shardSchemas(fixture.bindContext.catalog.relation('public', 'spread') as never)
        .findIndex((schema) => fixture.db.prepare(`SELECT 1 FROM ${schema}.spread WHERE k = ?`).get(key) !== undefined);
      assert.equal(shard, stored, `shard of ${String(key)}`);
    }
  });

  it('yields shard, _rowid, new shard and the new values of an UPDATE', () => {
    assert.deepEqual(source("UPDATE dept SET budget = budget * 2, name = name || '!' WHERE id < 3 ORDER BY id".replace(' ORDER BY id', '')), [
      [0, 1, 0, 1, 'sales!', 200100],
      [0, 2, 0, 2, 'lab!', 4000000],
    ]);
    const kept = source("UPDATE spread SET v = 'new' WHERE k = 3");
    assert.equal(kept.length, 1);
    assert.equal((kept[0] as unknown[])[0], (kept[0] as unknown[])[2]);
    const moved = source('UPDATE spread SET k = k + 100');
    assert.equal(moved.length, 6);
    assert.ok(
      moved.some((row) => row[0] !== row[2]),
      'some row changes its shard',
    );
  });

  it('yields shard, _rowid and the old values of a DELETE', () => {
    assert.deepEqual(source('DELETE FROM dept WHERE id = 2'), [[0, 2, 2, 'lab', 2000000]]);
    assert.deepEqual(
      source('DELETE FROM spread USING emp WHERE emp.id = spread.k AND emp.dept = 1')
        .map((row) => row[2])
        .sort(),
      [1, 2],
    );
  });

  it('writes ON CONFLICT DO UPDATE over the existing and the excluded row', () => {
    const { written, types } = fixture.mutation(
      "INSERT INTO dept VALUES (1, 'new', 5) ON CONFLICT (id) DO UPDATE SET budget = dept.budget + excluded.budget, name = $1 WHERE dept.budget > 10",
    );
    const update = written.onConflict?.update;
    assert.ok(update);
    const run = (existing: SqlValue[]): unknown[][] => plain(fixture.execute(update.sql, [...existing, 1n, 'new', 500n], ['p'], types));
    assert.deepEqual(run([1n, 'sales', 100050n]), [[1, 1, 'p', 100550]]);
    assert.deepEqual(
      run([1n, 'sales', 5n]).map((row) => row[0]),
      [0],
    );
    assert.deepEqual([...update.assigned].sort(), [2, 3]);
  });

  it('writes RETURNING over the written row', () => {
    const { written, types } = fixture.mutation("INSERT INTO dept VALUES (7, 'x', 12.5) RETURNING id + 1 AS next, budget, upper(name)");
    assert.ok(written.returning);
    assert.deepEqual(plain(fixture.execute(written.returning, [7n, 'x', 1250n], [], types)), [[8, 1250, 'X']]);
    assert.deepEqual(
      written.returning.columns.map((column) => column.scale),
      [undefined, 2, undefined],
    );
  });

  it('gives RETURNING the source columns of UPDATE FROM', () => {
    const { written, types } = fixture.mutation(
      'UPDATE emp SET salary = 1 FROM dept WHERE dept.id = emp.dept AND emp.id = 1 RETURNING emp.id, dept.name, dept.budget',
    );
    assert.ok(written.returning);
    const rows = fixture.execute(written.source, [], [], types);
    assert.equal(rows.length, 1);
    const row = rows[0] as SqlValue[];
    assert.deepEqual(plain(fixture.execute(written.returning, row.slice(3), [], types)), [[1, 'sales', '1000.50']]);
  });

  it('leaves no shard hole in the text', () => {
    const { written } = fixture.mutation('DELETE FROM spread');
    assert.equal(written.source.pieces.length, 1);
    assert.match(renderText(written.source, ''), /"g1_0000"\."spread"/);
  });
});
