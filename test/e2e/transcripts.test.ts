/**
 * The protocol's rules, message by message, beside a PostgreSQL 15 (its manual, chapter 55): what a Shoal answers to a sequence of messages is what PostgreSQL answers. Each
 * row of the table is one rule; start-up, encryption and authentication are in security.test.ts, wire.test.ts and authentication.test.ts.
 */
import assert from 'node:assert/strict';
import type { Connection } from '../support/connection.js';
import { sharedPostgres } from '../support/postgres.js';
import { Shoal } from '../support/shoal.js';
import { transcriptLine } from '../support/transcript.js';
import {
  bind,
  describePortal,
  describeStatement,
  execute,
  flush,
  int16,
  int32,
  message,
  parse,
  query,
  RawClient,
  startupPacket,
  sync,
} from '../unit/proxy/raw-client.js';

const close = (kind: 'P' | 'S', name: string): Buffer => message('C', Buffer.from(kind), name);
const copyData = (text: string): Buffer => message('d', Buffer.from(text));
const copyDone = message('c');
const copyFail = (reason: string): Buffer => message('f', reason);
const typed = (name: string, text: string, oids: readonly number[]): Buffer => message('P', name, text, int16(oids.length), ...oids.map(int32));
const bound = (portal: string, statement: string, formats: readonly number[], values: readonly (Buffer | null)[], results: readonly number[]): Buffer =>
  message(
    'B',
    portal,
    statement,
    int16(formats.length),
    ...formats.map(int16),
    int16(values.length),
    ...values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value])),
    int16(results.length),
    ...results.map(int16),
  );
const call = (oid: number, formats: readonly number[], values: readonly (Buffer | null)[], result: number): Buffer =>
  message(
    'F',
    oid,
    int16(formats.length),
    ...formats.map(int16),
    int16(values.length),
    ...values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value])),
    int16(result),
  );
const text = (value: string): Buffer => Buffer.from(value);

interface Rule {
  readonly rule: string;
  /** Each is sent in one piece; the answer is read up to ReadyForQuery. */
  readonly steps: readonly (readonly Buffer[])[];
  readonly startup?: Readonly<Record<string, string>>;
}

const rules: readonly Rule[] = [
  // ---- 55.2.2 simple query ----
  { rule: 'a statement: description, rows, tag, ready', steps: [[query('select n, n::text as t from generate_series(1, 3) n')]] },
  { rule: 'an empty query, and one of comments', steps: [[query('')], [query(' ; ; ')], [query('-- nothing')]] },
  {
    rule: 'several statements, one tag each',
    steps: [[query('select 1; create table r1 (a int); insert into r1 values (1), (2) returning a; drop table r1')]],
  },
  {
    rule: 'several statements are one transaction: a failure undoes all and ends the message',
    steps: [[query('create table r2 (a int); insert into r2 values (1); select 1/0; select 2')], [query('select * from r2')]],
  },
  {
    rule: 'BEGIN and COMMIT inside a message divide it',
    steps: [
      [query('create table r3 (a int)')],
      [query('begin; insert into r3 values (1); commit; insert into r3 values (2); select 1/0')],
      [query('select * from r3')],
    ],
  },
  {
    rule: 'a failure after BEGIN leaves a failed transaction',
    steps: [[query('begin; select 1/0')], [query('select 1')], [query('savepoint s')], [query('commit')]],
  },
  { rule: 'BEGIN twice, COMMIT without: warnings', steps: [[query('begin; begin')], [query('commit')], [query('commit; rollback')], [query('savepoint s')]] },
  { rule: 'a syntax error anywhere runs nothing', steps: [[query('create table r4 (a int); selec')], [query('select 1 from r4')]] },
  { rule: 'positions count characters', steps: [[query("select 'é', nowhere")], [query('select 1;\nselect "ü" from x')]] },
  {
    rule: 'notices come as they arise',
    steps: [[query('create table if not exists nt (a int); create table if not exists nt (a int); drop table if exists nowhere; select 1')]],
  },
  {
    rule: 'deferred constraints fail before the tag',
    steps: [[query('create table r5 (a int primary key, b int references r5 deferrable initially deferred)')], [query('insert into r5 values (1, 2)')]],
  },
  { rule: 'VACUUM refuses company', steps: [[query('select 1; vacuum')], [query('begin')], [query('vacuum')], [query('rollback')]] },
  // ---- 55.2.3 extended query ----
  {
    rule: 'parse, bind, describe, execute, sync',
    steps: [[parse('', 'select $1::int + 1 as n'), bind('', '', ['41']), describePortal(''), execute(''), sync]],
  },
  {
    rule: 'the types of parameters are inferred or given',
    steps: [
      [typed('s', 'select $1, $2, $3 + 1', [0, 23]), describeStatement('s'), sync],
      [typed('u', 'select $1::text, $2 in (1, 2), $3', [25, 20, 1184]), describeStatement('u'), sync],
    ],
  },
  {
    rule: 'a parameter whose type nothing tells',
    steps: [
      [parse('', 'select $1'), describeStatement(''), sync],
      [parse('', 'select $2::int'), sync],
    ],
  },
  {
    rule: 'statements without rows have no description',
    steps: [
      [parse('', 'create table r6 (a int)'), describeStatement(''), bind('', ''), describePortal(''), execute(''), sync],
      [parse('', 'insert into r6 values ($1)'), describeStatement(''), bind('', '', ['1']), describePortal(''), execute(''), sync],
      [parse('', 'insert into r6 values (2) returning a'), describeStatement(''), sync],
    ],
  },
  {
    rule: 'what SHOW, EXPLAIN, EXECUTE, FETCH describe',
    steps: [
      [parse('', 'show work_mem'), describeStatement(''), sync],
      [parse('', 'explain select 1'), describeStatement(''), sync],
      [query('prepare ps as select 1 as one')],
      [parse('', 'execute ps'), describeStatement(''), bind('', ''), execute(''), sync],
      [query('begin; declare cu cursor for select 5 as five')],
      [parse('', 'fetch cu'), describeStatement(''), bind('', ''), describePortal(''), execute(''), sync],
      [query('rollback')],
    ],
  },
  { rule: 'an empty statement', steps: [[parse('', ''), describeStatement(''), bind('', ''), describePortal(''), execute(''), sync]] },
  {
    rule: 'more than one command in Parse',
    steps: [
      [parse('', 'select 1; select 2'), sync],
      [parse('', 'select 1;'), bind('', ''), execute(''), sync],
    ],
  },
  {
    rule: 'after an error everything up to Sync is skipped',
    steps: [
      [parse('', 'select 1 / (random() * 0)::int'), bind('', ''), execute(''), parse('', 'select 2'), bind('', ''), execute(''), sync],
      [parse('', 'selec'), bind('', ''), describePortal(''), execute(''), flush, sync],
    ],
  },
  {
    rule: 'Flush sends what is there; a pipeline of several Syncs answers each',
    steps: [[parse('a', 'select 1'), flush, bind('', 'a'), execute(''), sync, bind('', 'nothing'), execute(''), sync, bind('', 'a'), execute(''), sync, sync]],
  },
  {
    rule: 'a pipeline without Sync in between is one transaction',
    steps: [
      [query('create table r7 (a int)')],
      [parse('', 'insert into r7 values (1)'), bind('', ''), execute(''), parse('', 'select 1 / (random() * 0)::int'), bind('', ''), execute(''), sync],
      [query('select * from r7')],
    ],
  },
  {
    rule: 'Sync commits',
    steps: [
      [query('create table r8 (a int)')],
      [parse('', 'insert into r8 values (1)'), bind('', ''), execute(''), sync, parse('', 'select 1 / (random() * 0)::int'), bind('', ''), execute(''), sync],
      [query('select * from r8')],
    ],
  },
  {
    rule: 'portals suspend, go on, and end',
    steps: [
      [query('begin')],
      [parse('', 'select * from generate_series(1, 5)'), bind('p', ''), execute('p', 2), execute('p', 2), execute('p', 2), execute('p', 2), sync],
      [bind('q', ''), execute('q', 5), execute('q'), sync],
      [query('commit')],
      [execute('p'), sync],
    ],
  },
  {
    rule: 'portals end with their transaction, the unnamed one with the next Bind',
    steps: [
      [parse('s1', 'select * from generate_series(1, 5)'), bind('p', 's1'), execute('p', 1), sync],
      [execute('p', 1), sync],
      [bind('', 's1'), execute('', 1), execute('', 1), bind('', 's1'), execute('', 1), sync],
    ],
  },
  {
    rule: 'a simple query takes the unnamed statement and portal away',
    steps: [[parse('', 'select 1'), sync], [query('select 2')], [bind('', ''), execute(''), sync]],
  },
  {
    rule: 'named statements must be closed before they are defined again, unnamed ones not',
    steps: [
      [parse('n', 'select 1'), parse('n', 'select 2'), sync],
      [close('S', 'n'), parse('n', 'select 3'), bind('', 'n'), execute(''), sync],
      [parse('', 'select 4'), parse('', 'select 5'), bind('', ''), execute(''), sync],
    ],
  },
  {
    rule: 'closing what is not there is no error; closing a statement closes its portals',
    steps: [
      [close('S', 'x'), close('P', 'x'), sync],
      [query('begin')],
      [parse('m', 'select 1'), bind('mp', 'm'), close('S', 'm'), execute('mp'), sync],
      [query('rollback')],
    ],
  },
  {
    rule: 'portals of a failed transaction are gone',
    steps: [
      [query('begin')],
      [parse('', 'select 1 from generate_series(1, 3)'), bind('pf', ''), execute('pf', 1), sync],
      [query('select 1/0')],
      [execute('pf', 1), sync],
      [query('rollback')],
    ],
  },
  {
    rule: 'a failed transaction refuses Parse, Bind and Describe of all but its end',
    steps: [
      [parse('before', 'select 1'), parse('roll', 'rollback'), sync],
      [query('begin; select 1/0')],
      [parse('', 'select 1'), sync],
      [bind('', 'before'), sync],
      [describeStatement('before'), sync],
      [bind('', 'roll'), execute(''), sync],
    ],
  },
  {
    rule: 'INSERT, UPDATE and DELETE run to their end whatever the limit',
    steps: [
      [query('create table r10 (a int)')],
      [parse('', 'insert into r10 select generate_series(1, 5) returning a'), bind('', ''), execute('', 2), execute('', 2), execute('', 2), sync],
      [query('select count(*) from r10')],
    ],
  },
  {
    rule: 'an executed statement without rows cannot be run again',
    steps: [[query('begin')], [parse('', 'create table r11 (a int)'), bind('w', ''), execute('w'), execute('w'), sync], [query('rollback')]],
  },
  {
    rule: 'formats of results: none, one for all, one each; wrong counts and codes',
    steps: [
      [
        parse('f', "select 1::int, 'a'::text, true"),
        bound('', 'f', [], [], []),
        execute(''),
        bound('', 'f', [], [], [1]),
        describePortal(''),
        execute(''),
        bound('', 'f', [], [], [1, 0, 1]),
        execute(''),
        sync,
      ],
      [bound('', 'f', [], [], [1, 0]), sync],
    ],
  },
  {
    rule: 'formats of parameters',
    steps: [
      [
        typed('g', 'select $1 + 1, $2', [23, 25]),
        bound('', 'g', [1, 0], [int32(41), text('x')], []),
        execute(''),
        bound('', 'g', [1], [int32(1), text('y')], []),
        execute(''),
        sync,
      ],
      [bound('', 'g', [1], [text('abc'), text('x')], []), sync],
      [bound('', 'g', [0, 0, 0], [text('1'), text('x')], []), sync],
      [bound('', 'g', [0], [text('1')], []), sync],
      [bound('', 'g', [0], [text('x'), null], []), execute(''), sync],
    ],
  },
  {
    rule: 'DDL under a prepared statement',
    steps: [
      [query('create table r12 (a int)')],
      [parse('d', 'select * from r12'), sync],
      [query('alter table r12 add b int')],
      [bind('', 'd'), execute(''), sync],
      [query('drop table r12')],
      [bind('', 'd'), sync],
    ],
  },
  {
    rule: 'DDL that keeps the result type is taken up',
    steps: [
      [query('create table r13 (a int); insert into r13 values (1)')],
      [parse('e', 'select a from r13'), bind('', 'e'), execute(''), sync],
      [query('alter table r13 add b int; create index on r13 (a)')],
      [bind('', 'e'), execute(''), sync],
      [query('alter table r13 alter a type bigint')],
      [bind('', 'e'), execute(''), sync],
    ],
  },
  {
    rule: 'search_path decides anew what a prepared statement means',
    steps: [
      [
        query(
          'create schema sp; create table sp.r14 (a int); create table public.r14 (a int); insert into sp.r14 values (1); insert into public.r14 values (2)',
        ),
      ],
      [parse('sp', 'select a from r14'), bind('', 'sp'), execute(''), sync],
      [query('set search_path = sp')],
      [bind('', 'sp'), execute(''), sync],
      [query('reset search_path')],
    ],
  },
  {
    rule: 'PREPARE, EXECUTE and DEALLOCATE know the protocol’s statements',
    steps: [
      [parse('both', 'select $1::int as x'), sync],
      [query('execute both(5)')],
      [query('deallocate both')],
      [bind('', 'both', ['1']), sync],
      [query('prepare sql as select 6')],
      [bind('', 'sql'), execute(''), sync],
      [query('discard all')],
      [bind('', 'sql'), sync],
    ],
  },
  {
    rule: 'transaction control by extended messages',
    steps: [
      [parse('', 'begin'), bind('', ''), execute(''), sync],
      [parse('', 'savepoint a'), bind('', ''), execute(''), sync],
      [parse('', 'select 1 / (random() * 0)::int'), bind('', ''), execute(''), sync],
      [parse('', 'rollback to a'), bind('', ''), execute(''), sync],
      [parse('', 'commit'), bind('', ''), execute(''), sync],
    ],
  },
  {
    rule: 'BEGIN in the middle of a pipeline',
    steps: [
      [query('create table r15 (a int)')],
      [
        parse('', 'insert into r15 values (1)'),
        bind('', ''),
        execute(''),
        parse('', 'begin'),
        bind('', ''),
        execute(''),
        parse('', 'insert into r15 values (2)'),
        bind('', ''),
        execute(''),
        sync,
      ],
      [query('rollback')],
      [query('select * from r15')],
    ],
  },
  {
    rule: 'cursors of SQL are portals and the other way round',
    steps: [
      [query('begin; declare cc cursor for select n from generate_series(1, 4) n')],
      [describePortal('cc'), execute('cc', 2), sync],
      [query('fetch 1 from cc')],
      [query('close cc')],
      [execute('cc'), sync],
      [query('rollback')],
    ],
  },
  // ---- 55.2.4 function call ----
  {
    rule: 'function calls',
    steps: [
      [call(177, [1], [int32(40), int32(2)], 1)],
      [call(1317, [], [text('abc')], 0)],
      [call(1317, [], [null], 0)],
      [call(1, [], [], 0)],
      [call(1317, [0, 0], [text('x')], 0)],
      [call(1317, [], [text('x')], 9)],
      [call(177, [1], [text('ab'), int32(1)], 1)],
      [query('begin; select 1/0')],
      [call(1317, [], [text('x')], 0)],
      [query('rollback')],
    ],
  },
  // ---- 55.2.6 COPY ----
  {
    rule: 'COPY out',
    steps: [
      [query("copy (select n, null, 'a' || n from generate_series(1, 3) n) to stdout")],
      [query('copy (select 1, 2) to stdout (format csv, header)')],
      [query('copy (select 1/0) to stdout')],
      [parse('', 'copy (select 1) to stdout'), describeStatement(''), bind('', ''), execute(''), sync],
    ],
  },
  {
    rule: 'COPY in',
    steps: [
      [query('create table c1 (a int, b text)')],
      [query('copy c1 from stdin'), copyData('1\tx\n2\t'), copyData('y\n3\t\\N\n'), copyDone],
      [query('select * from c1 order by a')],
      [query('copy c1 from stdin'), copyData('x\ty\n'), copyData('5\tz\n'), copyDone],
      [query('select count(*) from c1')],
    ],
  },
  {
    rule: 'COPY in by extended messages: Sync and Flush in between are ignored',
    steps: [
      [query('create table c2 (a int)')],
      [parse('', 'copy c2 from stdin'), bind('', ''), execute(''), flush, sync, copyData('1\n'), flush, copyData('2\n'), copyDone, sync],
      [query('select count(*) from c2')],
      [parse('', 'copy c2 from stdin'), bind('', ''), execute(''), copyData('x\n'), copyDone, sync],
    ],
  },
  { rule: 'CopyData, CopyDone and CopyFail out of place are ignored', steps: [[copyData('x'), copyDone, copyFail('y'), query('select 1')]] },
  {
    rule: 'COPY among other statements',
    steps: [
      [query('create table c4 (a int)')],
      [query('insert into c4 values (1); copy c4 from stdin; select count(*) from c4'), copyData('2\n'), copyDone],
      [query('copy c4 from stdin; copy c4 to stdout'), copyData('3\n'), copyDone],
    ],
  },
  // ---- 55.2.7 asynchronous operations ----
  {
    rule: 'ParameterStatus of what a client may follow',
    steps: [
      [query('set application_name = x')],
      [query("set datestyle = german; set timezone = 'Asia/Tokyo'; set intervalstyle = iso_8601")],
      [query('begin; set local timezone = UTC')],
      [query('commit')],
      [query('set work_mem = "5MB"')],
      [query("select set_config('application_name', 'y', true)")],
      [query('begin; set datestyle = sql')],
      [query('rollback')],
      [query('reset all')],
      [query('set client_encoding = latin1')],
      [query('create role psr; set role psr')],
      [query('reset role; drop role psr')],
    ],
  },
  {
    rule: 'notifications come outside of transactions',
    steps: [
      [query('listen here')],
      [query("begin; notify here, 'a'")],
      [query("select 1; notify here, 'b'; notify here, 'b'")],
      [query('commit')],
      [query('notify here; select 2')],
      [parse('', "select pg_notify('here', 'ext')"), bind('', ''), execute(''), sync],
      [query('unlisten *; notify here')],
    ],
  },
  {
    rule: 'settings of the start-up packet are told',
    startup: {
      application_name: 'tést\u0001',
      DateStyle: 'SQL, DMY',
      TimeZone: 'Europe/Berlin',
      options: '-c extra_float_digits=0 -c intervalstyle=postgres_verbose',
    },
    steps: [[query("select 0.1::float8 + 0.2, date '2024-02-03', interval '1 day', current_setting('application_name')")]],
  },
  {
    rule: 'errors carry the names of their objects',
    steps: [
      [query('create table o1 (a int primary key, b int not null check (b > 0), c int references o1)')],
      [query('insert into o1 values (1, null)')],
      [query('insert into o1 values (1, 0)')],
      [query('insert into o1 values (1, 1, 9)')],
      [query('insert into o1 values (1, 1), (1, 1)')],
      [query('create domain od as int check (value > 0); create table o2 (a od)')],
      [query('insert into o2 values (0)')],
    ],
  },
];

describe('the protocol, message by message, beside PostgreSQL', function () {
  this.timeout(120_000);
  let shoal: Shoal;
  let oracle: Connection;

  before(async function () {
    oracle = await (await sharedPostgres(this)).createDatabase('transcripts');
    shoal = await Shoal.start();
  });

  after(async () => {
    await shoal?.stop();
  });

  async function transcript(connection: Connection, { steps, startup }: Rule): Promise<string> {
    const client = await RawClient.connect(connection.port);
    try {
      client.send(startupPacket({ user: connection.user, database: connection.database, TimeZone: 'UTC', ...startup }));
      await client.until('Z');
      const lines = client.received
        .map(transcriptLine)
        .filter((line) => !/^ParameterStatus (server_version|in_hot_standby|default_transaction_read_only)=/.test(line));
      if (startup === undefined) lines.length = 0;
      lines.sort();
      for (const step of steps) {
        lines.push('--');
        const wanted = step.filter((one) => one[0] === 'Q'.charCodeAt(0) || one[0] === 'S'.charCodeAt(0) || one[0] === 'F'.charCodeAt(0)).length;
        client.received.length = 0;
        client.send(...step);
        // (Where a Sync is swallowed, or a Query, the answer ends earlier: a last Sync shows the end.)
        client.send(sync);
        await client.until('Z', wanted + 1 - swallowed(step));
        lines.push(...client.received.map(transcriptLine));
      }
      return lines.join('\n');
    } finally {
      client.close();
    }
  }

  /** How many messages that ask for ReadyForQuery are ignored, because they come within COPY in. */
  function swallowed(step: readonly Buffer[]): number {
    const types = step.map((one) => String.fromCharCode(one[0] ?? 0)).join('');
    const inCopy = /^(?:P?B?E|Q)([^cf]*)[cf]/.exec(types)?.[1] ?? '';
    return /d/.test(types) && inCopy.length < types.length ? (inCopy.match(/S/g) ?? []).length : 0;
  }

  for (const rule of rules) {
    it(rule.rule, async () => {
      const expected = await transcript(oracle, rule);
      assert.equal(await transcript(shoal.connection, rule), expected);
    });
  }
});
