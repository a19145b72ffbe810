/**
 * Compiles better-sqlite3 with SQLITE_MAX_ATTACHED=125 (Shoal attaches one file per shard to a connection, and the prebuilt binary allows 10) and
 * SQLITE_MAX_VARIABLE_NUMBER=65535 (as many parameters as PostgreSQL's protocol can carry; SQLite's default is half).
 * Compiles Shoal's own SQLite extensions beside it, with the same compiler: native/page-guard.c (page checksums),
 * native/row-table.c (encoded rows as a table) and native/row-sink.c (rows as encoded bytes).
 * Does nothing when both are already right, so every entry point (npm start, npm test, npm run build, bin/shoal) calls it.
 * A stamp in node_modules/.cache keeps the usual case at one file read.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, 'node_modules', '.cache');
const stampFile = join(cache, 'native.stamp');
const flags = '-DSQLITE_MAX_ATTACHED=125 -DSQLITE_MAX_VARIABLE_NUMBER=65535';

/** Each source says its version, which stands in the library's file name: a program never loads the library of another one. */
const extensions = [
  { source: 'page-guard.c', library: 'pageguard', version: /#define GUARD_VERSION (\d+)/ },
  { source: 'row-table.c', library: 'rowtable', version: /#define ROW_TABLE_VERSION (\d+)/ },
  { source: 'row-sink.c', library: 'rowsink', version: /#define ROW_SINK_VERSION (\d+)/ },
];

/** An error whose message is all that the user needs to see. */
export class BuildError extends Error {}

/** Makes sure that the SQLite binding is there and has Shoal's limits, and the extensions beside it. */
export async function ensureSqlite() {
  const { directory, version } = findPackage();
  const binding = join(directory, 'build', 'Release', 'better_sqlite3.node');
  const built = extensions.map(({ source, library, version: pattern }) => {
    const file = join(root, 'native', source);
    const text = readFileSync(file, 'utf8');
    const name = `${library}${text.match(pattern)[1]}${{ darwin: '.dylib', win32: '.dll' }[process.platform] ?? '.so'}`;
    return { file, target: join(directory, 'build', 'Release', name), digest: createHash('sha256').update(text).digest('hex').slice(0, 16) };
  });
  const stamp = `${version} ${process.arch} ${process.versions.modules} ${flags} ${built.map(({ digest }) => digest).join(' ')}\n`;
  const isThere = () => existsSync(binding) && built.every(({ target }) => existsSync(target));
  const stamped = () => isThere() && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (stamped()) return;
  await withLock(join(cache, 'sqlite.lock'), () => {
    if (stamped()) return;
    if (!bindingIsRight(directory, binding)) {
      compile();
      if (!bindingIsRight(directory, binding)) throw new BuildError('SQLite was compiled, but does not have MAX_ATTACHED=125 and MAX_VARIABLE_NUMBER=65535.');
    }
    for (const { file, target } of built) compileExtension(directory, file, target);
    mkdirSync(cache, { recursive: true });
    writeFileSync(stampFile, stamp);
  });
}

function findPackage() {
  const require = createRequire(import.meta.url);
  try {
    const file = require.resolve('better-sqlite3/package.json');
    return { directory: dirname(file), version: require(file).version };
  } catch {
    throw new BuildError('The dependencies are not installed: run `npm ci` first.');
  }
}

/** Asks the binding in a process of its own: a wrong one may not even load. */
function bindingIsRight(directory, binding) {
  if (!existsSync(binding)) return false;
  const script = `const D = require(${JSON.stringify(directory)});
    const options = new D(':memory:').pragma('compile_options').map((row) => row.compile_options);
    process.exit(['MAX_ATTACHED=125', 'MAX_VARIABLE_NUMBER=65535'].every((option) => options.includes(option)) ? 0 : 1);`;
  return spawnSync(process.execPath, ['-e', script], { stdio: 'ignore' }).status === 0;
}

function compile() {
  const missing = [
    ['g++', process.env.CXX],
    ['make', process.env.MAKE],
    ['python3', process.env.PYTHON],
  ]
    .filter(([name, override]) => spawnSync(override || name, ['--version'], { stdio: 'ignore' }).status !== 0)
    .map(([name]) => name);
  if (missing.length > 0) {
    throw new BuildError(
      `SQLite has to be compiled once, and these tools are missing: ${missing.join(', ')}.\nOn Debian or Ubuntu: apt-get install -y g++ make python3`,
    );
  }
  console.error('Compiling SQLite for Shoal (only this once; one to three minutes) ...');
  const started = Date.now();
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const result = spawnSync(npm[0], [...npm.slice(1), 'rebuild', 'better-sqlite3', '--ignore-scripts=false', '--foreground-scripts'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...localHeaders(), CFLAGS: `${process.env.CFLAGS ?? ''} ${flags}`.trim(), npm_config_build_from_source: 'true', JOBS: 'max' },
  });
  if (result.status !== 0) {
    const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`.trimEnd().split('\n').slice(-30).join('\n');
    throw new BuildError(`Compiling SQLite failed. The end of the compiler's output:\n${output}`);
  }
  console.error(`Compiled SQLite in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/** A loadable extension. A second each, so they are made anew whenever the stamp is not the present one. */
function compileExtension(directory, source, target) {
  const compiler = process.env.CC || 'cc';
  const temporary = `${target}.${process.pid}`;
  const shared = process.platform === 'darwin' ? ['-dynamiclib', '-undefined', 'dynamic_lookup'] : ['-shared'];
  const result = spawnSync(
    compiler,
    ['-O3', '-fPIC', ...shared, '-I', join(directory, 'deps', 'sqlite3'), ...(process.env.CFLAGS ?? '').split(/\s+/).filter(Boolean), source, '-o', temporary],
    { encoding: 'utf8' },
  );
  if (result.error?.code === 'ENOENT') {
    throw new BuildError(
      `Shoal's SQLite extensions have to be compiled once, and the C compiler "${compiler}" is missing.\nOn Debian or Ubuntu: apt-get install -y gcc`,
    );
  }
  if (result.status !== 0) throw new BuildError(`Compiling ${source} failed:\n${result.stderr ?? ''}${result.error?.message ?? ''}`.trimEnd());
  renameSync(temporary, target);
}

/** Node's headers, where the installation brought them: then node-gyp needs no download. */
function localHeaders() {
  const prefix = resolve(dirname(process.execPath), '..');
  const header = join(prefix, 'include', 'node', 'node_version.h');
  if (process.env.npm_config_nodedir || !existsSync(header)) return {};
  const text = readFileSync(header, 'utf8');
  const part = (name) => text.match(new RegExp(`#define NODE_${name}_VERSION (\\d+)`))?.[1];
  return `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}` === process.version ? { npm_config_nodedir: prefix } : {};
}

/** Runs a step of a script; a BuildError ends the process with its message and without a stack trace. */
export async function runStep(step) {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runStep(ensureSqlite);
