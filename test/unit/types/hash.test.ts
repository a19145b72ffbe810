import assert from 'node:assert/strict';
import { placementHash, placementHash32, placementHash32Of } from '../../../src/types/hash.js';
import { Oid } from '../../../src/types/registry.js';
import { parse, typeNamed } from './support.js';

/** These never change: rows at rest were placed by them. */
const golden: readonly (readonly [string, string, bigint])[] = [
  ['int4', '0', 8386430538661315068n],
  ['int4', '1', 7008022868884886677n],
  ['int4', '-1', 7311920881244482341n],
  ['int8', '9223372036854775807', 8554789122535968278n],
  ['int8', '-9223372036854775808', 10410995200915047144n],
  ['numeric', '1.50', 1450536613132820140n],
  ['numeric', '123456789012345678901234567890', 6444481081570833263n],
  ['numeric', 'NaN', 5545122771830455071n],
  ['text', '', 5850292617003960013n],
  ['text', 'a', 6484982451605705091n],
  ['text', 'shoal of fish', 7026508880742952311n],
  ['text', 'größe', 8775715377011985126n],
  ['bpchar', 'a   ', 6484982451605705091n],
  ['float8', '1.5', 6226781128788569649n],
  ['float8', 'NaN', 2778607426760739596n],
  ['float8', '0', 16294789777108894513n],
  ['bool', 't', 5903182705720372544n],
  ['date', '2024-02-29', 5278975019106363497n],
  ['time', '12:34:56.789', 2697967691263295347n],
  ['timestamp', '2024-02-29 12:34:56', 12426949120964234130n],
  ['timestamptz', '2024-02-29 12:34:56+00', 11960912543213298219n],
  ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 8821638646539235828n],
  ['bytea', '\\x0001ff', 15809726939355088562n],
  ['interval', '1 day', 7316588300716677003n],
  ['timetz', '12:00:00+02', 4549243594365799305n],
  ['jsonb', '{"a": [1, 2]}', 10832701247304632551n],
  ['int4[]', '{1,NULL,3}', 15086603331728935527n],
];

describe('the placement hash', () => {
  it('keeps its golden values', () => {
    for (const [type, text, expected] of golden) assert.equal(placementHash([parse(type, text)], [typeNamed(type).oid]), expected, `${type} ${text}`);
    assert.equal(placementHash([null], [Oid.int4]), 7087319973531763941n);
    assert.equal(placementHash([1, 'a'], [Oid.int4, Oid.text]), 2154363251732342382n);
    assert.equal(placementHash([1, null], [Oid.int4, Oid.text]), 4031888032308066609n);
  });

  it('is the same for equal values of a family', () => {
    const one = placementHash([1], [Oid.int4]);
    for (const [value, oid] of [
      [1n, Oid.int8],
      [1, Oid.int2],
      ['1', Oid.numeric],
      ['1.000', Oid.numeric],
    ] as const) {
      assert.equal(placementHash([value], [oid]), one);
    }
    assert.equal(placementHash(['2.50'], [Oid.numeric]), placementHash(['2.5'], [Oid.numeric]));
    assert.equal(placementHash(['9223372036854775807'], [Oid.numeric]), placementHash([9223372036854775807n], [Oid.int8]));
    assert.equal(placementHash(['-0.0'], [Oid.numeric]), placementHash([0], [Oid.int4]));
    assert.equal(placementHash(['a  '], [Oid.bpchar]), placementHash(['a'], [Oid.varchar]));
    assert.equal(placementHash([-0], [Oid.float8]), placementHash([0], [Oid.float8]));
    assert.equal(placementHash(['0 30 0'], [Oid.interval]), placementHash(['1 0 0'], [Oid.interval]));
    assert.equal(placementHash([null], [Oid.text]), placementHash([null], [Oid.int4]));
  });

  it('has its upper half without a bigint', () => {
    for (const [type, text, expected] of golden) {
      const { oid } = typeNamed(type);
      assert.equal(placementHash32([parse(type, text)], [oid]), Number(expected >> 32n));
      assert.equal(placementHash32Of(parse(type, text), oid), Number(expected >> 32n));
    }
  });

  it('spreads consecutive keys evenly over shards', () => {
    const counts = new Array<number>(32).fill(0);
    for (let n = 0; n < 32_000; n++) {
      const shard = placementHash32([n], [Oid.int4]) >>> 27;
      counts[shard] = (counts[shard] as number) + 1;
    }
    assert.ok(Math.min(...counts) > 850 && Math.max(...counts) < 1150, counts.join(' '));
  });
});
