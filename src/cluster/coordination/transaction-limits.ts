/** What no backend takes, checked before the store is asked, so that all refuse alike. The limits are etcd's. Called by the backends. */
import { StoreError, type Operation, type Transaction } from './store.js';

const operationsMax = 128;
/** Of one request (etcd's --max-request-bytes). */
const bytesMax = 1_500_000;

function refuse(message: string): never {
  throw new StoreError('refused', message);
}

function checkBranch(operations: readonly Operation[]): void {
  if (operations.length > operationsMax) refuse(`more than ${operationsMax} operations in one transaction`);
  const put = new Set<string>();
  for (const operation of operations) {
    if (operation.kind !== 'put') continue;
    if (put.has(operation.key)) refuse(`the key "${operation.key}" is written twice in one transaction`);
    put.add(operation.key);
  }
  for (const operation of operations) {
    const clash =
      operation.kind === 'delete' ? put.has(operation.key) : operation.kind === 'delete-prefix' && [...put].some((key) => key.startsWith(operation.prefix));
    if (clash) refuse('a key is both written and deleted in one transaction');
  }
}

/** Throws StoreError 'refused'. */
export function checkTransaction({ when, then, otherwise = [] }: Transaction): void {
  if (when.length > operationsMax) refuse(`more than ${operationsMax} comparisons in one transaction`);
  checkBranch(then);
  checkBranch(otherwise);
  let bytes = 0;
  for (const part of [...when, ...then, ...otherwise]) {
    const name = 'key' in part ? part.key : part.prefix;
    if (name === '') refuse('a key is empty');
    bytes += Buffer.byteLength(name) + ('value' in part ? Buffer.byteLength(part.value) : 0);
  }
  if (bytes > bytesMax) refuse(`a transaction of ${bytes} bytes: more than ${bytesMax}`);
}
