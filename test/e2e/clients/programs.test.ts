/** Client libraries of other languages beside a Shoal and a PostgreSQL 15: what the programs of this folder print is the same. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { type ClientProgram, printed, requireProgram } from '../../support/client-program.js';
import type { Connection } from '../../support/connection.js';
import { sharedPostgres } from '../../support/postgres.js';
import { Shoal } from '../../support/shoal.js';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Debian's own: its packages are not there for another Python. */
const python = '/usr/bin/python3';

function pythonProgram(file: string, module: string, debian: string): ClientProgram {
  return { file, command: [python], probe: [python, '-c', `import ${module}`], debian };
}

const driver = '/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so';
const jar = '/usr/share/java/postgresql.jar';
const go = { GOPATH: '/usr/share/gocode', GO111MODULE: 'off' };

const programs: readonly ClientProgram[] = [
  pythonProgram('raw_protocol.py', 'socket', 'python3-minimal'),
  pythonProgram('psycopg2_session.py', 'psycopg2', 'python3-psycopg2'),
  pythonProgram('psycopg3_session.py', 'psycopg', 'python3-psycopg'),
  pythonProgram('psycopg3_corners.py', 'psycopg', 'python3-psycopg'),
  pythonProgram('psycopg3_parameters.py', 'psycopg', 'python3-psycopg'),
  pythonProgram('asyncpg_session.py', 'asyncpg', 'python3-asyncpg'),
  pythonProgram('asyncpg_corners.py', 'asyncpg', 'python3-asyncpg'),
  pythonProgram('sqlalchemy_orm.py', 'psycopg2, sqlalchemy', 'python3-sqlalchemy'),
  pythonProgram('django_admin.py', 'psycopg2, django', 'python3-django'),
  {
    ...pythonProgram('odbc_catalog.py', 'pyodbc', 'python3-pyodbc and odbc-postgresql'),
    probe: [python, '-c', `import pyodbc, os; os.stat('${driver}')`],
  },
  { file: 'pg_session.rb', command: ['ruby'], probe: ['ruby', '-e', "require 'pg'"], debian: 'ruby-pg' },
  { file: 'pdo_session.php', command: ['php'], probe: ['php', '-r', 'exit(extension_loaded("pdo_pgsql") ? 0 : 1);'], debian: 'php-pgsql' },
  { file: 'dbd_pg.pl', command: ['perl'], probe: ['perl', '-MDBD::Pg', '-e', '1'], debian: 'libdbd-pg-perl' },
  {
    file: 'pgtcl_session.tcl',
    command: ['tclsh'],
    probe: ['sh', '-c', 'echo "package require Pgtcl" > /tmp/shoal-pgtcl-probe.tcl && tclsh /tmp/shoal-pgtcl-probe.tcl'],
    debian: 'libpgtcl and tcl',
  },
  { file: 'luasql_session.lua', command: ['lua5.3'], probe: ['lua5.3', '-e', "require 'luasql.postgres'"], debian: 'lua-sql-postgres and lua5.3' },
  { file: 'dbi_session.R', command: ['Rscript'], probe: ['Rscript', '-e', 'library(RPostgreSQL)'], debian: 'r-cran-rpostgresql' },
  {
    file: 'lib_pq.go',
    command: ['go', 'run'],
    probe: ['go', 'list', 'github.com/lib/pq', 'github.com/jackc/pgx/v4'],
    debian: 'golang-github-lib-pq-dev and golang-github-jackc-pgx-v4-dev',
    env: { ...go, GOCACHE: '/tmp/shoal-go-cache', GOFLAGS: '' },
  },
  {
    file: 'libpq_session.c',
    command: ['sh', `${folder}run_c.sh`],
    probe: ['sh', '-c', 'cc --version && pg_config --includedir && test -e "$(pg_config --includedir)/libpq-fe.h"'],
    debian: 'libpq-dev and gcc',
  },
  {
    file: 'ecpg_session.pgc',
    command: ['sh', `${folder}run_ecpg.sh`],
    probe: ['sh', '-c', 'ecpg --version && cc --version && pg_config --includedir'],
    debian: 'libecpg-dev and gcc',
  },
  {
    file: 'rust',
    command: ['sh', `${folder}run_rust.sh`],
    probe: ['sh', '-c', 'test -n "$SHOAL_TEST_RUST" && cargo --version && ls -d /usr/share/cargo/registry/tokio-postgres-*'],
    debian: 'librust-tokio-postgres-dev, cargo, and SHOAL_TEST_RUST=1, because it takes minutes to build',
    timeoutMs: 900_000,
  },
  {
    file: 'libreoffice_base.py',
    command: [python],
    probe: ['sh', '-c', `soffice --version && ${python} -c 'import uno' && ls /usr/lib/libreoffice/program/libpostgresql-sdbclo.so`],
    debian: 'libreoffice-base, libreoffice-sdbc-postgresql and python3-uno',
  },
  {
    file: 'Jdbc.java',
    command: ['java', '-cp', jar],
    probe: ['sh', '-c', `java --version && test -e ${jar}`],
    debian: 'libpostgresql-jdbc-java and default-jdk-headless',
  },
  {
    file: 'JdbcCorners.java',
    command: ['java', '-cp', jar],
    probe: ['sh', '-c', `java --version && test -e ${jar}`],
    debian: 'libpostgresql-jdbc-java and default-jdk-headless',
  },
];

describe('client programs print the same beside Shoal and PostgreSQL', function () {
  this.timeout(1_000_000);
  let shoal: Shoal;
  let oracle: Connection;

  before(async function () {
    oracle = await (await sharedPostgres(this)).createDatabase('client_programs');
    shoal = await Shoal.start();
  });

  after(async () => {
    await shoal?.stop();
  });

  for (const program of programs) {
    it(program.file, async function () {
      await requireProgram(this, program);
      const expected = await printed(program, oracle);
      assert.equal(await printed(program, shoal.connection), expected);
    });
  }
});
