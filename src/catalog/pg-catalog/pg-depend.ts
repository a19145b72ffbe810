/** pg_depend: sequences and the columns that own them (`i` for identity, `a` for serial), defaults that read sequences, constraints and their indexes. */
import { indexConstraintOffset } from '../definitions.js';
import { relationsRead } from '../view-text.js';
import { indexesOf, ownedSequence, tablesOf, viewsOf } from './objects.js';
import { ruleOffset } from './pg-rewrite.js';
import { relation } from './relation.js';

const pgClassOid = 1259;
const pgConstraintOid = 2606;
const pgAttrdefOid = 2604;
const pgRewriteOid = 2618;

export const pgDepend = relation('pg_catalog.pg_depend', function* ({ catalog }) {
  for (const table of tablesOf(catalog)) {
    for (const column of table.columns) {
      const sequence = ownedSequence(catalog, column.sequenceOid);
      if (sequence !== undefined) {
        yield {
          classid: pgClassOid,
          objid: sequence.oid,
          objsubid: 0,
          refclassid: pgClassOid,
          refobjid: table.oid,
          refobjsubid: column.attribute,
          deptype: column.identity === undefined ? 'a' : 'i',
        };
      }
      if (column.defaultText !== undefined && column.identity === undefined) {
        yield {
          classid: pgAttrdefOid,
          objid: table.oid * 2048 + column.attribute,
          objsubid: 0,
          refclassid: pgClassOid,
          refobjid: table.oid,
          refobjsubid: column.attribute,
          deptype: 'a',
        };
        // The default that draws from the column's sequence: dumps make the sequence in between.
        if (sequence !== undefined) {
          yield {
            classid: pgAttrdefOid,
            objid: table.oid * 2048 + column.attribute,
            objsubid: 0,
            refclassid: pgClassOid,
            refobjid: sequence.oid,
            refobjsubid: 0,
            deptype: 'n',
          };
        }
      }
    }
    for (const key of table.foreignKeys) {
      yield {
        classid: pgConstraintOid,
        objid: key.oid,
        objsubid: 0,
        refclassid: pgClassOid,
        refobjid: key.targetOid,
        refobjsubid: key.targetColumns[0] ?? 0,
        deptype: 'n',
      };
    }
  }
  for (const view of viewsOf(catalog)) {
    const rule = { classid: pgRewriteOid, objid: view.oid + ruleOffset, objsubid: 0, refclassid: pgClassOid };
    yield { ...rule, refobjid: view.oid, refobjsubid: 0, deptype: 'i' };
    for (const oid of relationsRead(catalog, view)) yield { ...rule, refobjid: oid, refobjsubid: 0, deptype: 'n' };
  }
  for (const { table, index } of indexesOf(catalog)) {
    if (index.constraint)
      yield {
        classid: pgClassOid,
        objid: index.oid,
        objsubid: 0,
        refclassid: pgConstraintOid,
        refobjid: index.oid + indexConstraintOffset,
        refobjsubid: 0,
        deptype: 'i',
      };
    else
      for (const key of index.keys)
        if (key.attribute > 0)
          yield { classid: pgClassOid, objid: index.oid, objsubid: 0, refclassid: pgClassOid, refobjid: table.oid, refobjsubid: key.attribute, deptype: 'a' };
  }
});
