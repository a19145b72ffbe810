/**
 * The one-way order of the folders in src/ (docs/architecture.md), and no cycles. `npm run dependencies` checks it.
 * Type-only imports are free: they bind nothing at run time.
 */
const mayImport = {
  common: [],
  types: [],
  functions: ['types'],
  sql: [],
  plpgsql: [],
  catalog: ['sql', 'types', 'functions'],
  plan: ['catalog', 'types', 'functions'],
  planner: ['plan', 'catalog', 'sql', 'types', 'functions'],
  'object-store': [],
  storage: ['plan', 'catalog', 'types', 'functions', 'object-store'],
  cluster: ['storage', 'catalog', 'plan', 'types', 'object-store'],
  executor: ['plan', 'storage', 'cluster', 'catalog', 'types', 'functions'],
  proxy: ['planner', 'executor', 'storage', 'cluster', 'plan', 'catalog', 'sql', 'plpgsql', 'types', 'functions'],
  http: ['proxy/session', 'cluster', 'types', 'object-store'],
};
const notTypeOnly = { dependencyTypesNot: ['type-only'] };

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two modules that need each other are one idea in two places.',
      severity: 'error',
      // The binder is as recursive as the grammar: expressions hold queries, which hold expressions.
      from: { pathNot: '^src/planner/bind/' },
      to: { circular: true, viaOnly: notTypeOnly },
    },
    ...Object.entries(mayImport).map(([folder, allowed]) => ({
      name: `order-of-${folder}`,
      comment: `${folder} may import only ${['itself', 'common', ...allowed].join(', ')} (docs/architecture.md).`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: '^src/', pathNot: `^src/(${[folder, 'common', ...allowed].join('|')})/`, ...notTypeOnly },
    })),
    {
      name: 'known-folders',
      comment: 'A new folder of src/ needs its place in the order above.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${[...Object.keys(mayImport), 'cli', 'index\\.ts'].join('|')})` },
      to: {},
    },
    {
      name: 'sources-do-not-import-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-development-dependencies',
      comment: 'What src/ imports at run time is a dependency, not a development dependency.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/(@types|tsx)/' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^tsx/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts', '.json'],
    },
  },
};
