/**
 * `npm run compatibility`: writes docs/compatibility.md from the registries and from the conformance scripts, run on reference and on distributed tables. With
 * `-- --registry` only the part that follows from the registries is written anew; with `-- REFERENCE.json DISTRIBUTED.json` results of the conformance runner
 * (`--json`) are taken instead of running it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conformanceReport, type Results } from './conformance-report.js';
import { documentOf, pathOfDocument, replacePart } from './document.js';
import { registryReport } from './registry-report.js';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));

function run(distributed: boolean): Results {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-compatibility-'));
  try {
    const output = join(directory, 'results.json');
    const script = [join(root, 'test/conformance/main.ts'), join(root, 'test/conformance/sql'), '--json', output, ...(distributed ? ['--distributed'] : [])];
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', ...script], { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error(`the conformance run ended with ${String(status)}`);
    return read(output);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const read = (path: string): Results => JSON.parse(readFileSync(path, 'utf8')) as Results;

const [first, second] = process.argv.slice(2);
if (first === '--registry') writeFileSync(pathOfDocument, replacePart(readFileSync(pathOfDocument, 'utf8'), 'registry', registryReport()));
else {
  const [reference, distributed] = first !== undefined && second !== undefined ? [read(first), read(second)] : [run(false), run(true)];
  writeFileSync(pathOfDocument, documentOf(registryReport(), conformanceReport(reference, distributed)));
}
