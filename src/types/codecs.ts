/** The codecs of the built-in types that are not arrays, by OID. */
import { aclItemCodec } from './aclitem.js';
import { bitCodec, varbitCodec } from './bit.js';
import { boolCodec } from './bool.js';
import { byteaCodec, uuidCodec } from './bytea.js';
import { dateCodec, intervalCodec, timeCodec, timestampCodec, timestamptzCodec, timetzCodec } from './datetime-codec.js';
import { float4Codec, float8Codec } from './float.js';
import { boxCodec, circleCodec, lineCodec, pathCodec, pointCodec, polygonCodec, segmentCodec } from './geometry.js';
import { int2Codec, int4Codec, int8Codec, namedCodec, oidCodec, registeredCodec, xid8Codec, xidCodec } from './integer.js';
import { jsonbCodec, jsonCodec } from './json.js';
import { jsonPathCodec } from './jsonpath.js';
import { moneyCodec } from './money.js';
import { cidrCodec, inetCodec, macaddr8Codec, macaddrCodec } from './network.js';
import { numericCodec } from './numeric-codec.js';
import { Oid } from './oid.js';
import type { TypeCodec } from './pg-type.js';
import { pgLsnCodec, snapshotCodec, tidCodec } from './system-type.js';
import { textSearchConfigurations, textSearchDictionaries, tsqueryCodec, tsvectorCodec } from './text-search.js';
import { bpcharCodec, charCodec, nameCodec, textCodec, varcharCodec, voidCodec } from './text.js';

export const codecs: ReadonlyMap<number, TypeCodec> = new Map<number, TypeCodec>([
  [Oid.bool, boolCodec],
  [Oid.int2, int2Codec],
  [Oid.int4, int4Codec],
  [Oid.int8, int8Codec],
  [Oid.oid, oidCodec],
  [Oid.xid, xidCodec],
  [Oid.cid, xidCodec],
  [Oid.xid8, xid8Codec],
  [Oid.regproc, registeredCodec(Oid.regproc, '42883', (name) => `function "${name}" does not exist`)],
  [Oid.regprocedure, registeredCodec(Oid.regprocedure, '42883', (name) => `function "${name}" does not exist`)],
  [Oid.regoper, registeredCodec(Oid.regoper, '42883', (name) => `operator does not exist: ${name}`)],
  [Oid.regoperator, registeredCodec(Oid.regoperator, '42883', (name) => `operator does not exist: ${name}`)],
  [Oid.regclass, registeredCodec(Oid.regclass, '42P01', (name) => `relation "${name}" does not exist`)],
  [Oid.regtype, registeredCodec(Oid.regtype, '42704', (name) => `type "${name}" does not exist`)],
  [Oid.regconfig, namedCodec(Oid.regconfig, textSearchConfigurations, '42704', (name) => `text search configuration "${name}" does not exist`)],
  [Oid.regdictionary, namedCodec(Oid.regdictionary, textSearchDictionaries, '42704', (name) => `text search dictionary "${name}" does not exist`)],
  [Oid.regnamespace, registeredCodec(Oid.regnamespace, '3F000', (name) => `schema "${name}" does not exist`)],
  [Oid.regrole, registeredCodec(Oid.regrole, '42704', (name) => `role "${name}" does not exist`)],
  [Oid.regcollation, registeredCodec(Oid.regcollation, '42704', (name) => `collation "${name}" for encoding "UTF8" does not exist`)],
  [Oid.float4, float4Codec],
  [Oid.float8, float8Codec],
  [Oid.numeric, numericCodec],
  [Oid.date, dateCodec],
  [Oid.time, timeCodec],
  [Oid.timetz, timetzCodec],
  [Oid.timestamp, timestampCodec],
  [Oid.timestamptz, timestamptzCodec],
  [Oid.interval, intervalCodec],
  [Oid.bytea, byteaCodec],
  [Oid.uuid, uuidCodec],
  [Oid.json, jsonCodec],
  [Oid.jsonb, jsonbCodec],
  [Oid.jsonpath, jsonPathCodec],
  [Oid.bit, bitCodec],
  [Oid.varbit, varbitCodec],
  [Oid.money, moneyCodec],
  [Oid.inet, inetCodec],
  [Oid.cidr, cidrCodec],
  [Oid.macaddr, macaddrCodec],
  [Oid.macaddr8, macaddr8Codec],
  [Oid.tid, tidCodec],
  [Oid.pgLsn, pgLsnCodec],
  [Oid.pgSnapshot, snapshotCodec],
  [Oid.txidSnapshot, snapshotCodec],
  [Oid.point, pointCodec],
  [Oid.lseg, segmentCodec],
  [Oid.line, lineCodec],
  [Oid.box, boxCodec],
  [Oid.path, pathCodec],
  [Oid.polygon, polygonCodec],
  [Oid.circle, circleCodec],
  [Oid.tsvector, tsvectorCodec],
  [Oid.tsquery, tsqueryCodec],
  [Oid.text, textCodec],
  [Oid.varchar, varcharCodec],
  [Oid.bpchar, bpcharCodec],
  [Oid.name, nameCodec],
  [Oid.char, charCodec],
  [Oid.unknown, textCodec],
  [Oid.cstring, textCodec],
  [Oid.refcursor, textCodec],
  [Oid.pgNodeTree, textCodec],
  [Oid.aclitem, aclItemCodec],
  [Oid.void, voidCodec],
]);
