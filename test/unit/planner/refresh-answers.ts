/**
 * Asks a PostgreSQL 15 to describe the statements of statements.ts and writes postgres-answers.json.
 * Run it against an empty database: `PGHOST=... PGPORT=... node --import tsx test/unit/planner/refresh-answers.ts`
 */
import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { expressions, schema, statements } from './statements.js';

interface Answer {
  readonly columns?: readonly (readonly [string, number, number])[];
  readonly parameters?: readonly number[];
  readonly error?: { readonly code: string; readonly message: string; readonly position?: number; readonly hint?: string; readonly detail?: string };
}

interface RawConnection {
  parse(query: { name: string; text: string }): void;
  describe(what: { type: 'S'; name: string }): void;
  sync(): void;
  on(event: string, listener: (message: never) => void): void;
  removeAllListeners(event: string): void;
}

async function main(): Promise<void> {
  const client = new pg.Client();
  await client.connect();
  await client.query(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${schema}`);
  const { connection } = client as unknown as { connection: RawConnection };
  const describe = (text: string): Promise<Answer> =>
    new Promise((resolve) => {
      let answer: Answer = {};
      const events = ['parseComplete', 'parameterDescription', 'rowDescription', 'noData', 'errorMessage', 'readyForQuery'] as const;
      for (const event of events) connection.removeAllListeners(event);
      connection.on('parameterDescription', (message: { dataTypeIDs: number[] }) => (answer = { ...answer, parameters: message.dataTypeIDs }));
      connection.on('rowDescription', (message: { fields: { name: string; dataTypeID: number; dataTypeModifier: number }[] }) => {
        answer = { ...answer, columns: message.fields.map((field) => [field.name, field.dataTypeID, field.dataTypeModifier] as const) };
      });
      connection.on('errorMessage', (error: { code: string; message: string; position?: string; hint?: string; detail?: string }) => {
        answer = {
          error: {
            code: error.code,
            message: error.message,
            ...(error.position === undefined ? {} : { position: Number(error.position) }),
            ...(error.hint === undefined ? {} : { hint: error.hint }),
            ...(error.detail === undefined ? {} : { detail: error.detail }),
          },
        };
      });
      connection.on('readyForQuery', () => {
        for (const event of events) connection.removeAllListeners(event);
        resolve(answer);
      });
      connection.parse({ name: '', text });
      connection.describe({ type: 'S', name: '' });
      connection.sync();
    });
  const answers: Record<string, Answer> = {};
  for (const text of [...expressions.map((expression) => `SELECT ${expression} FROM a, b`), ...statements]) answers[text] = await describe(text);
  const lines = Object.entries(answers).map(([text, answer]) => `  ${JSON.stringify(text)}: ${JSON.stringify(answer)}`);
  writeFileSync(new URL('postgres-answers.json', import.meta.url), `{\n${lines.join(',\n')}\n}\n`);
  process.stdout.write(`${lines.length} answers\n`);
  process.exit(0);
}

await main();
