/**
 * Gives the memory of a large buffer back at once. Buffers that arrive from other threads count as external memory of the thread that has them: left to the garbage
 * collector, a stream of them makes it walk the whole heap for every few dozen megabytes, which takes longer than sending them. Called by whoever has had the last look at
 * bytes that nobody else holds.
 */
import { MessageChannel } from 'node:worker_threads';

/** Smaller ones are not worth a call. */
const bytesMin = 16 * 1024;

/** A port that leads nowhere: what is moved there is gone. */
const { port1: nowhere, port2: otherEnd } = new MessageChannel();
otherEnd.close();
nowhere.unref();

/** Empties `bytes` if they are a whole buffer; a view of a part of one is left alone, for the rest may be in use. */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < bytesMin || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  nowhere.postMessage(undefined, [buffer]);
}
