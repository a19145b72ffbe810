/**
 * Where a worker thread's entry file is, and with which Node options the thread must start. The same code runs compiled (`dist/**.js`) and
 * straight from the sources through tsx (`src/**.ts`, in tests and benches); a thread doesn't inherit tsx's loader, so it is named here.
 * Called by whoever starts threads: storage (piscina pools) and proxy (front-end threads).
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What `new Worker(url, { execArgv })` and `new Piscina({ filename: url.href, execArgv })` need. */
export interface WorkerEntry {
  readonly url: URL;
  readonly execArgv: string[];
}

/**
 * The entry of a worker thread, or of what it imports later: where the build has made a bundle of it, that one.
 * @param relative the entry file as an import would name it, e.g. `./scan-worker.js` (always `.js`)
 * @param importMetaUrl `import.meta.url` of the caller
 */
export function workerUrl(relative: string, importMetaUrl: string): WorkerEntry {
  if (!new URL(importMetaUrl).pathname.endsWith('.ts')) {
    const bundle = new URL(relative.replace(/\.js$/, '.bundle.js'), importMetaUrl);
    return { url: existsSync(fileURLToPath(bundle)) ? bundle : new URL(relative, importMetaUrl), execArgv: process.execArgv };
  }
  return { url: new URL(relative.replace(/\.js$/, '.ts'), importMetaUrl), execArgv: ['--import', registerTsx()] };
}

/** A module that registers tsx's loader: `--import tsx` itself does so on the main thread only. */
function registerTsx(): string {
  // Not import.meta.resolve: mocha may load this file as CommonJS, which has none; require finds the CommonJS twin of the module.
  const api = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/\.cjs$/, '.mjs'),
  ).href;
  return `data:text/javascript,${encodeURIComponent(`import { register } from ${JSON.stringify(api)}; register();`)}`;
}
