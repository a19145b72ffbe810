/** pg_ts_config, pg_ts_config_map, pg_ts_dict, pg_ts_parser and pg_ts_template: the text search that there is (functions/text-search). */
import { textSearchConfigurations, textSearchDictionaries } from '../../types/text-search.js';
import { fixedRelation } from './relation.js';

const common = { schema: 11, owner: 10 };
const defaultParser = 3722;
const simpleTemplate = 3727;
const snowballTemplate = 13150;

const oid = (names: ReadonlyMap<string, number>, name: string): number => names.get(name) ?? 0;
const simple = oid(textSearchDictionaries, 'simple');
const stem = oid(textSearchDictionaries, 'english_stem');

/** Kinds of tokens of the default parser that have a dictionary: all but blanks, tags, protocols and entities; and those that english stems. */
const tokens = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22];
const stemmed: ReadonlySet<number> = new Set([1, 2, 10, 11, 16, 17]);

const templates = [
  { oid: simpleTemplate, tmplname: 'simple', tmplinit: 3725, tmpllexize: 3726 },
  { oid: snowballTemplate, tmplname: 'snowball', tmplinit: 13148, tmpllexize: 13149 },
];

export const textSearchRelations = [
  fixedRelation('pg_catalog.pg_ts_parser', () => [
    { oid: defaultParser, prsname: 'default', prsnamespace: common.schema, prsstart: 3717, prstoken: 3718, prsend: 3719, prsheadline: 3720, prslextype: 3721 },
  ]),
  fixedRelation('pg_catalog.pg_ts_template', () => templates.map((template) => ({ ...template, tmplnamespace: common.schema }))),
  fixedRelation('pg_catalog.pg_ts_dict', () =>
    [...textSearchDictionaries].map(([dictname, dictionary]) => ({
      oid: dictionary,
      dictname,
      dictnamespace: common.schema,
      dictowner: common.owner,
      dicttemplate: dictionary === simple ? simpleTemplate : snowballTemplate,
      dictinitoption: dictionary === simple ? null : "language = 'english', stopwords = 'english'",
    })),
  ),
  fixedRelation('pg_catalog.pg_ts_config', () =>
    [...textSearchConfigurations].map(([cfgname, configuration]) => ({
      oid: configuration,
      cfgname,
      cfgnamespace: common.schema,
      cfgowner: common.owner,
      cfgparser: defaultParser,
    })),
  ),
  fixedRelation('pg_catalog.pg_ts_config_map', () =>
    [...textSearchConfigurations].flatMap(([name, mapcfg]) =>
      tokens.map((maptokentype) => ({ mapcfg, maptokentype, mapseqno: 1, mapdict: name === 'english' && stemmed.has(maptokentype) ? stem : simple })),
    ),
  ),
];
