/** Bodies of PL/pgSQL as trees: what is accepted, and PostgreSQL's words for what is not. */
import { strict as assert } from 'node:assert';
import { PgError } from '../../../src/common/errors.js';
import { matchesCondition } from '../../../src/plpgsql/conditions.js';
import { parsePlpgsql, type Surroundings } from '../../../src/plpgsql/parser.js';

const around: Surroundings = {
  name: 'f',
  slots: [
    { names: ['n', '$1'], type: 'integer' },
    { names: ['found'], type: 'boolean' },
  ],
  returns: 'value',
};

function refused(text: string, code: string, message: string): void {
  assert.throws(
    () => parsePlpgsql(text, around),
    (error: unknown) => error instanceof PgError && error.code === code && error.message === message,
  );
}

describe('the reader of PL/pgSQL', () => {
  it('knows variables by slot and statements by line', () => {
    const program = parsePlpgsql('\nDECLARE x int := 1;\nBEGIN\n  x := n + x;\n  RETURN x;\nEND', around);
    const [assignment, returned] = program.block.body;
    assert.equal(assignment?.kind === 'assign' ? program.slots[assignment.target.slot]?.name : '', 'x');
    assert.equal(returned?.line, 5);
  });

  it('takes INTO out of a query', () => {
    const [first] = parsePlpgsql('DECLARE a int; BEGIN SELECT max(n) INTO STRICT a FROM t; RETURN a; END', around).block.body;
    assert.equal(first?.kind === 'sql' ? first.statement.text.replace(/\s+/g, ' ') : '', 'SELECT max(n) FROM t');
    assert.equal(first?.kind === 'sql' && first.into?.strict, true);
  });

  it('tells loops over numbers from loops over rows', () => {
    const { body } = parsePlpgsql(
      'DECLARE r record; BEGIN FOR i IN 1..3 LOOP NULL; END LOOP; FOR r IN SELECT 1 LOOP NULL; END LOOP; RETURN 1; END',
      around,
    ).block;
    assert.deepEqual(
      body.map((statement) => statement.kind),
      ['forInteger', 'forRows', 'return'],
    );
  });

  it('refuses what PostgreSQL refuses', () => {
    refused('BEGIN y := 1; END', '42601', '"y" is not a known variable');
    refused('DECLARE x CONSTANT int := 1; BEGIN x := 2; END', '22005', 'variable "x" is declared CONSTANT');
    refused('BEGIN EXIT; END', '42601', 'EXIT cannot be used outside a loop, unless it has a label');
    refused('BEGIN RETURN; END', '42601', 'missing expression at or near ";"');
    refused('BEGIN RETURN NEXT 1; END', '42804', 'cannot use RETURN NEXT in a non-SETOF function');
    refused("BEGIN RAISE 'a %'; END", '42601', 'too few parameters specified for RAISE');
    refused('BEGIN IF 1 THEN END', '42601', 'syntax error at end of input');
  });

  it('matches conditions by name, class and SQLSTATE', () => {
    assert.equal(matchesCondition('22012', 'division_by_zero'), true);
    assert.equal(matchesCondition('22012', 'data_exception'), true);
    assert.equal(matchesCondition('57014', 'others'), false);
    assert.equal(matchesCondition('P0001', 'P0001'), true);
  });
});
