/** pg_opclass and pg_opfamily: the operator classes of PostgreSQL 15 by access method. CREATE INDEX looks up here what a type's classes are. */
import { Oid, typeByOid } from '../../types/registry.js';
import { fixedRelation } from './relation.js';

/** Behind the name of each method: oid opcname opcfamily opcintype opcdefault opckeytype. */
const classes = `
btree
10000 array_ops 397 2277 t 0
10002 bit_ops 423 1560 t 0
10003 bool_ops 424 16 t 0
10004 bpchar_ops 426 1042 t 0
10006 bytea_ops 428 17 t 0
10007 char_ops 429 18 t 0
10009 cidr_ops 1974 869 f 0
3122 date_ops 434 1082 t 0
10012 float4_ops 1970 700 t 0
3123 float8_ops 1970 701 t 0
10015 inet_ops 1974 869 t 0
1979 int2_ops 1976 21 t 0
1978 int4_ops 1976 23 t 0
3124 int8_ops 1976 20 t 0
10022 interval_ops 1982 1186 t 0
10024 macaddr_ops 1984 829 t 0
10026 macaddr8_ops 3371 774 t 0
10028 name_ops 1994 19 t 2275
3125 numeric_ops 1988 1700 t 0
1981 oid_ops 1989 26 t 0
10032 oidvector_ops 1991 30 t 0
10034 record_ops 2994 2249 t 0
10036 record_image_ops 3194 2249 f 0
3126 text_ops 1994 25 t 0
10038 time_ops 1996 1083 t 0
3127 timestamptz_ops 434 1184 t 0
10041 timetz_ops 2000 1266 t 0
10043 varbit_ops 2002 1562 t 0
10044 varchar_ops 1994 25 f 0
3128 timestamp_ops 434 1114 t 0
4217 text_pattern_ops 2095 25 f 0
4218 varchar_pattern_ops 2095 25 f 0
4219 bpchar_pattern_ops 2097 1042 f 0
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
hash
10001 array_ops 627 2277 t 0
10005 bpchar_ops 427 1042 t 0
10008 char_ops 431 18 t 0
10010 cidr_ops 1975 869 f 0
10011 date_ops 435 1082 t 0
10013 float4_ops 1971 700 t 0
10014 float8_ops 1971 701 t 0
10016 inet_ops 1975 869 t 0
10019 int2_ops 1977 21 t 0
10020 int4_ops 1977 23 t 0
10021 int8_ops 1977 20 t 0
10023 interval_ops 1983 1186 t 0
10025 macaddr_ops 1985 829 t 0
10027 macaddr8_ops 3372 774 t 0
10029 name_ops 1995 19 t 0
10030 numeric_ops 1998 1700 t 0
10031 oid_ops 1990 26 t 0
10033 oidvector_ops 1992 30 t 0
10035 record_ops 6194 2249 t 0
10037 text_ops 1995 25 t 0
10039 time_ops 1997 1083 t 0
10040 timestamptz_ops 1999 1184 t 0
10042 timetz_ops 2001 1266 t 0
10045 varchar_ops 1995 25 f 0
10046 timestamp_ops 2040 1114 t 0
10048 bool_ops 2222 16 t 0
10049 bytea_ops 2223 17 t 0
10051 xid_ops 2225 28 t 0
10052 xid8_ops 5032 5069 t 0
10054 cid_ops 2226 29 t 0
10055 tid_ops 2227 27 t 0
10056 text_pattern_ops 2229 25 f 0
10057 varchar_pattern_ops 2229 25 f 0
10058 bpchar_pattern_ops 2231 1042 f 0
10059 aclitem_ops 2235 1033 t 0
10066 uuid_ops 2969 2950 t 0
10068 pg_lsn_ops 3254 3220 t 0
10070 enum_ops 3523 3500 t 0
10077 range_ops 3903 3831 t 0
10081 multirange_ops 4225 4537 t 0
10089 jsonb_ops 4034 3802 t 0
gist
10017 inet_ops 3550 869 f 0
10060 box_ops 2593 603 t 0
10061 point_ops 1029 600 t 603
10062 poly_ops 2594 604 t 603
10063 circle_ops 2595 718 t 603
10072 tsvector_ops 3655 3614 t 3642
10075 tsquery_ops 3702 3615 t 20
10078 range_ops 3919 3831 t 0
10082 multirange_ops 6158 4537 t 3831
gin
10064 array_ops 2745 2277 t 2283
10073 tsvector_ops 3659 3614 t 25
10090 jsonb_ops 4036 3802 t 25
10091 jsonb_path_ops 4037 3802 f 23
spgist
10018 inet_ops 3794 869 t 0
10079 range_ops 3474 3831 t 0
10083 box_ops 5000 603 t 0
10084 quad_point_ops 4015 600 t 0
10085 kd_point_ops 4016 600 f 0
10086 text_ops 4017 25 t 0
10087 poly_ops 5008 604 t 603
brin
10092 bytea_minmax_ops 4064 17 t 17
10093 bytea_bloom_ops 4578 17 f 17
10094 char_minmax_ops 4062 18 t 18
10095 char_bloom_ops 4577 18 f 18
10096 name_minmax_ops 4065 19 t 19
10097 name_bloom_ops 4579 19 f 19
10098 int8_minmax_ops 4054 20 t 20
10099 int8_minmax_multi_ops 4602 20 f 20
10100 int8_bloom_ops 4572 20 f 20
10101 int2_minmax_ops 4054 21 t 21
10102 int2_minmax_multi_ops 4602 21 f 21
10103 int2_bloom_ops 4572 21 f 21
10104 int4_minmax_ops 4054 23 t 23
10105 int4_minmax_multi_ops 4602 23 f 23
10106 int4_bloom_ops 4572 23 f 23
10107 text_minmax_ops 4056 25 t 25
10108 text_bloom_ops 4573 25 f 25
10109 oid_minmax_ops 4068 26 t 26
10110 oid_minmax_multi_ops 4606 26 f 26
10111 oid_bloom_ops 4580 26 f 26
10112 tid_minmax_ops 4069 27 t 27
10113 tid_bloom_ops 4581 27 f 27
10114 tid_minmax_multi_ops 4607 27 f 27
10115 float4_minmax_ops 4070 700 t 700
10116 float4_minmax_multi_ops 4608 700 f 700
10117 float4_bloom_ops 4582 700 f 700
10118 float8_minmax_ops 4070 701 t 701
10119 float8_minmax_multi_ops 4608 701 f 701
10120 float8_bloom_ops 4582 701 f 701
10121 macaddr_minmax_ops 4074 829 t 829
10122 macaddr_minmax_multi_ops 4609 829 f 829
10123 macaddr_bloom_ops 4583 829 f 829
10124 macaddr8_minmax_ops 4109 774 t 774
10125 macaddr8_minmax_multi_ops 4610 774 f 774
10126 macaddr8_bloom_ops 4584 774 f 774
10127 inet_minmax_ops 4075 869 f 869
10128 inet_minmax_multi_ops 4611 869 f 869
10129 inet_bloom_ops 4585 869 f 869
10130 inet_inclusion_ops 4102 869 t 869
10131 bpchar_minmax_ops 4076 1042 t 1042
10132 bpchar_bloom_ops 4586 1042 f 1042
10133 time_minmax_ops 4077 1083 t 1083
10134 time_minmax_multi_ops 4612 1083 f 1083
10135 time_bloom_ops 4587 1083 f 1083
10136 date_minmax_ops 4059 1082 t 1082
10137 date_minmax_multi_ops 4605 1082 f 1082
10138 date_bloom_ops 4576 1082 f 1082
10139 timestamp_minmax_ops 4059 1114 t 1114
10140 timestamp_minmax_multi_ops 4605 1114 f 1114
10141 timestamp_bloom_ops 4576 1114 f 1114
10142 timestamptz_minmax_ops 4059 1184 t 1184
10143 timestamptz_minmax_multi_ops 4605 1184 f 1184
10144 timestamptz_bloom_ops 4576 1184 f 1184
10145 interval_minmax_ops 4078 1186 t 1186
10146 interval_minmax_multi_ops 4613 1186 f 1186
10147 interval_bloom_ops 4588 1186 f 1186
10148 timetz_minmax_ops 4058 1266 t 1266
10149 timetz_minmax_multi_ops 4604 1266 f 1266
10150 timetz_bloom_ops 4575 1266 f 1266
10151 bit_minmax_ops 4079 1560 t 1560
10152 varbit_minmax_ops 4080 1562 t 1562
10153 numeric_minmax_ops 4055 1700 t 1700
10154 numeric_minmax_multi_ops 4603 1700 f 1700
10155 numeric_bloom_ops 4574 1700 f 1700
10156 uuid_minmax_ops 4081 2950 t 2950
10157 uuid_minmax_multi_ops 4614 2950 f 2950
10158 uuid_bloom_ops 4589 2950 f 2950
10159 range_inclusion_ops 4103 3831 t 3831
10160 pg_lsn_minmax_ops 4082 3220 t 3220
10161 pg_lsn_minmax_multi_ops 4615 3220 f 3220
10162 pg_lsn_bloom_ops 4590 3220 f 3220
10163 box_inclusion_ops 4104 603 t 603
`;

/** Behind the name of each method: oid opfname. */
const families = `
btree
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
hash
427 bpchar_ops
431 char_ops
435 date_ops
627 array_ops
1971 float_ops
1975 network_ops
1977 integer_ops
1983 interval_ops
1985 macaddr_ops
1990 oid_ops
1992 oidvector_ops
1995 text_ops
1997 time_ops
1998 numeric_ops
1999 timestamptz_ops
2001 timetz_ops
2040 timestamp_ops
2222 bool_ops
2223 bytea_ops
2225 xid_ops
2226 cid_ops
2227 tid_ops
2229 text_pattern_ops
2231 bpchar_pattern_ops
2235 aclitem_ops
2969 uuid_ops
3254 pg_lsn_ops
3372 macaddr8_ops
3523 enum_ops
3903 range_ops
4034 jsonb_ops
4225 multirange_ops
5032 xid8_ops
6194 record_ops
gist
1029 point_ops
2593 box_ops
2594 poly_ops
2595 circle_ops
3550 network_ops
3655 tsvector_ops
3702 tsquery_ops
3919 range_ops
6158 multirange_ops
gin
2745 array_ops
3659 tsvector_ops
4036 jsonb_ops
4037 jsonb_path_ops
spgist
3474 range_ops
3794 network_ops
4015 quad_point_ops
4016 kd_point_ops
4017 text_ops
5000 box_ops
5008 poly_ops
brin
4054 integer_minmax_ops
4055 numeric_minmax_ops
4056 text_minmax_ops
4058 timetz_minmax_ops
4059 datetime_minmax_ops
4062 char_minmax_ops
4064 bytea_minmax_ops
4065 name_minmax_ops
4068 oid_minmax_ops
4069 tid_minmax_ops
4070 float_minmax_ops
4074 macaddr_minmax_ops
4075 network_minmax_ops
4076 bpchar_minmax_ops
4077 time_minmax_ops
4078 interval_minmax_ops
4079 bit_minmax_ops
4080 varbit_minmax_ops
4081 uuid_minmax_ops
4082 pg_lsn_minmax_ops
4102 network_inclusion_ops
4103 range_inclusion_ops
4104 box_inclusion_ops
4109 macaddr8_minmax_ops
4572 integer_bloom_ops
4573 text_bloom_ops
4574 numeric_bloom_ops
4575 timetz_bloom_ops
4576 datetime_bloom_ops
4577 char_bloom_ops
4578 bytea_bloom_ops
4579 name_bloom_ops
4580 oid_bloom_ops
4581 tid_bloom_ops
4582 float_bloom_ops
4583 macaddr_bloom_ops
4584 macaddr8_bloom_ops
4585 network_bloom_ops
4586 bpchar_bloom_ops
4587 time_bloom_ops
4588 interval_bloom_ops
4589 uuid_bloom_ops
4590 pg_lsn_bloom_ops
4602 integer_minmax_multi_ops
4603 numeric_minmax_multi_ops
4604 timetz_minmax_multi_ops
4605 datetime_minmax_multi_ops
4606 oid_minmax_multi_ops
4607 tid_minmax_multi_ops
4608 float_minmax_multi_ops
4609 macaddr_minmax_multi_ops
4610 macaddr8_minmax_multi_ops
4611 network_minmax_multi_ops
4612 time_minmax_multi_ops
4613 interval_minmax_multi_ops
4614 uuid_minmax_multi_ops
4615 pg_lsn_minmax_multi_ops
`;

/** OIDs of the access methods of indexes. */
export const accessMethods: ReadonlyMap<string, number> = new Map([
  ['btree', 403],
  ['hash', 405],
  ['gist', 783],
  ['gin', 2742],
  ['spgist', 4000],
  ['brin', 3580],
]);

/** The lines of a text above, each with its method. */
function byMethod(text: string): readonly { readonly method: string; readonly fields: readonly string[] }[] {
  let method = '';
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const fields = line.split(' ');
      if (fields.length > 1) return [{ method, fields }];
      method = line;
      return [];
    });
}

export interface OperatorClass {
  readonly method: string;
  readonly oid: number;
  readonly name: string;
  readonly family: number;
  readonly input: number;
  readonly isDefault: boolean;
  readonly key: number;
  readonly isCollatable: boolean;
}

const list: readonly OperatorClass[] = byMethod(classes).map(({ method, fields }) => {
  const [oid, name, family, input, isDefault, key] = fields as [string, string, string, string, string, string];
  return {
    method,
    oid: Number(oid),
    name,
    family: Number(family),
    input: Number(input),
    isDefault: isDefault === 't',
    key: Number(key),
    isCollatable: (typeByOid(Number(input))?.collationOid ?? 0) !== 0,
  };
});

const key = (method: string, input: number): string => `${method} ${String(input)}`;
const byInput = new Map(list.filter((one) => one.isDefault).map((one) => [key(one.method, one.input), one]));
const varcharOid = 1043;

/** The types whose classes take a type: itself, what it is binary coercible to, and the polymorphic one of its kind. */
function inputsOf(typeOid: number): readonly number[] {
  const type = typeByOid(typeOid);
  const own = typeOid === varcharOid ? [typeOid, Oid.text] : typeOid === Oid.cidr ? [typeOid, Oid.inet] : [typeOid];
  switch (type?.category) {
    case 'A':
      return [...own, Oid.anyarray];
    case 'E':
      return [...own, Oid.anyenum];
    case 'R':
      return [...own, type.name.endsWith('multirange') ? Oid.anymultirange : Oid.anyrange];
    case 'C':
      return [...own, Oid.record];
    default:
      return own;
  }
}

/** The default class of a type under an access method. */
export function operatorClassOf(typeOid: number, method = 'btree'): OperatorClass | undefined {
  for (const input of inputsOf(typeOid)) {
    const found = byInput.get(key(method, input));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The class of that name; `fits`: whether it takes the type. */
export function operatorClassNamed(name: string, method: string, typeOid: number): (OperatorClass & { readonly fits: boolean }) | undefined {
  const named = list.filter((one) => one.method === method && one.name === name);
  const fitting = named.find((one) => inputsOf(typeOid).includes(one.input));
  const [first] = named;
  return first === undefined ? undefined : { ...(fitting ?? first), fits: fitting !== undefined };
}

export const pgOpclass = fixedRelation('pg_catalog.pg_opclass', () =>
  list.map((one) => ({
    oid: one.oid,
    opcmethod: accessMethods.get(one.method) ?? 0,
    opcname: one.name,
    opcnamespace: 11,
    opcowner: 10,
    opcfamily: one.family,
    opcintype: one.input,
    opcdefault: one.isDefault,
    opckeytype: one.key,
  })),
);

let methods: ReadonlyMap<number, number> | undefined;

/** pg_am.oid of an operator family's access method. */
export function methodOfFamily(family: number): number {
  methods ??= new Map(byMethod(families).map(({ method, fields: [oid] }) => [Number(oid), accessMethods.get(method) ?? 0]));
  return methods.get(family) ?? 0;
}

export function familyName(family: number): string {
  return byMethod(families).find(({ fields: [oid] }) => Number(oid) === family)?.fields[1] ?? String(family);
}

export const pgOpfamily = fixedRelation('pg_catalog.pg_opfamily', () =>
  byMethod(families).map(({ method, fields: [oid, name] }) => ({
    oid: Number(oid),
    opfmethod: accessMethods.get(method) ?? 0,
    opfname: name,
    opfnamespace: 11,
    opfowner: 10,
  })),
);
