/**
 * The run: generates statements by seed, runs each on PostgreSQL and on the subjects, makes failing ones smaller and counts by feature.
 * Called by main.ts (`npm run differential`) and by differential.test.ts.
 */
import type pg from 'pg';
import type { Connection } from '../support/connection.js';
import { Random, seedOf } from '../support/random.js';
import { connect } from '../support/subject.js';
import { type Difference, differenceOf, type Outcome, outcomeOf } from './compare.js';
import { Modifications } from './modifications.js';
import { type Node, render, type Rendered, smaller } from './node.js';
import { Queries } from './queries.js';
import { makeTables, type Table, tableStatements } from './schema.js';

export interface DifferentialOptions {
  readonly seed: number;
  readonly count: number;
  /** Run only this statement of the run. */
  readonly only?: number | undefined;
  /** 0 (plain SELECTs) to 4 (everything); default: grows over the run. */
  readonly level?: number | undefined;
  /** Make failing statements smaller; costs up to `shrinkTries` runs each, and only the first few of a signature are made smaller. */
  readonly shrinkTries?: number;
  readonly log?: (line: string) => void;
}

/** One side of the comparison besides PostgreSQL. */
export interface SubjectUnderTest {
  readonly name: string;
  readonly distributed: boolean;
  /** Where it is now. */
  connection(): Promise<Connection>;
  /** After it has crashed or hangs. */
  restart(): Promise<void>;
}

export interface Failure {
  readonly index: number;
  readonly subject: string;
  readonly signature: string;
  readonly detail: string;
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
  /** Statements that make the tables it names. */
  readonly setup: readonly string[];
  readonly expected: string;
}

export interface Report {
  readonly statements: number;
  /** Statements that PostgreSQL itself refused or did not finish: the generator's misses. */
  readonly misses: number;
  readonly missReasons: ReadonlyMap<string, number>;
  readonly failures: readonly Failure[];
  readonly counts: ReadonlyMap<string, number>;
  readonly features: ReadonlyMap<string, { readonly passed: number; readonly failed: number }>;
}

const statementsPerSchema = 60;
const highestLevel = 4;

export async function runDifferential(oracle: Connection, subjects: readonly SubjectUnderTest[], options: DifferentialOptions): Promise<Report> {
  const failures: Failure[] = [];
  const counts = new Map<string, number>();
  const features = new Map<string, { passed: number; failed: number }>();
  const missReasons = new Map<string, number>();
  let statements = 0;
  let misses = 0;
  const oracleSide = new Side(
    'PostgreSQL',
    false,
    async () => await Promise.resolve(oracle),
    async () => await Promise.resolve(),
  );
  const sides = subjects.map(
    (subject) =>
      new Side(
        subject.name,
        subject.distributed,
        async () => await subject.connection(),
        async () => await subject.restart(),
      ),
  );
  let tables: readonly Table[] = [];

  for (let index = 0; index < options.count; index++) {
    const level = options.level ?? Math.min(highestLevel, Math.floor((index / options.count) * (highestLevel + 1)));
    const schemaIndex = Math.floor(index / statementsPerSchema);
    if (index % statementsPerSchema === 0 || tables.length === 0) {
      tables = makeTables(
        new Random(seedOf(options.seed, 1_000_000 + schemaIndex)),
        options.level ?? Math.min(highestLevel, Math.floor(((schemaIndex * statementsPerSchema) / options.count) * (highestLevel + 1))),
      );
      if (options.only === undefined || Math.floor(options.only / statementsPerSchema) === schemaIndex)
        for (const side of [oracleSide, ...sides]) await side.makeTables(tables);
    }
    if (options.only !== undefined && options.only !== index) continue;
    const generated = generate(seedOf(options.seed, index), tables, level);
    const rendered = render(generated.statement);
    const expected = await oracleSide.outcome(rendered, generated.changedTable);
    if (expected.kind === 'timeout' || expected.kind === 'broken' || (expected.kind === 'error' && /^42/.test(expected.code))) {
      misses++;
      const reason = expected.kind === 'error' ? `${expected.code} ${expected.message}` : expected.kind;
      missReasons.set(reason, (missReasons.get(reason) ?? 0) + 1);
      if (options.only !== undefined) options.log?.(`PostgreSQL itself: ${reason}\n${rendered.sql}`);
      continue;
    }
    statements++;
    let failed = false;
    for (const side of sides) {
      const difference = differenceOf(expected, await side.outcome(rendered, generated.changedTable), rendered.ordered, rendered.sql);
      if (difference === undefined) continue;
      failed = true;
      const seen = counts.get(difference.signature) ?? 0;
      counts.set(difference.signature, seen + 1);
      if (seen >= 3) continue;
      const tries = seen === 0 ? (options.shrinkTries ?? 0) : 0;
      const minimal = await shrink(generated.statement, generated.changedTable, difference, oracleSide, side, tries);
      const failure = describe(index, side, minimal.statement, minimal.difference, minimal.expected, tables);
      failures.push(failure);
      options.log?.(formatFailure(failure, options.seed, options.count));
    }
    for (const feature of generated.features) {
      const score = features.get(feature) ?? { passed: 0, failed: 0 };
      features.set(feature, failed ? { ...score, failed: score.failed + 1 } : { ...score, passed: score.passed + 1 });
    }
  }
  for (const side of [oracleSide, ...sides]) await side.close();
  return { statements, misses, missReasons, failures, counts, features };
}

interface Generated {
  readonly statement: Node;
  readonly changedTable: string | undefined;
  readonly features: ReadonlySet<string>;
}

function generate(seed: number, tables: readonly Table[], level: number): Generated {
  const random = new Random(seed);
  const features = new Set<string>();
  const queries = new Queries(random, tables, level, features, level >= 1 && random.chance(0.15));
  if (random.chance(level === 0 ? 0.15 : 0.22)) {
    const { statement, table } = new Modifications(random, tables, queries, features).make();
    return { statement, changedTable: table.name, features };
  }
  return { statement: queries.statement(), changedTable: undefined, features };
}

/** A connection that is made again when it breaks, together with the tables. */
class Side {
  private client: pg.Client | undefined;
  private tables: readonly Table[] = [];

  constructor(
    readonly name: string,
    readonly distributed: boolean,
    private readonly connection: () => Promise<Connection>,
    private readonly restart: () => Promise<void>,
  ) {}

  async makeTables(tables: readonly Table[]): Promise<void> {
    this.tables = tables;
    const client = await this.connected();
    for (const table of tables) {
      await client.query(`DROP TABLE IF EXISTS ${table.name}`);
      for (const statement of tableStatements(table, this.distributed)) await client.query(statement);
    }
  }

  async outcome(statement: Rendered, changedTable: string | undefined): Promise<Outcome> {
    const outcome = await outcomeOf(await this.connected(), statement, changedTable);
    if (outcome.kind === 'broken' || outcome.kind === 'timeout') await this.recover(outcome.kind === 'broken' || this.name !== 'PostgreSQL');
    return outcome;
  }

  async close(): Promise<void> {
    await this.client?.end().catch(() => undefined);
  }

  private async connected(): Promise<pg.Client> {
    if (this.client !== undefined) return this.client;
    const connection = await this.connection();
    // PostgreSQL ends slow statements itself, a subject may hang.
    this.client = await connect(connection, 20_000);
    await this.client.query("SET timezone = 'UTC'");
    if (this.name === 'PostgreSQL') await this.client.query("SET statement_timeout = '4s'");
    return this.client;
  }

  private async recover(restart: boolean): Promise<void> {
    const old = this.client;
    this.client = undefined;
    void old?.end().catch(() => undefined);
    if (restart) await this.restart();
    await this.makeTables(this.tables);
  }
}

async function shrink(
  statement: Node,
  changedTable: string | undefined,
  difference: Difference,
  oracle: Side,
  side: Side,
  tries: number,
): Promise<{ statement: Node; difference: Difference; expected: Outcome }> {
  let best = { statement, difference, expected: await oracle.outcome(render(statement), changedTable) };
  let left = difference.signature === 'timeout' ? Math.min(tries, 5) : tries;
  for (let improved = true; improved && left > 0; ) {
    improved = false;
    for (const candidate of smaller(best.statement)) {
      if (left-- <= 0) break;
      const rendered = render(candidate);
      const expected = await oracle.outcome(rendered, changedTable);
      if (expected.kind !== best.expected.kind || expected.kind === 'timeout' || expected.kind === 'broken') continue;
      if (expected.kind === 'error' && best.expected.kind === 'error' && expected.code !== best.expected.code) continue;
      const found = differenceOf(expected, await side.outcome(rendered, changedTable), rendered.ordered, rendered.sql);
      if (found === undefined || kindOf(found) !== kindOf(best.difference)) continue;
      best = { statement: candidate, difference: found, expected };
      improved = true;
      break;
    }
  }
  return best;
}

/** What must stay the same while a statement is made smaller: the signature, but not which columns are wrong. */
function kindOf(difference: Difference): string {
  return difference.signature.replace(/(values|number of rows) \(.*\)/, 'rows');
}

function describe(index: number, side: Side, statement: Node, difference: Difference, expected: Outcome, tables: readonly Table[]): Failure {
  const { sql, parameters } = render(statement);
  const named = tables.filter((table) => new RegExp(`\\b${table.name}\\b`).test(sql));
  const summary =
    expected.kind === 'result' ? `${expected.result.rows.length} rows` : expected.kind === 'error' ? `${expected.code} ${expected.message}` : expected.kind;
  return {
    index,
    subject: side.name,
    signature: difference.signature,
    detail: difference.detail,
    sql,
    parameters,
    setup: named.flatMap((table) => tableStatements(table, side.distributed)),
    expected: summary,
  };
}

export function formatFailure(failure: Failure, seed: number, count: number): string {
  const parameters = failure.parameters.length > 0 ? `\n  -- parameters: ${JSON.stringify(failure.parameters)}` : '';
  return `#${failure.index} ${failure.subject}: ${failure.signature}\n  ${failure.sql};${parameters}\n  -- ${failure.detail}\n  -- again: npm run differential -- --seed ${seed} --count ${count} --only ${failure.index}`;
}

/** The scores by feature, the worst first. */
export function formatReport(report: Report): string {
  const lines = [...report.features]
    .map(([feature, { passed, failed }]) => ({ feature, passed, total: passed + failed }))
    .sort((a, b) => a.passed / a.total - b.passed / b.total || b.total - a.total)
    .map(
      ({ feature, passed, total }) =>
        `${feature.padEnd(28)} ${String(passed).padStart(5)} / ${String(total).padEnd(5)} ${((100 * passed) / total).toFixed(0).padStart(3)} %`,
    );
  const signatures = [...report.counts].sort((a, b) => b[1] - a[1]).map(([signature, count]) => `${String(count).padStart(5)} x ${signature}`);
  return [...lines, '', ...signatures].join('\n');
}
