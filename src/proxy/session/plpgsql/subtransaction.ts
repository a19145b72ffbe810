/**
 * What a block with EXCEPTION runs in: its effects are undone when an error is caught. Nothing is asked of the lane while the transaction has not written.
 */
import type { CatalogSnapshot } from '../../../catalog/snapshot.js';
import { rollbackServer } from '../server-changes.js';
import type { ShoalSession } from '../shoal-session.js';

let serial = 0;

export class Subtransaction {
  private constructor(
    private readonly session: ShoalSession,
    private readonly name: string | undefined,
    private readonly catalog: CatalogSnapshot | undefined,
    private readonly hasServer: boolean,
    private readonly portals: number,
    private readonly savepoints: number,
    private readonly deferredTriggers: number,
  ) {}

  static async begin(session: ShoalSession): Promise<Subtransaction> {
    const { core } = session;
    const { transaction } = core;
    if (transaction.isolation !== 'read committed') await core.laneTransaction();
    let name: string | undefined;
    if (transaction.lane !== undefined) {
      name = `plpgsql block ${String(++serial)}`;
      await core.services.lane.savepoint({ transaction: transaction.lane, name });
    }
    core.settings.push();
    return new Subtransaction(
      session,
      name,
      transaction.catalog,
      transaction.server !== undefined,
      session.names.serial,
      transaction.savepoints.length,
      transaction.deferredTriggers.length,
    );
  }

  async release(): Promise<void> {
    const { core } = this.session;
    const { lane } = core.transaction;
    if (this.name !== undefined && lane !== undefined) await core.services.lane.release({ transaction: lane, name: this.name });
    core.settings.pop(true);
  }

  async rollback(): Promise<void> {
    const { core } = this.session;
    const { transaction } = core;
    if (transaction.lane !== undefined) {
      if (this.name === undefined) {
        await core.services.lane.rollback({ transaction: transaction.lane });
        transaction.lane = undefined;
      } else {
        await core.services.lane.rollbackTo({ transaction: transaction.lane, name: this.name });
        await core.services.lane.release({ transaction: transaction.lane, name: this.name });
      }
    }
    transaction.catalog = this.catalog;
    if (!this.hasServer) await rollbackServer(core);
    transaction.savepoints.length = this.savepoints;
    transaction.deferredTriggers.splice(this.deferredTriggers);
    this.session.names.closeMadeAfter(this.portals);
    core.settings.pop(false);
  }
}
