/**
 * A copy of a database at another node, as a front-end thread reads on it: scan threads, the position of its files, cancel words. Its ports were opened by
 * cluster/remote/open-remote; put among the others by cluster/remote/followed-copies.
 */
import { once } from 'node:events';
import { connect } from '../../common/rpc.js';
import type { ReadingNode } from '../../executor/reading-nodes.js';
import type { PositionService, ReadService } from '../../storage/ports.js';
import type { RemoteControl } from './database-service.js';
import { type RemoteCopyPorts, remoteCopyPortsToTransfer } from './open-remote.js';
import { lostPrimary, through } from './primary-clients.js';
import { RemoteCancel } from './remote-cancel.js';

/** A copy that statements may read on until it is lost. */
export interface AttachedCopy {
  readonly node: ReadingNode;
  /** Resolves when the node is lost, or has no copy any more. */
  readonly lost: Promise<void>;
  /** The word of a cancel slot of this thread is another one. */
  cancelChanged(slot: number, value: number): void;
  close(): void;
}

export function openRemoteCopy(ports: RemoteCopyPorts): AttachedCopy {
  const lost = (): Error => lostPrimary(ports.node);
  const control = connect<RemoteControl>(ports.control, lost);
  const cancel = new RemoteCancel(ports.facts, async (slot, value) => {
    await control.setCancel({ slot, value });
  });
  const places = ports.scan.map((port) =>
    through(connect<ReadService>(port, lost), async (method, request, transfer) => await method(cancel.translate(request), transfer)),
  );
  return {
    node: { name: ports.node, places, position: connect<PositionService>(ports.lane, lost) },
    lost: Promise.race([ports.control, ports.lane, ...ports.scan].map(async (port) => once(port, 'close'))).then(() => undefined),
    cancelChanged: (slot, value) => {
      cancel.changed(slot, value);
    },
    close: () => {
      for (const port of remoteCopyPortsToTransfer(ports)) port.close();
    },
  };
}
