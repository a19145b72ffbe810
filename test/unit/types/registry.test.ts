import assert from 'node:assert/strict';
import { allTypes, arrayTypeOf, elementTypeOf, formatType, isArrayType, Oid, typeByName } from '../../../src/types/registry.js';

describe('the type registry', () => {
  it('finds types by name and by SQL spelling', () => {
    const spellings = {
      integer: Oid.int4,
      'double precision': Oid.float8,
      'character varying': Oid.varchar,
      'timestamp with time zone': Oid.timestamptz,
      decimal: Oid.numeric,
    } as const;
    for (const [name, oid] of Object.entries(spellings)) assert.equal(typeByName(name)?.oid, oid, name);
    assert.equal(typeByName('char')?.oid, Oid.char);
    assert.equal(typeByName('character')?.oid, Oid.bpchar);
    assert.equal(typeByName('integer[]')?.oid, Oid.int4Array);
    assert.equal(typeByName('_text')?.oid, Oid.textArray);
    assert.equal(typeByName('nonsense'), undefined);
  });

  it('shows types as format_type does', () => {
    assert.equal(formatType(Oid.varchar, 14), 'character varying(10)');
    assert.equal(formatType(Oid.numeric, ((10 << 16) | 2) + 4), 'numeric(10,2)');
    assert.equal(formatType(Oid.timestamptz, 3), 'timestamp(3) with time zone');
    assert.equal(formatType(Oid.timestamptzArray, 3), 'timestamp(3) with time zone[]');
    assert.equal(formatType(Oid.bpchar), 'character');
    assert.equal(formatType(Oid.bpchar, -1), 'bpchar');
    assert.equal(formatType(Oid.char), '"char"');
    assert.equal(formatType(99_999), '???');
    assert.equal(formatType(0), '-');
  });

  it('joins arrays and elements', () => {
    assert.equal(arrayTypeOf(Oid.text)?.oid, Oid.textArray);
    assert.equal(elementTypeOf(Oid.textArray)?.oid, Oid.text);
    assert.equal(elementTypeOf(Oid.oidvector)?.oid, Oid.oid);
    assert.equal(elementTypeOf(Oid.name), undefined);
    assert.equal(isArrayType(Oid.int2vector), false);
    assert.equal(isArrayType(Oid.recordArray), true);
  });

  it('has every name once', () => {
    const names = [...allTypes()].map((type) => type.name);
    assert.equal(new Set(names).size, names.length);
  });
});
