/**
 * Looks at the files of a database that nobody has open, without SQLite and without changing anything: pages against their checksums, the log up to its end, the small
 * files. So it can say what is damaged also where the database cannot be started. Called by `shoal check`.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseLayout, globalSchema } from '../files/layout.js';
import { readManifest } from '../files/manifest.js';
import { decodeBatch, findBatchAbove } from '../log/batch.js';
import { FileBounds } from './bounds.js';
import { describeFault } from './damage.js';
import { finding, type Finding } from './finding.js';
import { pageBytes, verifyBytes } from './page-guard.js';

const portionPages = 256;

/** In the caller's hands: that no server has the directory open. */
export function scanStopped(layout: DatabaseLayout): Finding[] {
  const findings: Finding[] = [];
  const attempt = (run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      findings.push(finding(error instanceof Error ? error.message : String(error)));
    }
  };
  attempt(() => readManifest(layout));
  attempt(() => new FileBounds(layout));
  for (const schema of [globalSchema, ...layout.shardSchemasOnDisk()]) attempt(() => findings.push(...scanFile(layout.file(schema))));
  attempt(() => findings.push(...scanLog(layout)));
  return findings;
}

function scanFile(path: string): Finding[] {
  if (!existsSync(path)) return [finding('is missing', { file: path })];
  const findings: Finding[] = [];
  const buffer = Buffer.alloc(portionPages * pageBytes);
  const descriptor = openSync(path, 'r');
  try {
    for (let first = 1; ; first += portionPages) {
      const bytes = readSync(descriptor, buffer, 0, buffer.length, (first - 1) * pageBytes);
      if (bytes === 0) break;
      for (const { kind, page } of verifyBytes(buffer.subarray(0, bytes), first)) findings.push(finding(describeFault(kind), { file: path, page }));
      if (bytes < buffer.length) break;
    }
  } finally {
    closeSync(descriptor);
  }
  return findings;
}

/** A torn batch at the very end was never acknowledged; a whole one behind a damaged one, or a gap between segments, means that something was lost. */
function scanLog(layout: DatabaseLayout): Finding[] {
  if (!existsSync(layout.log)) return [finding('is missing', { file: layout.log })];
  let expected: number | undefined;
  for (const name of readdirSync(layout.log)
    .filter((each) => /^\d{16}\.log$/.test(each))
    .sort()) {
    const file = join(layout.log, name);
    const first = Number(name.slice(0, 16));
    if (expected !== undefined && first !== expected) return [finding(`the log ends at batch ${String(expected)} before this segment`, { file })];
    const segment = readFileSync(file);
    let sequence = first;
    let end = 0;
    for (let batch = decodeBatch(segment, 0); batch?.sequence === sequence; batch = decodeBatch(segment, end)) {
      end = batch.end;
      sequence++;
    }
    const behind = findBatchAbove(segment, end, sequence);
    if (behind !== undefined) return [finding(`batch ${String(sequence)} is damaged, but a whole one follows at byte ${String(behind)}`, { file })];
    expected = sequence;
  }
  return [];
}
