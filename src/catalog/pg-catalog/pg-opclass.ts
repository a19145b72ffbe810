/** pg_opclass and pg_opfamily: the B-tree operator classes of PostgreSQL 15. */
import { typeByOid } from '../../types/registry.js';
import { fixedRelation } from './relation.js';

/** oid opcname opcfamily opcintype opcdefault opckeytype */
const classes = `
1978 int4_ops 1976 23 t 0
1979 int2_ops 1976 21 t 0
1981 oid_ops 1989 26 t 0
3122 date_ops 434 1082 t 0
3123 float8_ops 1970 701 t 0
3124 int8_ops 1976 20 t 0
3125 numeric_ops 1988 1700 t 0
3126 text_ops 1994 25 t 0
3127 timestamptz_ops 434 1184 t 0
3128 timestamp_ops 434 1114 t 0
4217 text_pattern_ops 2095 25 f 0
4218 varchar_pattern_ops 2095 25 f 0
4219 bpchar_pattern_ops 2097 1042 f 0
10000 array_ops 397 2277 t 0
10002 bit_ops 423 1560 t 0
10003 bool_ops 424 16 t 0
10004 bpchar_ops 426 1042 t 0
10006 bytea_ops 428 17 t 0
10007 char_ops 429 18 t 0
10009 cidr_ops 1974 869 f 0
10012 float4_ops 1970 700 t 0
10015 inet_ops 1974 869 t 0
10022 interval_ops 1982 1186 t 0
10024 macaddr_ops 1984 829 t 0
10026 macaddr8_ops 3371 774 t 0
10028 name_ops 1994 19 t 2275
10032 oidvector_ops 1991 30 t 0
10034 record_ops 2994 2249 t 0
10036 record_image_ops 3194 2249 f 0
10038 time_ops 1996 1083 t 0
10041 timetz_ops 2000 1266 t 0
10043 varbit_ops 2002 1562 t 0
10044 varchar_ops 1994 25 f 0
10047 money_ops 2099 790 t 0
10050 tid_ops 2789 27 t 0
10053 xid8_ops 5067 5069 t 0
10065 uuid_ops 2968 2950 t 0
10067 pg_lsn_ops 3253 3220 t 0
10069 enum_ops 3522 3500 t 0
10071 tsvector_ops 3626 3614 t 0
10074 tsquery_ops 3683 3615 t 0
10076 range_ops 3901 3831 t 0
10080 multirange_ops 4199 4537 t 0
10088 jsonb_ops 4033 3802 t 0
`;

/** oid opfname */
const families = `
397 array_ops
423 bit_ops
424 bool_ops
426 bpchar_ops
428 bytea_ops
429 char_ops
434 datetime_ops
1970 float_ops
1974 network_ops
1976 integer_ops
1982 interval_ops
1984 macaddr_ops
1988 numeric_ops
1989 oid_ops
1991 oidvector_ops
1994 text_ops
1996 time_ops
2000 timetz_ops
2002 varbit_ops
2095 text_pattern_ops
2097 bpchar_pattern_ops
2099 money_ops
2789 tid_ops
2968 uuid_ops
2994 record_ops
3194 record_image_ops
3253 pg_lsn_ops
3371 macaddr8_ops
3522 enum_ops
3626 tsvector_ops
3683 tsquery_ops
3901 range_ops
4033 jsonb_ops
4199 multirange_ops
5067 xid8_ops
`;

interface OperatorClass {
  readonly oid: number;
  readonly name: string;
  readonly family: number;
  readonly input: number;
  readonly isDefault: boolean;
  readonly key: number;
  readonly isCollatable: boolean;
}

const list: readonly OperatorClass[] = classes
  .trim()
  .split('\n')
  .map((line) => {
    const [oid, name, family, input, isDefault, key] = line.split(' ') as [string, string, string, string, string, string];
    return {
      oid: Number(oid),
      name,
      family: Number(family),
      input: Number(input),
      isDefault: isDefault === 't',
      key: Number(key),
      isCollatable: (typeByOid(Number(input))?.collationOid ?? 0) !== 0,
    };
  });

const byInput = new Map(list.filter((one) => one.isDefault).map((one) => [one.input, one]));
const textOid = 25;
const varcharOid = 1043;
const anyArrayOid = 2277;

/** The default B-tree class of a type. */
export function operatorClassOf(typeOid: number): OperatorClass | undefined {
  return byInput.get(typeOid === varcharOid ? textOid : typeOid) ?? (typeByOid(typeOid)?.category === 'A' ? byInput.get(anyArrayOid) : undefined);
}

export const pgOpclass = fixedRelation('pg_catalog.pg_opclass', () =>
  list.map((one) => ({
    oid: one.oid,
    opcmethod: 403,
    opcname: one.name,
    opcnamespace: 11,
    opcowner: 10,
    opcfamily: one.family,
    opcintype: one.input,
    opcdefault: one.isDefault,
    opckeytype: one.key,
  })),
);

export const pgOpfamily = fixedRelation('pg_catalog.pg_opfamily', () =>
  families
    .trim()
    .split('\n')
    .map((line) => {
      const [oid, name] = line.split(' ') as [string, string];
      return { oid: Number(oid), opfmethod: 403, opfname: name, opfnamespace: 11, opfowner: 10 };
    }),
);
