/** The port's operations and etcd's messages: keys are bytes there, revisions decimal text. Called by etcd-backend.ts and etcd-watch.ts. */
import type { ICompare, IEvent, IKeyValue, IRequestOp, IResponseOp } from 'etcd3';
import { assertNever } from '../../../common/errors.js';
import type { Change, Compare, Entry, LeaseId, Operation, OperationResult } from '../store.js';

export interface KeyRange {
  readonly key: Buffer;
  readonly range_end?: Buffer;
}

/** All keys that begin with the prefix: up to the prefix with its last byte raised. */
export function prefixRange(prefix: string): KeyRange {
  if (prefix === '') return { key: Buffer.of(0), range_end: Buffer.of(0) };
  const key = Buffer.from(prefix);
  const end = Buffer.from(prefix);
  // UTF-8 has no byte 0xff: raising the last one never carries.
  const last = end.length - 1;
  end[last] = (end[last] ?? 0) + 1;
  return { key, range_end: end };
}

export function entryOf(kv: IKeyValue): Entry {
  return {
    key: kv.key.toString('utf8'),
    value: kv.value.toString('utf8'),
    createRevision: BigInt(kv.create_revision),
    modRevision: BigInt(kv.mod_revision),
    lease: kv.lease === '0' ? undefined : (kv.lease as LeaseId),
  };
}

export function changeOf({ type, kv }: IEvent): Change {
  if (type.toUpperCase() === 'PUT') return { kind: 'put', entry: entryOf(kv) };
  return { kind: 'delete', key: kv.key.toString('utf8'), revision: BigInt(kv.mod_revision) };
}

export function revisionOf(change: Change): bigint {
  return change.kind === 'put' ? change.entry.modRevision : change.revision;
}

export function compareMessage(compare: Compare): ICompare {
  const key = Buffer.from(compare.key);
  switch (compare.kind) {
    case 'absent':
      return { key, target: 'Create', result: 'Equal', create_revision: '0' };
    case 'present':
      return { key, target: 'Create', result: 'NotEqual', create_revision: '0' };
    case 'value':
      return { key, target: 'Value', result: 'Equal', value: Buffer.from(compare.value) };
    case 'mod-revision':
      return { key, target: 'Mod', result: 'Equal', mod_revision: String(compare.revision) };
    case 'create-revision':
      return { key, target: 'Create', result: 'Equal', create_revision: String(compare.revision) };
    default:
      return assertNever(compare);
  }
}

export function operationMessage(operation: Operation): IRequestOp {
  switch (operation.kind) {
    case 'get':
      return { request_range: { key: Buffer.from(operation.key) } };
    case 'list':
      return { request_range: prefixRange(operation.prefix) };
    case 'put':
      return { request_put: { key: Buffer.from(operation.key), value: Buffer.from(operation.value), lease: operation.lease ?? '0' } };
    case 'delete':
      return { request_delete_range: { key: Buffer.from(operation.key) } };
    case 'delete-prefix':
      return { request_delete_range: prefixRange(operation.prefix) };
    default:
      return assertNever(operation);
  }
}

export function resultOf(operation: Operation, response: IResponseOp): OperationResult {
  switch (operation.kind) {
    case 'get':
      return { kind: 'get', entry: response.response_range.kvs.map(entryOf)[0] };
    case 'list':
      return { kind: 'list', entries: response.response_range.kvs.map(entryOf) };
    case 'put':
      return { kind: 'put' };
    case 'delete':
    case 'delete-prefix':
      return { kind: 'delete', count: Number(response.response_delete_range.deleted) };
    default:
      return assertNever(operation);
  }
}
