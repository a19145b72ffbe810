import assert from 'node:assert/strict';
import { maximumDepth, type Expression } from '../../../src/sql/ast.js';
import { initialiseParser, maximumTextLength, parse, parseExpression, parseTypeName } from '../../../src/sql/parser.js';
import { bare, core, expression, failure } from './tree.js';

describe('parse', () => {
  before(initialiseParser);

  it('gives no statement for an empty text, blanks, semicolons and comments', () => {
    for (const text of ['', ' \n', ';', ';;', '-- only\n', '/* a /* nested */ one */']) assert.deepEqual(parse(text), [], text);
  });

  it('gives each statement its own slice of the text', () => {
    const text = "  SELECT 'é😀' ;\n-- two\nSELECT 2;;";
    const statements = parse(text);
    assert.deepEqual(
      statements.map(({ text: slice }) => slice),
      ["SELECT 'é😀'", '-- two\nSELECT 2'],
    );
    for (const { text: slice, start } of statements) assert.equal(text.slice(start, start + slice.length), slice);
  });

  it('counts positions in characters from one', () => {
    const first = (text: string): Expression => (core(text).targets[0] as { expression: Expression }).expression;
    assert.equal(first('SELECT a').position, 8);
    const second = core("SELECT 'é😀', b").targets[1] as { expression: Expression };
    assert.equal(second.expression.position, 14);
    // Of the operator, not of its left operand.
    assert.equal(first('SELECT a + b').position, 10);
    const where = core("SELECT 1 FROM t WHERE 'ü' || x LIKE '日本%'").where;
    assert.equal(where?.position, 32);
  });

  it('counts positions of a later statement from the start of the whole text', () => {
    const second = parse('SELECT 1; SELECT a')[1];
    const body = second?.statement.kind === 'select' ? second.statement.body : undefined;
    assert.equal(body?.kind === 'core' ? body.targets[0]?.position : undefined, 18);
  });

  it("reports syntax errors in PostgreSQL's words with the position in characters", () => {
    assert.deepEqual(failure('SELEC 1'), { code: '42601', message: 'syntax error at or near "SELEC"', position: 1 });
    assert.deepEqual(failure('SELECT'.concat(' FROM')), { code: '42601', message: 'syntax error at end of input', position: 12 });
    assert.deepEqual(failure("SELECT 'é😀' 1"), { code: '42601', message: 'syntax error at or near "1"', position: 13 });
    assert.deepEqual(failure('SELECT 1; SELECT 2 3'), { code: '42601', message: 'syntax error at or near "3"', position: 20 });
    assert.deepEqual(failure("SELECT 'abc"), { code: '42601', message: 'unterminated quoted string at or near "\'abc"', position: 8 });
    assert.deepEqual(failure('SELECT "abc'), { code: '42601', message: 'unterminated quoted identifier at or near ""abc"', position: 8 });
    assert.deepEqual(failure('SELECT /* abc'), { code: '42601', message: 'unterminated /* comment at or near "/* abc"', position: 8 });
    assert.deepEqual(failure('SELECT * FROM (SELECT 1)'), { code: '42601', message: 'subquery in FROM must have an alias', position: 15 });
    assert.deepEqual(failure('SELECT 1 UNION SELECT 2 INTO t'), { code: '42601', message: 'SELECT ... INTO is not allowed here', position: 30 });
  });

  it('refuses what PostgreSQL 15 does not parse', () => {
    for (const text of [
      'SELECT a IS JSON',
      'SELECT a AT LOCAL',
      'MERGE INTO t USING s ON true WHEN NOT MATCHED BY SOURCE THEN DELETE',
      'GRANT a TO b WITH INHERIT TRUE',
    ]) {
      assert.equal(failure(text).code, '42601', text);
    }
  });

  it('refuses letters right after a number or a parameter', () => {
    assert.deepEqual(failure('SELECT 123abc'), { code: '42601', message: 'trailing junk after numeric literal at or near "123abc"', position: 8 });
    assert.deepEqual(failure('SELECT 1_000'), { code: '42601', message: 'trailing junk after numeric literal at or near "1_000"', position: 8 });
    assert.deepEqual(failure("SELECT 'é😀', - 0x1F"), { code: '42601', message: 'trailing junk after numeric literal at or near "0x1F"', position: 16 });
    assert.deepEqual(failure('SELECT 1.5e3x'), { code: '42601', message: 'trailing junk after numeric literal at or near "1.5e3x"', position: 8 });
    assert.deepEqual(failure('SELECT $1abc'), { code: '42601', message: 'trailing junk after parameter at or near "$1abc"', position: 8 });
    for (const text of ['SELECT 1 a', 'SELECT 1e5, .5, 5., 1.5E-3, a[1:2]', 'SELECT -1+2', 'SELECT 1\nFROM t']) assert.equal(parse(text).length, 1, text);
  });

  it('refuses XML by name and position', () => {
    assert.deepEqual(failure('SELECT xmlelement(name a)'), { code: '0A000', message: 'XML is not supported', position: 8 });
    assert.deepEqual(failure("SELECT xmlexists('x' PASSING y)"), { code: '0A000', message: 'XML is not supported', position: 8 });
    assert.equal(failure("SELECT * FROM xmltable('/x' PASSING y COLUMNS z int)").message, 'XMLTABLE is not supported');
  });

  it('refuses parameters that no message can carry', () => {
    assert.deepEqual(failure('SELECT $0'), { code: '42P02', message: 'there is no parameter $0', position: 8 });
    assert.equal(failure('SELECT $65536').code, '42P02');
    assert.equal(failure('SELECT $12345678901').code, '42P02');
    assert.deepEqual(failure('SET x = $1'), { code: '42601', message: 'syntax error at or near "$1"', position: 9 });
    assert.equal(failure('ALTER ROLE r PASSWORD $1').code, '42601');
  });

  it('refuses a zero byte, which the grammar would take as the end', () => {
    assert.equal(failure('SELECT 1\0; DROP TABLE t').code, '22021');
  });

  it('keeps chains of AND and OR flat, however long', () => {
    const where = core(`SELECT 1 FROM t WHERE ${Array(10_000).fill('a = 1').join(' OR ')}`).where;
    assert.equal(where?.kind === 'or' ? where.arguments.length : 0, 10_000);
  });

  it('takes long IN lists and many rows of VALUES', () => {
    const where = core(`SELECT 1 FROM t WHERE a IN (${Array(20_000).fill('1').join(',')})`).where;
    assert.equal(where?.kind === 'in' ? where.list.length : 0, 20_000);
    assert.equal(parse(`INSERT INTO t VALUES ${Array(20_000).fill("(1, 'x')").join(',')}`).length, 1);
  });

  it('answers 54001 to nesting deeper than the limit and goes on', () => {
    const deep = (n: number): readonly string[] => [
      `SELECT ${Array(n).fill('1').join('+')}`,
      `SELECT ${'f('.repeat(n)}1${')'.repeat(n)}`,
      `SELECT ${'NOT '.repeat(n)}a`,
      `SELECT ${'(SELECT '.repeat(n)}1${')'.repeat(n)}`,
      `SELECT a${'::int'.repeat(n)}`,
      `SELECT (a)${'.b'.repeat(n)}`,
      `SELECT * FROM a${' JOIN b ON true'.repeat(n)}`,
      Array(n).fill('SELECT 1').join(' UNION ALL '),
      `SELECT ${'CASE WHEN a THEN '.repeat(n)}1${' END'.repeat(n)}`,
    ];
    for (const text of deep(400)) assert.equal(parse(text).length, 1, text.slice(0, 40));
    for (const n of [maximumDepth + 1, 5000]) {
      for (const text of deep(n)) assert.equal(failure(text).code, '54001', text.slice(0, 40));
    }
    assert.equal(parse('SELECT 1').length, 1);
  });

  it('survives statements that overflow the stack of the grammar, again and again', async () => {
    const text = `SELECT ${Array(20_000).fill('1').join('+')}`;
    for (let i = 0; i < 12; i++) {
      assert.equal(failure(text).code, '54001');
      assert.equal(failure(text).code, '54001');
      assert.equal(parse('SELECT a FROM t').length, 1);
      // The next message of a client is a turn of the event loop away.
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('answers 54000 to a text beyond its limit', () => {
    assert.equal(failure(`SELECT 1${' '.repeat(maximumTextLength)}`).code, '54000');
  });
});

describe('parseExpression', () => {
  before(initialiseParser);

  it('reads one expression', () => {
    assert.deepEqual(bare(parseExpression('a > 1')), bare(expression('a > 1')));
    assert.throws(() => parseExpression('a, b'), { code: '42601' });
    assert.throws(() => parseExpression('a AS b'), { code: '42601' });
  });
});

describe('parseTypeName', () => {
  before(initialiseParser);

  it('reads one type', () => {
    assert.deepEqual(bare(parseTypeName('numeric(10, 2)[]')), {
      names: ['pg_catalog', 'numeric'],
      typmods: [
        { kind: 'integer', value: 10 },
        { kind: 'integer', value: 2 },
      ],
      arrayBounds: [-1],
    });
    assert.throws(() => parseTypeName('int) + (1'), { code: '42601' });
    assert.throws(() => parseTypeName('int), CAST(NULL AS text'), { code: '42601' });
  });
});
