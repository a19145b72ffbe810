/**
 * Runs one script, statement by statement, on PostgreSQL (twice, so that answers that never repeat are left out) and on a subject, and keeps their sessions and
 * transactions in step. Called by main.ts (`npm run conformance`) and by test/differential/scripts.ts.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initialiseParser } from '../../src/sql/parser.js';
import type { Connection } from '../support/connection.js';
import { compareAnswers, type Comparison } from './compare.js';
import { FollowUps } from './follow-ups.js';
import { ObjectNames } from './object-names.js';
import { PsqlScript, render, renderArgument, type ScriptItem } from './psql-script.js';
import { type Answer, type Result, WireSession } from './wire-session.js';

/** A server that the script runs on. */
export interface Side {
  /** Where it is now. */
  connection(): Promise<Connection>;
  /** After a crash or a hang; without it the session is only opened again. */
  revive?(): Promise<void>;
}

export interface FileOptions {
  /** The subject's tables become distributed ones as soon as they are made. */
  readonly distributed?: boolean;
  readonly timeoutMs?: number;
  /** OIDs of the script's own objects, and the like, are compared by what they stand for (object-names.ts). */
  readonly nameObjects?: boolean;
  /** Sees every statement with its comparison. */
  readonly onStatement?: (statement: StatementReport) => void;
}

export interface StatementReport extends Comparison {
  readonly line: number;
  readonly sql: string;
  /** The index of the statement whose difference explains this one's. */
  readonly followsFrom: number | undefined;
}

export interface FileReport {
  readonly statements: readonly StatementReport[];
  /** Tables made distributed, and why others were not. */
  readonly distributed: number;
  readonly undistributed: readonly string[];
  /** Meta-commands that were passed over. */
  readonly skippedCommands: number;
}

export async function runFile(path: string, oracle: Side, again: Side | undefined, subject: Side, options: FileOptions = {}): Promise<FileReport> {
  await initialiseParser();
  const run = new Run(
    options,
    await Player.open(oracle, 60_000),
    again && (await Player.open(again, 60_000)),
    await Player.open(subject, options.timeoutMs ?? 20_000),
  );
  try {
    await run.file(resolve(path));
  } finally {
    run.close();
  }
  return { statements: run.statements, distributed: run.distributed, undistributed: run.undistributed, skippedCommands: run.skippedCommands };
}

/** One side's session, with psql's variables. */
class Player {
  readonly variables = new Map<string, string>();
  status: Answer['status'] = 'I';
  private names: ObjectNames | undefined;
  /** 25P02 or the like is to be expected. */
  private constructor(
    private readonly side: Side,
    private readonly timeoutMs: number,
    private session: WireSession,
    private target: Connection,
  ) {
    for (const [name, value] of [
      ['DBNAME', target.database],
      ['USER', target.user],
      ['HOST', target.host],
      ['PORT', String(target.port)],
      ['ENCODING', 'UTF8'],
      ['VERSION', 'PostgreSQL 15'],
    ] as const)
      this.variables.set(name, value);
  }

  static async open(side: Side, timeoutMs: number): Promise<Player> {
    const target = await side.connection();
    return new Player(side, timeoutMs, await WireSession.open(target), target);
  }

  /** The answer with names in the place of OIDs. */
  async named(answer: Answer): Promise<Answer> {
    this.names ??= new ObjectNames(this.target.database, async (sql) => await this.session.query(sql, this.timeoutMs));
    return await this.names.replaceIn(answer);
  }

  get standardStrings(): boolean {
    return this.session.parameters.get('standard_conforming_strings') !== 'off';
  }

  async query(sql: string, copyData?: () => string): Promise<Answer> {
    const answer = await this.session.query(sql, this.timeoutMs, copyData);
    this.status = answer.status;
    const last = answer.results.at(-1);
    this.variables.set('ERROR', answer.error === undefined ? 'false' : 'true');
    this.variables.set('SQLSTATE', answer.error?.code ?? '00000');
    this.variables.set('ROW_COUNT', answer.error === undefined ? (/\d+$/.exec(last?.tag ?? '')?.[0] ?? '0') : '0');
    if (answer.error !== undefined) {
      this.variables.set('LAST_ERROR_SQLSTATE', answer.error.code);
      this.variables.set('LAST_ERROR_MESSAGE', answer.error.message);
    }
    if (answer.lost !== undefined) await this.reopen();
    return answer;
  }

  /** A new session, as `\c` asks for; as before where that fails. */
  async connect(user: string | undefined, database: string | undefined): Promise<void> {
    const wanted = { ...this.target, ...(user !== undefined && { user }), ...(database !== undefined && { database }) };
    const session = await WireSession.open(wanted).catch(() => undefined);
    if (session === undefined && user === undefined && database === undefined) return;
    const next = session ?? (await WireSession.open(this.target));
    if (session !== undefined) this.target = wanted;
    this.session.close();
    this.session = next;
    this.status = 'I';
  }

  close(): void {
    this.session.close();
  }

  private async reopen(): Promise<void> {
    this.session.close();
    await this.side.revive?.();
    const { host, port } = await this.side.connection();
    this.target = { ...this.target, host, port };
    for (let attempt = 0; ; attempt++) {
      try {
        this.session = await WireSession.open(this.target);
        break;
      } catch (error) {
        if (attempt > 20) throw error;
        await sleep(200);
      }
    }
    this.status = 'I';
  }
}

class Run {
  readonly statements: StatementReport[] = [];
  distributed = 0;
  readonly undistributed: string[] = [];
  skippedCommands = 0;
  private readonly followUps = new FollowUps();
  /** The branches of \if: does this one run, has one of them run? */
  private readonly branches: { active: boolean; done: boolean }[] = [];

  constructor(
    private readonly options: FileOptions,
    private readonly oracle: Player,
    private readonly again: Player | undefined,
    private readonly subject: Player,
  ) {}

  close(): void {
    for (const player of this.players) player.close();
  }

  async file(path: string): Promise<void> {
    const script = new PsqlScript(readFileSync(path, 'utf8'), () => !this.oracle.standardStrings);
    for (let item = script.next(); item !== undefined; item = script.next()) {
      if (item.kind === 'command') {
        if (item.name === 'q' || item.name === 'quit') return;
        await this.command(item, path, script);
      } else if (this.active) await this.statement(item, script);
    }
  }

  private get players(): Player[] {
    return [this.oracle, ...(this.again === undefined ? [] : [this.again]), this.subject];
  }

  private get active(): boolean {
    return this.branches.every((branch) => branch.active);
  }

  private async statement(item: Extract<ScriptItem, { kind: 'statement' }>, script: PsqlScript): Promise<void> {
    if (render(item.pieces, this.oracle.variables) === '') return;
    const expected = await this.execute(item.line, (player) => render(item.pieces, player.variables), script, item.sentBy === 'gdesc');
    if (item.sentBy === 'gset') {
      const prefix = item.arguments[0] ?? '';
      const fallback = expected.oracle.results.at(-1);
      for (const [player, answer] of expected.answers) assign(player, answer.results.at(-1) ?? fallback, prefix);
    } else if (item.sentBy === 'gexec') {
      for (const row of expected.oracle.results.at(-1)?.rows ?? [])
        for (const cell of row) if (cell !== null) await this.execute(item.line, () => cell, script);
    }
  }

  private async execute(
    line: number,
    textFor: (player: Player) => string,
    script: PsqlScript,
    describeOnly = false,
  ): Promise<{ oracle: Answer; answers: ReadonlyMap<Player, Answer> }> {
    const blocks: string[] = [];
    const answers = new Map<Player, Answer>();
    for (const player of this.players) {
      let next = 0;
      const copyData = (): string => {
        // Lines are data only where PostgreSQL has asked for them.
        if (player === this.oracle) blocks.push(script.copyData());
        return blocks[next++] ?? '';
      };
      answers.set(player, await player.query(textFor(player), copyData));
    }
    const [oracle, subject] = [answers.get(this.oracle) as Answer, answers.get(this.subject) as Answer];
    const sql = textFor(this.oracle);
    const shown = async (player: Player | undefined): Promise<Answer | undefined> => {
      const answer = player && answers.get(player);
      return this.options.nameObjects === true && player !== undefined && answer !== undefined ? await player.named(answer) : answer;
    };
    let comparison = compareAnswers(sql, (await shown(this.oracle)) ?? oracle, await shown(this.again), (await shown(this.subject)) ?? subject);
    if (describeOnly && comparison.kind !== 'agree') comparison = { ...comparison, kind: 'left out' };
    const index = this.statements.length;
    const followsFrom = this.followUps.judge(index, sql, comparison, this.subject.status === 'E', this.oracle.status === 'E');
    const report = { ...comparison, line, sql, followsFrom };
    this.statements.push(report);
    this.options.onStatement?.(report);
    await this.keepInStep();
    if (this.options.distributed === true && oracle.error === undefined && subject.error === undefined) await this.distribute(sql);
    return { oracle, answers };
  }

  /** After a difference the subject's transaction is made to look like PostgreSQL's, so that what follows can be compared. */
  private async keepInStep(): Promise<void> {
    for (const player of this.again === undefined ? [this.subject] : [this.again, this.subject]) {
      const [wanted, is] = [this.oracle.status, player.status];
      if (wanted === is) continue;
      if (wanted === 'I') await player.query('ROLLBACK');
      else {
        if (is === 'I') await player.query('BEGIN');
        if (wanted === 'E') await player.query('SELECT 1 / 0');
      }
    }
  }

  /** After CREATE TABLE: by its primary key's first column, or its first one. */
  private async distribute(sql: string): Promise<void> {
    const made = /^\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?((?:"[^"]+"|\w+)(?:\s*\.\s*(?:"[^"]+"|\w+))?)\s*(?:\(|as\b)/i.exec(
      sql.replaceAll(/^\s*--[^\n]*$/gm, ''),
    );
    if (made === null || /\bpartition\s+(of|by)\b|\binherits\s*\(/i.test(sql)) return;
    const table = made[1] as string;
    const literal = `'${table.replaceAll("'", "''")}'`;
    const inTransaction = this.subject.status === 'T';
    if (inTransaction) await this.subject.query('SAVEPOINT conformance_distribute');
    const found = await this.subject.query(
      `SELECT a.attname FROM pg_attribute a WHERE a.attrelid = ${literal}::regclass AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY coalesce((SELECT i.indkey::text LIKE a.attnum || '%' FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique ORDER BY i.indisprimary DESC LIMIT 1), false) DESC, a.attnum LIMIT 1`,
    );
    const column = found.results[0]?.rows[0]?.[0];
    const answer =
      typeof column === 'string' ? await this.subject.query(`SELECT create_distributed_table(${literal}, '${column.replaceAll("'", "''")}')`) : found;
    if (answer.error === undefined && typeof column === 'string') this.distributed++;
    else {
      this.undistributed.push(`${table}: ${answer.error?.message ?? 'it has no columns'}`);
      if (inTransaction) await this.subject.query('ROLLBACK TO conformance_distribute');
    }
    if (inTransaction) await this.subject.query('RELEASE conformance_distribute');
  }

  private async command(item: Extract<ScriptItem, { kind: 'command' }>, path: string, script: PsqlScript): Promise<void> {
    const first = (player: Player): string => renderArgument(item.arguments[0] ?? '', player.variables);
    switch (item.name) {
      case 'if': {
        const active = this.active && truth(first(this.oracle));
        this.branches.push({ active, done: active });
        return;
      }
      case 'elif': {
        const branch = this.branches.pop() ?? { active: false, done: true };
        const active = !branch.done && this.active && truth(first(this.oracle));
        this.branches.push({ active, done: branch.done || active });
        return;
      }
      case 'else': {
        const branch = this.branches.pop() ?? { active: false, done: true };
        this.branches.push({ active: !branch.done && this.active, done: true });
        return;
      }
      case 'endif':
        this.branches.pop();
        return;
    }
    if (!this.active) return;
    switch (item.name) {
      case 'set':
        for (const player of this.players)
          player.variables.set(
            first(player),
            item.arguments
              .slice(1)
              .map((argument) => renderArgument(argument, player.variables))
              .join(''),
          );
        return;
      case 'unset':
        for (const player of this.players) player.variables.delete(first(player));
        return;
      case 'getenv': {
        const value = process.env[item.arguments[1] ?? ''];
        if (value !== undefined) for (const player of this.players) player.variables.set(first(player), value);
        return;
      }
      case 'c':
      case 'connect':
        for (const player of this.players) {
          const [database, user] = item.arguments
            .map((argument) => renderArgument(argument, player.variables))
            .map((value) => (value === '-' ? undefined : value));
          await player.connect(user, database === player.variables.get('DBNAME') ? undefined : database);
        }
        return;
      case 'i':
      case 'ir':
      case 'include':
      case 'include_relative':
        await this.file(resolve(dirname(path), first(this.oracle)));
        return;
      case 'copy': {
        const file = /^(.*\bfrom\s+)'([^']+)'(.*)$/is.exec(item.rest);
        const sql = `COPY ${file === null ? item.rest : `${file[1]}STDIN${file[3]}`}`.replace(/\b(stdin|stdout|pstdin|pstdout)\b/i, (word) =>
          word.replace(/^p/i, ''),
        );
        await this.execute(item.line, () => sql, file === null ? script : dataOf(file[2] as string));
        return;
      }
      default:
        this.skippedCommands++;
    }
  }
}

/** A file as the inline data of a script. */
function dataOf(path: string): PsqlScript {
  return new PsqlScript(`\n${readFileSync(path, 'utf8')}`);
}

function assign(player: Player, result: Result | undefined, prefix: string): void {
  for (const [index, column] of (result?.columns ?? []).entries()) {
    const value = result?.rows[0]?.[index];
    if (value === null || value === undefined) player.variables.delete(prefix + column.name);
    else player.variables.set(prefix + column.name, value);
  }
}

/** psql's idea of a boolean. */
function truth(text: string): boolean {
  return /^(t|tr|tru|true|y|ye|yes|on|1)$/i.test(text.trim());
}
