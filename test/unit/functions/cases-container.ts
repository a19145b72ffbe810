/** Calls of the functions over arrays and JSON that are compared with PostgreSQL. */
import type { Case } from './oracle.js';

type Arguments = readonly (string | null)[];

function cross(signature: string, ...values: readonly Arguments[]): Case[] {
  let lists: (string | null)[][] = [[]];
  for (const choices of values) lists = lists.flatMap((list) => choices.map((choice) => [...list, choice]));
  return lists.map((args) => ({ signature, args }));
}

const intArrays: Arguments = ['{}', '{1}', '{1,2,NULL,2}', '{{1,2},{3,4}}', '[0:1]={5,6}', '{{5,6}}', null];
const textArrays: Arguments = ['{}', '{a,"b c",NULL,"NULL","",é}', '{"x\\"y","a,b"}', null];
const objects: Arguments = [
  '{}',
  '[]',
  '{"a":1,"b":[1,2,{"c":null}],"é":"ü\\u0041"}',
  '[1,"a",null,true,{"a":{"b":2}}]',
  '"text"',
  '1.50',
  'null',
  'true',
  '{"a":1,"a":2}',
  ' { "a" : [ 1 , 2 ] } ',
  null,
];

function arrays(): Case[] {
  const cases: Case[] = [];
  cases.push(
    ...cross('array_append(int4[],int4)->int4[]', intArrays, ['9', null]),
    ...cross('array_prepend(int4,int4[])->int4[]', ['9', null], intArrays),
    ...cross('array_cat(int4[],int4[])->int4[]', intArrays, intArrays),
  );
  cases.push(...cross('||(int4[],int4)->int4[]', intArrays, ['9']), ...cross('array_append(text[],text)->text[]', textArrays, ['q"', null]));
  for (const name of ['array_ndims', 'array_dims', 'cardinality']) cases.push(...cross(`${name}(int4[])`, intArrays));
  for (const name of ['array_length', 'array_lower', 'array_upper']) cases.push(...cross(`${name}(int4[],int4)`, intArrays, ['0', '1', '2', '3']));
  cases.push(
    ...cross('array_position(int4[],int4)', intArrays, ['2', '6', null]),
    ...cross('array_position(int4[],int4,int4)', intArrays, ['2'], ['1', '3', null]),
    ...cross('array_positions(int4[],int4)', intArrays, ['2', '6', null]),
  );
  cases.push(
    ...cross('array_remove(int4[],int4)->int4[]', intArrays, ['2', '1', null]),
    ...cross('array_replace(int4[],int4,int4)->int4[]', intArrays, ['2', null], ['9', null]),
  );
  cases.push(
    ...cross('array_to_string(int4[],text)', intArrays, [',', '', null]),
    ...cross('array_to_string(text[],text,text)', textArrays, [','], ['*', null]),
    ...cross('array_to_string(timestamptz[],text)', ['{2024-01-01 12:00+00}'], [',']),
  );
  cases.push(
    ...cross('array_fill(int4,int4[])->int4[]', ['7', null], ['{2}', '{2,2}', '{0}', '{}', null, '{NULL}', '{{1}}']),
    ...cross('array_fill(int4,int4[],int4[])->int4[]', ['7'], ['{2,1}'], ['{0,5}', '{1}', null]),
  );
  cases.push(...cross('trim_array(int4[],int4)->int4[]', intArrays, ['0', '1', '2', '5', '-1']));
  for (const sign of ['@>', '<@', '&&'])
    cases.push(
      ...cross(`${sign}(int4[],int4[])`, intArrays, ['{}', '{2}', '{1,2}', '{NULL}', '{9}', null]),
      ...cross(`${sign}(numeric[],numeric[])`, ['{1.0,2.50}'], ['{1,2.5}', '{2}']),
    );
  for (const sign of ['=', '<', '>='])
    cases.push(...cross(`${sign}(int4[],int4[])`, intArrays, intArrays), ...cross(`${sign}(text[],text[])`, textArrays, textArrays));
  cases.push(
    ...cross('width_bucket(int4,int4[])', ['0', '1', '5', '9'], ['{1,3,7}', '{}', '{1,NULL}']),
    ...cross('num_nulls(int4,text)', ['1', null], ['a', null]),
    ...cross('num_nonnulls(int4,text)', ['1', null], ['a', null]),
  );
  return cases;
}

function json(): Case[] {
  const cases: Case[] = [];
  for (const type of ['json', 'jsonb']) {
    cases.push(
      ...cross(`->(${type},text)`, objects, ['a', 'b', 'x', '']),
      ...cross(`->>(${type},text)`, objects, ['a', 'b', 'é']),
      ...cross(`->(${type},int4)`, objects, ['0', '1', '-1', '-9', '4']),
      ...cross(`->>(${type},int4)`, objects, ['0', '1', '2', '-1']),
    );
    cases.push(
      ...cross(`#>(${type},text[])`, objects, ['{}', '{a}', '{b,2}', '{b,-1,c}', '{4,a,b}', '{a,NULL}']),
      ...cross(`#>>(${type},text[])`, objects, ['{}', '{a}', '{b,2,c}', '{1}']),
    );
    cases.push(
      ...cross(`${type}_typeof(${type})`, objects),
      ...cross(`${type}_array_length(${type})`, objects),
      ...cross(`${type}_strip_nulls(${type})`, objects),
    );
  }
  for (const sign of ['@>', '<@'])
    cases.push(
      ...cross(`${sign}(jsonb,jsonb)`, objects, objects),
      ...cross(`${sign}(jsonb,jsonb)`, ['["foo","bar"]', '"bar"', '{"a":[{"b":1}]}'], ['"bar"', '["bar"]', '{"a":[{}]}', '{"a":{}}']),
    );
  for (const sign of ['=', '<', '>=']) cases.push(...cross(`${sign}(jsonb,jsonb)`, objects, objects));
  cases.push(
    ...cross('?(jsonb,text)', objects, ['a', 'text', 'x']),
    ...cross('?|(jsonb,text[])', objects, ['{a,x}', '{}', '{NULL}']),
    ...cross('?&(jsonb,text[])', objects, ['{a,b}', '{}', '{NULL,a}']),
  );
  cases.push(
    ...cross('||(jsonb,jsonb)', objects, objects),
    ...cross('-(jsonb,text)', objects, ['a', 'x']),
    ...cross('-(jsonb,int4)', objects, ['0', '-1', '9']),
    ...cross('-(jsonb,text[])', objects, ['{a,b}', '{}']),
    ...cross('#-(jsonb,text[])', objects, ['{a}', '{b,0}', '{b,-1,c}', '{}', '{b,x}', '{NULL}', '{9}']),
  );
  cases.push(
    ...cross('jsonb_set(jsonb,text[],jsonb,bool)', objects, ['{a}', '{b,1}', '{b,9}', '{b,-9}', '{x}', '{x,y}', '{}', '{b,x}', '{0}'], ['"new"'], ['t', 'f']),
    ...cross('jsonb_insert(jsonb,text[],jsonb,bool)', objects, ['{a}', '{b,1}', '{x}', '{0}', '{-1}', '{9}'], ['"new"'], ['t', 'f']),
  );
  cases.push(
    ...cross(
      'jsonb_set_lax(jsonb,text[],jsonb,bool,text)',
      ['{"a":1}'],
      ['{a}'],
      [null, '2'],
      ['t'],
      ['use_json_null', 'delete_key', 'return_target', 'raise_exception', 'foo'],
    ),
    ...cross('jsonb_pretty(jsonb)', objects),
  );
  const samples: readonly (readonly [string, Arguments])[] = [
    ['int4', ['1', null]],
    ['int8', ['9223372036854775807']],
    ['numeric', ['1.50', 'NaN', '1e30']],
    ['float8', ['1.5', 'NaN', 'Infinity', '1e20', '1e-7']],
    ['bool', ['t', 'f']],
    ['text', ['a"b\\\n\té\u0001', '']],
    ['date', ['2024-01-02', 'infinity', '0044-03-15 BC']],
    ['timestamp', ['2024-01-02 03:04:05.6', 'infinity']],
    ['timestamptz', ['2024-07-02 03:04:05+00', '0044-03-15 12:00+00 BC']],
    ['time', ['01:02:03']],
    ['interval', ['1 day 02:03']],
    ['uuid', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
    ['bytea', ['\\x00ff']],
    ['int4[]', ['{1,NULL}', '{{1,2},{3,4}}', '{}']],
    ['text[]', ['{a,"b c",NULL}']],
    ['jsonb', ['{"a": [1, 2]}', 'null']],
    ['json', [' {"b":1, "a":2} ']],
    ['numeric[]', ['{1.5,NaN}']],
    ['bool[]', ['{t,f}']],
    ['varchar', ['v']],
    ['bpchar', ['b  ']],
  ];
  for (const [type, values] of samples) {
    for (const name of ['to_json', 'to_jsonb']) cases.push(...cross(`${name}(${type})`, values));
    cases.push(
      ...cross(`json_build_array(${type},${type})`, values, values.slice(0, 1)),
      ...cross(`jsonb_build_array(${type})`, values),
      ...cross(`json_build_object(text,${type})`, ['k"', null], values),
      ...cross(`jsonb_build_object(text,${type})`, ['k', null], values),
    );
    cases.push(...cross(`json_build_object(${type},int4)`, values, ['1']), ...cross(`jsonb_build_object(${type},int4)`, values, ['1']));
  }
  cases.push(
    ...cross('json_build_object(text,int4,text)', ['a'], ['1'], ['b']),
    ...cross('jsonb_build_object(text,int4,text,int4)', ['b', 'a'], ['1'], ['a'], ['2']),
    ...cross('array_to_json(int4[])', intArrays),
    ...cross('array_to_json(int4[],bool)', intArrays, ['t', 'f']),
  );
  for (const name of ['json_object', 'jsonb_object'])
    cases.push(
      ...cross(`${name}(text[])`, ['{}', '{a,1,b,NULL}', '{a}', '{{a,1},{b,2}}', '{{a,1,2}}', '{NULL,1}', '{b,1,a,2,b,3}']),
      ...cross(`${name}(text[],text[])`, ['{a,b}', '{}'], ['{1,NULL}', '{1}', '{}']),
    );
  for (const type of ['bool', 'numeric', 'int2', 'int4', 'int8', 'float4', 'float8'])
    cases.push(...cross(`${type}(jsonb)`, ['1', '1.6', 'true', 'null', '"a"', '[]', '{}', '1e10']));
  return cases;
}

export const cases: readonly Case[] = [...arrays(), ...json()];
