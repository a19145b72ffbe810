/**
 * Builds what a start needs: the SQLite binding, dist/ (tsc), and in it a bundle for each kind of thread. `npm run build` always compiles; bin/shoal calls `ensureBuilt`, which
 * does nothing while dist/ is newer than the sources.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, ensureSqlite, runStep } from './build-sqlite.mjs';
import { withLock } from './lock.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const stampFile = join(root, 'dist', '.stamp');
const configuration = ['package.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Builds dist/ when it is missing or older than the sources; an installed package without sources is left alone. */
export async function ensureBuilt() {
  await ensureSqlite();
  if (isFresh()) return;
  await withLock(join(root, 'node_modules', '.cache', 'build.lock'), async () => {
    if (!isFresh()) await compile();
  });
}

function isFresh() {
  if (!existsSync(join(root, 'src'))) return true;
  if (!existsSync(stampFile)) return false;
  const built = statSync(stampFile).mtimeMs;
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return [...sources, ...configuration.map((name) => join(root, name))].every((path) => statSync(path).mtimeMs <= built);
}

async function compile() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) throw new BuildError('dist/ has to be built, and the TypeScript compiler is missing: run `npm ci` first.');
  const started = new Date();
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { cwd: root, encoding: 'utf8' });
  // Half-typed trees are a developer's business: SHOAL_BUILD=lenient runs what tsc has emitted all the same.
  if (result.status !== 0 && process.env.SHOAL_BUILD !== 'lenient')
    throw new BuildError(`The sources do not compile:\n${result.stdout}${result.stderr}`.trimEnd());
  await bundle();
  writeFileSync(stampFile, '');
  utimesSync(stampFile, started, started); // a file saved while tsc ran counts as newer
}

const bundled = ['storage/worker-entry.js', 'cluster/replication/node/lane-worker.js', 'proxy/front-end-worker.js', 'cli/compose-front-end.js'];

/** What common/worker-url starts instead of the module beside it: a start of hundreds of modules on every thread takes twice the time. */
export async function bundle(directory = join(root, 'dist')) {
  const { build } = await import('esbuild');
  rmSync(join(directory, 'chunks'), { recursive: true, force: true });
  await build({
    entryPoints: bundled.map((entry) => join(directory, entry)),
    outdir: directory,
    outbase: directory,
    entryNames: '[dir]/[name].bundle',
    chunkNames: 'chunks/[hash]',
    bundle: true,
    // The front-end thread imports its composition later, and both must have the same modules.
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    // So that stack traces say where.
    lineLimit: 160,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [ownUrls(directory)],
  });
}

/** A module in a bundle goes on to know where its file is (`import.meta.url`), whichever bundle or chunk it is in. */
function ownUrls(directory) {
  const places = ['chunks', ...new Set(bundled.map((entry) => dirname(entry)))].join('|');
  const base = `import.meta.url.replace(/(?:${places.replaceAll('/', '\\/')})\\/[^/]*$/, '')`;
  return {
    name: 'own-urls',
    setup(build) {
      build.onLoad({ filter: /\.js$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        if (!path.startsWith(directory) || !source.includes('import.meta.url')) return undefined;
        const own = JSON.stringify(relative(directory, path).split(sep).join('/'));
        return { contents: source.replaceAll('import.meta.url', `new URL(${own}, ${base}).href`), loader: 'js' };
      });
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runStep(async () => {
    await ensureSqlite();
    await withLock(join(root, 'node_modules', '.cache', 'build.lock'), compile);
  });
}
