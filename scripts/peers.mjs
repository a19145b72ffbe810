/**
 * Finds the servers that tests compare with (PostgreSQL 15) or lean on (etcd). What the system lacks is fetched from Debian without root:
 * `apt-get download` and `dpkg -x` into .peers/ beside the checkout. Where even that fails, the tests that need it say so and are skipped.
 * Called by scripts/test.mjs before mocha; test/support/*.ts looks in the same places through `peerBinary`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** Where fetched packages are unpacked, as if it were `/`. */
export const peersRoot = process.env.SHOAL_PEERS ?? join(root, '.peers');

const peers = [
  { name: 'PostgreSQL 15', program: 'postgres', packages: ['postgresql-15', 'postgresql-client-15'] },
  { name: 'etcd', program: 'etcd', packages: ['etcd-server'] },
  { name: 'etcdctl', program: 'etcdctl', packages: ['etcd-client'] },
];
const systemDirectories = { postgres: ['/usr/lib/postgresql/15/bin'], psql: ['/usr/lib/postgresql/15/bin'], pgbench: ['/usr/lib/postgresql/15/bin'] };
const fetchedDirectories = ['usr/lib/postgresql/15/bin', 'usr/bin', 'usr/sbin'].map((path) => join(peersRoot, path));
/** Left out: not needed to run the servers (JIT is off, scripts of the packaging), and large. */
const unneeded = /^(libllvm|postgresql-common|postgresql-client-common|ssl-cert|perl|libperl|libjson|netbase)/;

/** The path of a program, from the system or fetched; undefined where there is none. */
export function peerBinary(program) {
  const directories = [...(systemDirectories[program] ?? (process.env.PATH ?? '').split(delimiter)), ...fetchedDirectories];
  return directories.map((directory) => join(directory, program)).find((path) => existsSync(path));
}

/** The environment for a program of `peerBinary`: fetched ones find their libraries in .peers/. */
export function peerEnvironment(binary) {
  if (!binary.startsWith(peersRoot)) return process.env;
  const libraries = ['usr/lib', 'lib'].map((path) => join(peersRoot, path)).filter((path) => existsSync(path));
  const multiarch = libraries.flatMap((path) =>
    readdirSync(path)
      .filter((name) => name.includes('-linux-gnu'))
      .map((name) => join(path, name)),
  );
  return { ...process.env, LD_LIBRARY_PATH: [...multiarch, ...libraries, process.env.LD_LIBRARY_PATH ?? ''].filter(Boolean).join(':') };
}

/** Fetches the servers that are missing. Never fails: says what could not be had. */
export async function fetchPeers() {
  const missing = () => peers.filter((peer) => peerBinary(peer.program) === undefined);
  if (missing().length === 0) return;
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) {
    console.error(
      `${missing()
        .map((peer) => peer.name)
        .join(', ')}: not installed, and there is no apt-get to fetch it; its tests will be skipped.`,
    );
    return;
  }
  await withLock(`${peersRoot}.lock`, () => {
    for (const peer of missing()) {
      console.error(`Fetching ${peer.name} from Debian into ${peersRoot} (for the tests only) ...`);
      const problem = fetchPackages(peer.packages) ?? (peerBinary(peer.program) === undefined ? `the packages hold no ${peer.program}` : undefined);
      if (problem !== undefined) console.error(`${peer.name} could not be fetched (${problem}); its tests will be skipped.`);
    }
  });
}

/** Downloads and unpacks packages with whatever of their dependencies the system lacks; returns the problem, if there is one. */
function fetchPackages(packages) {
  const state = join(peersRoot, 'apt');
  const archives = join(state, 'archives');
  for (const path of ['lists/partial', 'cache/archives/partial', 'archives']) mkdirSync(join(state, path), { recursive: true });
  writeFileSync(join(state, 'apt.conf'), '');
  const options = [
    `Dir::State=${state}`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${join(state, 'cache')}`,
    'Debug::NoLocking=true',
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
  const run = (program, args, cwd = archives) => spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 27, timeout: 300_000 });
  const last = (result) => `${result.stderr ?? ''}${result.error?.message ?? ''}`.trim().split('\n').at(-1);

  const update = run('apt-get', [...options, '-q', 'update']);
  if (update.status !== 0) return last(update);
  const plan = run('apt-get', [...options, '-s', 'install', '--no-install-recommends', ...packages]);
  if (plan.status !== 0) return last(plan);
  const wanted = [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]).filter((name) => !unneeded.test(name));
  const download = run('apt-get', [...options, '-q', 'download', ...wanted]);
  if (download.status !== 0) return last(download);
  for (const archive of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    const unpack = run('dpkg', ['-x', join(archives, archive), peersRoot]);
    if (unpack.status !== 0) return last(unpack);
  }
  rmSync(state, { recursive: true });
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await fetchPeers();
