/**
 * Every implementation of a function answers as PostgreSQL 15 does, errors included. Needs a PostgreSQL 15 at SHOAL_TEST_ORACLE
 * (for example postgres://postgres@localhost:5432/postgres); without one the tests are skipped.
 */
import assert from 'node:assert/strict';
import type pg from 'pg';
import { cases as containerCases } from './cases-container.js';
import { cases as templateCases } from './cases-template.js';
import { cases as plainCases } from './cases.js';
import { type Answer, askPostgres, askShoal, type Case, connect } from './oracle.js';

const groups = new Map<string, Case[]>();
for (const testCase of [...plainCases, ...containerCases, ...templateCases]) {
  const list = groups.get(testCase.signature) ?? [];
  list.push(testCase);
  groups.set(testCase.signature, list);
}

describe('functions against PostgreSQL', function () {
  this.timeout(120_000);
  let client: pg.Client | undefined;

  before(async function () {
    client = await connect(this);
  });
  after(async () => {
    await client?.end();
  });

  for (const [signature, list] of groups) {
    it(signature, async () => {
      for (const testCase of list) {
        const expected = await askPostgres(client as pg.Client, testCase);
        for (const [way, actual] of askShoal(testCase)) {
          assert.deepEqual<Answer>(actual, expected, `${signature} of ${JSON.stringify(testCase.args)} by ${way}`);
        }
      }
    });
  }
});
