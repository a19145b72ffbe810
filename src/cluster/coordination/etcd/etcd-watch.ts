/**
 * One watch on one stream of one member. It ends at the first trouble: the stream breaks, the member has no leader, its history is compacted, or it does not answer a request
 * for progress in time (a stopped process, a cut cable: TCP alone would notice after minutes). Used by etcd-backend.ts.
 */
import type { Etcd3, IDuplexStream, IWatchRequest, IWatchResponse, WatchClient } from 'etcd3';
import type { BackendWatch, BackendWatchSink } from '../backend.js';
import { type Revision, StoreError } from '../store.js';
import { storeErrorOf } from './etcd-errors.js';
import { changeOf, prefixRange, revisionOf } from './etcd-messages.js';

const askEveryMs = 500;
const answerWithinMs = 1500;

type WatchCallOptions = NonNullable<Parameters<WatchClient['watch']>[0]>;
type Interceptor = NonNullable<WatchCallOptions['interceptors']>[number];

/** etcd ends the watch when its member loses the leader; otherwise a member that is cut off would be silent and seem healthy. */
const requireLeader: Interceptor = (options, nextCall) => {
  const call = nextCall(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    const own = metadata.clone();
    own.set('hasleader', 'true');
    start(own, listener);
  };
  // The type asks for gRPC's own class, of which a call needs nothing but this interface.
  return call as ReturnType<Interceptor>;
};

export class EtcdWatch implements BackendWatch {
  #stream: IDuplexStream<IWatchRequest, IWatchResponse> | undefined;
  #isOver = false;
  #ask: NodeJS.Timeout | undefined;
  /** When the oldest unanswered request for progress was sent. */
  #askedMs: number | undefined;

  constructor(
    private readonly client: Etcd3,
    private readonly prefix: string,
    private readonly from: Revision,
    private readonly sink: BackendWatchSink,
    /** Once, also when it is cancelled. */
    private readonly onEnd: (error: StoreError | undefined) => void,
  ) {
    void this.#open();
  }

  cancel(): void {
    this.#close(undefined);
  }

  async #open(): Promise<void> {
    // Logging in is part of opening: it has a deadline too.
    this.#askedMs = performance.now();
    this.#ask = setInterval(() => {
      this.#askProgress();
    }, askEveryMs);
    try {
      const stream = await this.client.watchClient.watch({ interceptors: [requireLeader] });
      stream.on('error', (error) => {
        this.#end(storeErrorOf(error, 'read'));
      });
      if (this.#isOver) {
        stream.cancel();
        return;
      }
      this.#stream = stream;
      stream.on('data', (response) => {
        this.#take(response);
      });
      stream.on('end', () => {
        this.#end(new StoreError('unavailable', 'etcd has ended the watch'));
      });
      stream.write({ create_request: { ...prefixRange(this.prefix), start_revision: String(this.from) } });
    } catch (error) {
      this.#end(storeErrorOf(error, 'read'));
    }
  }

  #take(response: IWatchResponse): void {
    if (this.#isOver) return;
    if (response.canceled) {
      const compacted = BigInt(response.compact_revision);
      if (compacted > 0n) this.#end(new StoreError('compacted', `the history up to revision ${compacted} has been compacted`));
      else if (/permission denied|auth/i.test(response.cancel_reason)) this.#end(new StoreError('unauthenticated', response.cancel_reason));
      else this.#end(new StoreError('unavailable', `etcd has cancelled the watch: ${response.cancel_reason}`));
      return;
    }
    const changes = response.events.map(changeOf);
    const last = changes.at(-1);
    if (last !== undefined) this.sink.changes(changes, revisionOf(last));
    else if (this.#askedMs !== undefined) this.sink.alive(this.#askedMs);
    this.#askedMs = undefined;
  }

  #askProgress(): void {
    if (this.#askedMs !== undefined) {
      if (performance.now() - this.#askedMs > answerWithinMs) this.#end(new StoreError('unavailable', 'etcd does not answer on the watch'));
      return;
    }
    this.#askedMs = performance.now();
    this.#stream?.write({ progress_request: {} });
  }

  #end(error: StoreError): void {
    if (this.#isOver) return;
    this.#close(error);
    this.sink.ended(error);
  }

  #close(error: StoreError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#ask);
    this.#stream?.cancel();
    this.onEnd(error);
  }
}
