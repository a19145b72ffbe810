/**
 * pg_type's rows of the built-in types that are not arrays: metadata without code. The registry joins them with codecs and makes the array types.
 * Source: pg_type of PostgreSQL 15. The columns, separated by one blank:
 * oid typname typlen typtype typcategory typispreferred typarray typalign typbyval typstorage typcollation typelem format_type
 */
import type { TypeRow } from './pg-type.js';

const rows = `
16 bool 1 b B 1 1000 c 1 p 0 0 boolean
17 bytea -1 b U 0 1001 i 0 x 0 0 bytea
18 char 1 b Z 0 1002 c 1 p 0 0 "char"
19 name 64 b S 0 1003 c 0 p 950 18 name
20 int8 8 b N 0 1016 d 1 p 0 0 bigint
21 int2 2 b N 0 1005 s 1 p 0 0 smallint
22 int2vector -1 b A 0 1006 i 0 p 0 21 int2vector
23 int4 4 b N 0 1007 i 1 p 0 0 integer
24 regproc 4 b N 0 1008 i 1 p 0 0 regproc
25 text -1 b S 1 1009 i 0 x 100 0 text
26 oid 4 b N 1 1028 i 1 p 0 0 oid
27 tid 6 b U 0 1010 s 0 p 0 0 tid
28 xid 4 b U 0 1011 i 1 p 0 0 xid
29 cid 4 b U 0 1012 i 1 p 0 0 cid
30 oidvector -1 b A 0 1013 i 0 p 0 26 oidvector
32 pg_ddl_command 8 p P 0 0 d 1 p 0 0 pg_ddl_command
114 json -1 b U 0 199 i 0 x 0 0 json
142 xml -1 b U 0 143 i 0 x 0 0 xml
194 pg_node_tree -1 b Z 0 0 i 0 x 100 0 pg_node_tree
269 table_am_handler 4 p P 0 0 i 1 p 0 0 table_am_handler
325 index_am_handler 4 p P 0 0 i 1 p 0 0 index_am_handler
600 point 16 b G 0 1017 d 0 p 0 701 point
601 lseg 32 b G 0 1018 d 0 p 0 600 lseg
602 path -1 b G 0 1019 d 0 x 0 0 path
603 box 32 b G 0 1020 d 0 p 0 600 box
604 polygon -1 b G 0 1027 d 0 x 0 0 polygon
628 line 24 b G 0 629 d 0 p 0 701 line
650 cidr -1 b I 0 651 i 0 m 0 0 cidr
700 float4 4 b N 0 1021 i 1 p 0 0 real
701 float8 8 b N 1 1022 d 1 p 0 0 double precision
705 unknown -2 p X 0 0 c 0 p 0 0 unknown
718 circle 24 b G 0 719 d 0 p 0 0 circle
774 macaddr8 8 b U 0 775 i 0 p 0 0 macaddr8
790 money 8 b N 0 791 d 1 p 0 0 money
829 macaddr 6 b U 0 1040 i 0 p 0 0 macaddr
869 inet -1 b I 1 1041 i 0 m 0 0 inet
1033 aclitem 12 b U 0 1034 i 0 p 0 0 aclitem
1042 bpchar -1 b S 0 1014 i 0 x 100 0 character
1043 varchar -1 b S 0 1015 i 0 x 100 0 character varying
1082 date 4 b D 0 1182 i 1 p 0 0 date
1083 time 8 b D 0 1183 d 1 p 0 0 time without time zone
1114 timestamp 8 b D 0 1115 d 1 p 0 0 timestamp without time zone
1184 timestamptz 8 b D 1 1185 d 1 p 0 0 timestamp with time zone
1186 interval 16 b T 1 1187 d 0 p 0 0 interval
1266 timetz 12 b D 0 1270 d 0 p 0 0 time with time zone
1560 bit -1 b V 0 1561 i 0 x 0 0 bit
1562 varbit -1 b V 1 1563 i 0 x 0 0 bit varying
1700 numeric -1 b N 0 1231 i 0 m 0 0 numeric
1790 refcursor -1 b U 0 2201 i 0 x 0 0 refcursor
2202 regprocedure 4 b N 0 2207 i 1 p 0 0 regprocedure
2203 regoper 4 b N 0 2208 i 1 p 0 0 regoper
2204 regoperator 4 b N 0 2209 i 1 p 0 0 regoperator
2205 regclass 4 b N 0 2210 i 1 p 0 0 regclass
2206 regtype 4 b N 0 2211 i 1 p 0 0 regtype
2249 record -1 p P 0 2287 d 0 x 0 0 record
2275 cstring -2 p P 0 1263 c 0 p 0 0 cstring
2276 any 4 p P 0 0 i 1 p 0 0 "any"
2277 anyarray -1 p P 0 0 d 0 x 0 0 anyarray
2278 void 4 p P 0 0 i 1 p 0 0 void
2279 trigger 4 p P 0 0 i 1 p 0 0 trigger
2280 language_handler 4 p P 0 0 i 1 p 0 0 language_handler
2281 internal 8 p P 0 0 d 1 p 0 0 internal
2283 anyelement 4 p P 0 0 i 1 p 0 0 anyelement
2287 _record -1 p P 0 0 d 0 x 0 2249 record[]
2776 anynonarray 4 p P 0 0 i 1 p 0 0 anynonarray
2950 uuid 16 b U 0 2951 c 0 p 0 0 uuid
2970 txid_snapshot -1 b U 0 2949 d 0 x 0 0 txid_snapshot
3115 fdw_handler 4 p P 0 0 i 1 p 0 0 fdw_handler
3220 pg_lsn 8 b U 0 3221 d 1 p 0 0 pg_lsn
3310 tsm_handler 4 p P 0 0 i 1 p 0 0 tsm_handler
3361 pg_ndistinct -1 b Z 0 0 i 0 x 100 0 pg_ndistinct
3402 pg_dependencies -1 b Z 0 0 i 0 x 100 0 pg_dependencies
3500 anyenum 4 p P 0 0 i 1 p 0 0 anyenum
3614 tsvector -1 b U 0 3643 i 0 x 0 0 tsvector
3615 tsquery -1 b U 0 3645 i 0 p 0 0 tsquery
3642 gtsvector -1 b U 0 3644 i 0 p 0 0 gtsvector
3734 regconfig 4 b N 0 3735 i 1 p 0 0 regconfig
3769 regdictionary 4 b N 0 3770 i 1 p 0 0 regdictionary
3802 jsonb -1 b U 0 3807 i 0 x 0 0 jsonb
3831 anyrange -1 p P 0 0 d 0 x 0 0 anyrange
3838 event_trigger 4 p P 0 0 i 1 p 0 0 event_trigger
3904 int4range -1 r R 0 3905 i 0 x 0 0 int4range
3906 numrange -1 r R 0 3907 i 0 x 0 0 numrange
3908 tsrange -1 r R 0 3909 d 0 x 0 0 tsrange
3910 tstzrange -1 r R 0 3911 d 0 x 0 0 tstzrange
3912 daterange -1 r R 0 3913 i 0 x 0 0 daterange
3926 int8range -1 r R 0 3927 d 0 x 0 0 int8range
4072 jsonpath -1 b U 0 4073 i 0 x 0 0 jsonpath
4089 regnamespace 4 b N 0 4090 i 1 p 0 0 regnamespace
4096 regrole 4 b N 0 4097 i 1 p 0 0 regrole
4191 regcollation 4 b N 0 4192 i 1 p 0 0 regcollation
4451 int4multirange -1 m R 0 6150 i 0 x 0 0 int4multirange
4532 nummultirange -1 m R 0 6151 i 0 x 0 0 nummultirange
4533 tsmultirange -1 m R 0 6152 d 0 x 0 0 tsmultirange
4534 tstzmultirange -1 m R 0 6153 d 0 x 0 0 tstzmultirange
4535 datemultirange -1 m R 0 6155 i 0 x 0 0 datemultirange
4536 int8multirange -1 m R 0 6157 d 0 x 0 0 int8multirange
4537 anymultirange -1 p P 0 0 d 0 x 0 0 anymultirange
4538 anycompatiblemultirange -1 p P 0 0 d 0 x 0 0 anycompatiblemultirange
4600 pg_brin_bloom_summary -1 b Z 0 0 i 0 x 100 0 pg_brin_bloom_summary
4601 pg_brin_minmax_multi_summary -1 b Z 0 0 i 0 x 100 0 pg_brin_minmax_multi_summary
5017 pg_mcv_list -1 b Z 0 0 i 0 x 100 0 pg_mcv_list
5038 pg_snapshot -1 b U 0 5039 d 0 x 0 0 pg_snapshot
5069 xid8 8 b U 0 271 d 1 p 0 0 xid8
5077 anycompatible 4 p P 0 0 i 1 p 0 0 anycompatible
5078 anycompatiblearray -1 p P 0 0 d 0 x 0 0 anycompatiblearray
5079 anycompatiblenonarray 4 p P 0 0 i 1 p 0 0 anycompatiblenonarray
5080 anycompatiblerange -1 p P 0 0 d 0 x 0 0 anycompatiblerange
`;

/** Every built-in type that is not an array made by the registry. */
export const typeRows: readonly TypeRow[] = rows
  .trim()
  .split('\n')
  .map((line) => {
    const [oid, name, length, kind, category, preferred, arrayOid, align, byValue, storage, collation, elementOid, ...display] = line.split(' ') as [
      string,
      ...string[],
    ];
    return {
      oid: Number(oid),
      name: name as string,
      displayName: display.join(' '),
      length: Number(length),
      kind: kind as TypeRow['kind'],
      category: category as string,
      preferred: preferred === '1',
      ...(elementOid === '0' ? {} : { elementOid: Number(elementOid) }),
      ...(arrayOid === '0' ? {} : { arrayOid: Number(arrayOid) }),
      align: align as TypeRow['align'],
      byValue: byValue === '1',
      storage: storage as TypeRow['storage'],
      collationOid: Number(collation),
      delimiter: name === 'box' ? ';' : ',',
    };
  });
