/**
 * `npm start [-- options of shoal start]`: builds what is missing, starts a server on ./shoal-data with a small demo database and prints the psql
 * line. Without --listen and --http it takes the default ports, or the next free ones.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const args = process.argv.slice(2);

async function isFree(port) {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

async function address(option, port) {
  if (args.some((argument) => argument === option || argument.startsWith(`${option}=`))) return [];
  let free = port;
  while (!(await isFree(free))) free++;
  return [option, `127.0.0.1:${free}`];
}

const listen = [...(await address('--listen', 5432)), ...(await address('--http', 8432))];
const child = spawn(process.execPath, [join(root, 'bin', 'shoal'), 'start', '--demo', ...listen, ...args], {
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true, // Ctrl-C reaches a whole process group, and npm passes it on as well; the server takes a second one as impatience
});
let lastSignal = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (Date.now() - lastSignal > 500) child.kill(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
    lastSignal = Date.now();
  });
}
process.on('exit', () => child.kill('SIGTERM'));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});

createInterface(child.stdout).on('line', (line) => {
  console.log(line);
  const match = /^ready: postgresql:\/\/(\S+):(\d+)/.exec(line);
  if (match === null) return;
  console.log(`\nConnect with\n\n    psql -h ${match[1].replace(/^\[|\]$/g, '')} -p ${match[2]} -U postgres postgres\n\nStop with Ctrl-C.`);
});
