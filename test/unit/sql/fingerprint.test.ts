import assert from 'node:assert/strict';
import { fingerprint, normaliseStatement } from '../../../src/sql/fingerprint.js';

describe('fingerprint', () => {
  it('takes constants, comments, case and layout out', () => {
    assert.equal(normaliseStatement('SELECT  A\nFROM "T" -- x\nWHERE b=1.5e3 /* y /* z */ */ AND c > .5 ;'), 'select a from "T" where b = ? and c > ?');
    assert.equal(normaliseStatement("SELECT 'it''s', E'a\\'b', $$x'y$$, $t$z$t$, B'1', X'f', U&'x', N'n'"), 'select ?');
    assert.equal(normaliseStatement('SELECT $1, a$b, "x""y"'), 'select $1 , a$b , "x""y"');
    assert.equal(normaliseStatement('SELECT a--1\n-1'), 'select a - ?');
  });

  it('gives lists of constants of any length one form', () => {
    const form = fingerprint('SELECT * FROM t WHERE a IN (1, 2, 3)');
    assert.equal(fingerprint("select * from t where a in ('x')"), form);
    assert.equal(fingerprint("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')"), fingerprint("INSERT INTO t VALUES (9, 'z')"));
    assert.notEqual(fingerprint('SELECT * FROM t WHERE a IN (b)'), form);
  });

  it('is 16 hexadecimal digits, even for texts that do not parse', () => {
    assert.match(fingerprint('SELEC 1'), /^[0-9a-f]{16}$/);
    assert.match(fingerprint("SELECT 'open"), /^[0-9a-f]{16}$/);
    assert.match(fingerprint(''), /^[0-9a-f]{16}$/);
  });
});
