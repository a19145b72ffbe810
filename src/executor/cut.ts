/**
 * One consistent cut of a database over scan threads, of one node or several: what every statement that is more than one fragment reads from. Called by executor/execute.
 *
 * On one node all threads must have seen the same commit counter. Over nodes all must show the same record of the log: the copies stop where they are (PositionService), the
 * primary's threads open, which tells the record (and makes the read linearizable: the primary answers under its lease), and the copies go on to exactly there and open.
 * Nobody waits for anybody's commits but the copies for what the primary has committed already; a copy that cannot follow is left out of the statement.
 */
import { PgError } from '../common/errors.js';
import { type Client, letGo } from '../common/rpc.js';
import type { ReadService, TaskContext } from '../storage/ports.js';
import { type Copies, type ReadingNode, saysLost, within } from './reading-nodes.js';

/** A scan thread with its part of the statement's snapshot. */
export interface OpenPlace {
  readonly node: ReadingNode;
  readonly service: Client<ReadService>;
  readonly snapshot: number;
}

export interface CutRequest {
  readonly context: TaskContext;
  readonly catalogVersion: number;
  /** What the statement reads at a place of the first node, by its number; undefined: it takes no part. Places of other nodes see everything. */
  readonly schemasAt: (place: number) => ReadonlySet<string> | undefined;
  readonly allSchemas: ReadonlySet<string>;
  /** Physical names of the tables that the statement reads. */
  readonly tables: readonly string[];
  /** As with ReadService.openSnapshot, of a cut of the first node alone. */
  readonly maxStalenessMs?: number | undefined;
}

export interface OpenCut {
  /** By their number on the first node. */
  readonly first: readonly (OpenPlace | undefined)[];
  readonly others: readonly OpenPlace[];
  /** The record that it shows. */
  readonly lsn: number;
}

/** How often a snapshot over several threads is opened anew because a commit came between. */
const attemptsMax = 50;
/** After so many of them the node holds its next commit until all threads have opened. */
const attemptsBeforeHold = 3;
/** For a copy to stop, and to get where the primary is. */
const copyMsMax = 1000;
/** For one of its threads to open there. */
const placeMsMax = 300;

interface HeldCopy {
  readonly node: ReadingNode;
  readonly hold: number;
  /** The record at which it stands. */
  readonly lsn: number;
}

/** `nodes`: the first one is the primary (or the only one). */
export async function openCut(nodes: readonly ReadingNode[], copies: Copies | undefined, request: CutRequest): Promise<OpenCut> {
  const [primary, ...others] = nodes;
  if (primary === undefined) throw new Error('assertion failed: a cut has a node');
  const held = (await Promise.all(others.map(async (node) => await hold(node, copies)))).filter((copy) => copy !== undefined);
  try {
    const { places, lsn } = await openFirst(primary, request);
    const opened = await Promise.all(held.map(async (copy) => await openCopy(copy, lsn, copies, request)));
    return { first: places, others: opened.flat(), lsn };
  } finally {
    for (const { node, hold } of held) release(node, { hold });
  }
}

/**
 * A node that comes late: it takes part if it can show the same. That is the statement's record, or, where its copy has gone on from there, a later one, if the primary knows that
 * nothing has changed in the statement's tables meanwhile. Answers nothing otherwise.
 */
export async function joinCut(node: ReadingNode, primary: ReadingNode, lsn: number, request: CutRequest): Promise<readonly OpenPlace[]> {
  const copy = await hold(node, undefined);
  if (copy === undefined) return [];
  try {
    // (Asked while the copy stands still: what the primary answers for is never older than what the copy has.)
    if (copy.lsn > lsn && !(await areTablesAsAt(primary, lsn, request.tables))) return [];
    return await openCopy(copy, Math.max(lsn, copy.lsn), undefined, request);
  } finally {
    release(node, copy);
  }
}

async function areTablesAsAt({ position }: ReadingNode, lsn: number, tables: readonly string[]): Promise<boolean> {
  if (position === undefined) return false;
  try {
    return await within(copyMsMax, position.areTablesAsAt({ lsn, tables }));
  } catch {
    return false;
  }
}

export function closePlaces(places: Iterable<OpenPlace | undefined>): void {
  for (const place of places) if (place !== undefined) letGo(place.service.closeSnapshot({ snapshot: place.snapshot }));
}

async function hold(node: ReadingNode, copies: Copies | undefined): Promise<HeldCopy | undefined> {
  if (node.position === undefined) return undefined;
  try {
    const { hold: number, lsn } = await within(copyMsMax, node.position.holdPosition(null));
    return { node, hold: number, lsn };
  } catch (error) {
    if (saysLost(error)) copies?.failed(node);
    return undefined;
  }
}

async function openCopy({ node, hold: number }: HeldCopy, lsn: number, copies: Copies | undefined, request: CutRequest): Promise<readonly OpenPlace[]> {
  try {
    await within(copyMsMax, node.position?.advancePosition({ hold: number, lsn }) ?? Promise.resolve());
  } catch (error) {
    if (saysLost(error)) copies?.failed(node);
    return [];
  }
  const results = await Promise.allSettled(node.places.map(async (service) => await openInTime(node, service, lsn, request)));
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** A thread that is busy with something long does not keep the others waiting. */
async function openInTime(node: ReadingNode, service: Client<ReadService>, lsn: number, request: CutRequest): Promise<OpenPlace> {
  const opening = openPlace(node, service, request.allSchemas, request, lsn);
  try {
    return (await within(placeMsMax, opening)).place;
  } catch (error) {
    opening.then(
      ({ place }) => closePlaces([place]),
      () => undefined,
    );
    throw error;
  }
}

interface Opened {
  readonly place: OpenPlace;
  readonly commitSequence: number;
  readonly lsn: number;
}

async function openPlace(
  node: ReadingNode,
  service: Client<ReadService>,
  schemas: ReadonlySet<string>,
  { context, catalogVersion, maxStalenessMs }: CutRequest,
  pinned?: number,
): Promise<Opened> {
  const { snapshot, commitSequence, lsn } = await service.openSnapshot({
    schemas: [...schemas],
    context,
    catalogVersion,
    ...(pinned === undefined ? {} : { pinned }),
    ...(maxStalenessMs === undefined ? {} : { maxStalenessMs }),
  });
  return { place: { node, service, snapshot }, commitSequence, lsn };
}

/** The places of one node: all have seen the same commits. */
async function openFirst(node: ReadingNode, request: CutRequest): Promise<{ readonly places: readonly (OpenPlace | undefined)[]; readonly lsn: number }> {
  for (let attempt = 0; ; attempt++) {
    // (Only of a node whose threads are far do commits come between again and again; and only a database with copies has a position.)
    const held = attempt < attemptsBeforeHold ? undefined : await node.position?.holdPosition(null).catch(() => undefined);
    const opened = await Promise.allSettled(
      node.places.map(async (service, place) => {
        const schemas = request.schemasAt(place);
        return schemas === undefined ? undefined : await openPlace(node, service, schemas, request);
      }),
    );
    if (held !== undefined) release(node, held);
    const places = opened.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
    const failed = opened.find((result) => result.status === 'rejected');
    const sequences = new Set(places.flatMap((place) => (place === undefined ? [] : [place.commitSequence])));
    if (failed === undefined && sequences.size <= 1)
      return { places: places.map((place) => place?.place), lsn: places.find((place) => place !== undefined)?.lsn ?? 0 };
    closePlaces(places.map((place) => place?.place));
    if (failed !== undefined) throw failed.reason instanceof Error ? failed.reason : new Error(String(failed.reason));
    if (attempt >= attemptsMax) throw new PgError('40001', 'could not take a snapshot of all shards between commits');
  }
}

function release({ position }: ReadingNode, { hold }: { readonly hold: number }): void {
  if (position !== undefined) letGo(position.releasePosition({ hold }));
}
