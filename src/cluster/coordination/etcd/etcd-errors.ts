/** What etcd and gRPC say when something fails, as StoreError. The decision that matters: was a write certainly not done? Called by etcd-endpoints.ts and etcd-watch.ts. */
import {
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  EtcdUserNotFoundError,
  GRPCFailedPreconditionError,
  GRPCInvalidArgumentError,
  GRPCOutOfRangeError,
  GRPCUnauthenticatedError,
} from 'etcd3';
import { StoreError } from '../store.js';

/** reads and renewals may be asked again whatever happened; of a write it must be known. */
export type CallKind = 'read' | 'write';

const strangers = [EtcdAuthenticationFailedError, EtcdInvalidAuthTokenError, EtcdPermissionDeniedError, EtcdUserNotFoundError, GRPCUnauthenticatedError];
/** "user name is empty": authentication is on, and we have no user. */
const strangerText = /user name is empty|invalid auth token|authentication failed|permission denied/i;
const refusals = [GRPCFailedPreconditionError, GRPCInvalidArgumentError, GRPCOutOfRangeError];
const refusalText = /database space exceeded|request is too large|message larger than max|too many operations|duplicate key/;
/** The request has not left us, or etcd turned it away before its log: the endpoint was not connected, its queue was full, our token was of an older set of users. */
const nothingDoneText =
  /No connection established|Waiting for LB pick|Waiting for name resolution|Name resolution failed|too many requests|revision of auth store is old/;

/** gRPC's messages carry the class and code in front and its own timings behind, which say nothing to an operator. */
function plain(message: string): string {
  const text = message.replace(/^(?:\w+Error: )?(?:\d+ [A-Z_]+: )?/, '').replace(/ Resolution note: .*$/s, '');
  return /^Deadline exceeded/.test(text)
    ? 'no answer within the deadline'
    : text.replace(/^No connection established\. Last error: (?:Error: )?/, 'no connection: ').replace(/\.?\s*$/, '');
}

export function storeErrorOf(error: unknown, kind: CallKind): StoreError {
  if (error instanceof StoreError) return error;
  const raised = error instanceof Error ? error : new Error(String(error));
  const { message: text } = raised;
  const message = plain(text);
  const is = (classes: readonly (abstract new (...args: never[]) => Error)[]): boolean => classes.some((type) => raised instanceof type);
  if (raised instanceof EtcdLeaseInvalidError || text.includes('requested lease not found'))
    return new StoreError('lease-not-found', message, { cause: error });
  if (text.includes('required revision has been compacted')) return new StoreError('compacted', message, { cause: error });
  if (nothingDoneText.test(text)) return new StoreError('unavailable', message, { cause: error });
  if (is(strangers) || strangerText.test(text)) return new StoreError('unauthenticated', message, { cause: error });
  if (is(refusals) || refusalText.test(text)) return new StoreError('refused', message, { cause: error });
  return new StoreError(kind === 'write' ? 'unknown-outcome' : 'unavailable', message, { cause: error });
}
