/**
 * What clients of the bank (test/torture/bank.ts) know, whatever becomes of the servers: which transactions were acknowledged, which may be there, and what readers have
 * seen. The history is in this process alone; test/torture/verify.ts compares it with the database.
 */

export const accounts = 64;
export const tellers = 12;
export const initialBalance = 1000;
/** Rows of one COPY. */
export const batchRows = 1500;

/** What has become of a transaction, as its client knows. attempted: its COMMIT was never sent. sent: the answer never came. */
export type Fate = 'attempted' | 'sent' | 'acknowledged';

export interface Transfer {
  readonly id: number;
  readonly source: number;
  readonly target: number;
  readonly amount: number;
  readonly teller: number;
  fate: Fate;
  /** What the sequence gave it, as its INSERT returned. */
  seq: number | undefined;
}

/** What a reader knows of before it begins: all of that must be in what it reads. */
export interface Known {
  /** Transfers that were acknowledged, or that someone has read. */
  readonly transfers: number;
  /** One of those that were acknowledged last. */
  readonly recent: number | undefined;
}

/** What the clients know. */
export class BankRecord {
  readonly transfers = new Map<number, Transfer>();
  readonly batches = new Map<number, Fate>();
  /** Tables by number, that sessions of definitions have made. */
  readonly made = new Map<number, Fate>();
  readonly dropped = new Map<number, Fate>();
  private readonly sequence = new Map<number, number>();
  private acknowledgedTransfers = 0;
  private seenTransfers = 0;
  private recent: number | undefined;
  private nextTransfer = 1;
  private nextBatch = 1;
  private nextTable = 1;

  begin(transfer: Pick<Transfer, 'source' | 'target' | 'amount' | 'teller'>): Transfer {
    const begun: Transfer = { ...transfer, id: this.nextTransfer++, fate: 'attempted', seq: undefined };
    this.transfers.set(begun.id, begun);
    return begun;
  }

  acknowledge(transfer: Transfer): void {
    transfer.fate = 'acknowledged';
    this.acknowledgedTransfers++;
    this.recent = transfer.id;
    if (transfer.seq === undefined) return;
    const other = this.sequence.get(transfer.seq);
    if (other !== undefined) throw new Violation(`the sequence has given ${transfer.seq} to transfer ${other} and to transfer ${transfer.id}`);
    this.sequence.set(transfer.seq, transfer.id);
  }

  /** To be asked before a snapshot is begun. */
  get known(): Known {
    return { transfers: Math.max(this.acknowledgedTransfers, this.seenTransfers), recent: this.recent };
  }

  /** A reader has found so many transfers: none of them may disappear again. */
  seen(transfers: number, known: Known, where: string): void {
    if (transfers < known.transfers)
      throw new Violation(`${where} saw ${transfers} transfers when ${known.transfers} had been acknowledged or read before it began`);
    this.seenTransfers = Math.max(this.seenTransfers, transfers);
  }

  /** What was open (sent and not answered) stays as the verification has found it. */
  settle(transfers: ReadonlySet<number>, batches: ReadonlySet<number>): void {
    for (const transfer of this.transfers.values()) transfer.fate = transfers.has(transfer.id) ? 'acknowledged' : 'attempted';
    for (const batch of this.batches.keys()) this.batches.set(batch, batches.has(batch) ? 'acknowledged' : 'attempted');
    this.acknowledgedTransfers = transfers.size;
  }

  batch(): number {
    this.batches.set(this.nextBatch, 'sent');
    return this.nextBatch++;
  }

  table(): number {
    this.made.set(this.nextTable, 'attempted');
    return this.nextTable++;
  }
}

/** Figures of a run, for its report. */
export class BankCounts {
  transfers = 0;
  rolledBack = 0;
  retries = 0;
  deadlocks = 0;
  checks = 0;
  refusedChecks = 0;
  copies = 0;
  definitions = 0;
  /** Sessions that a server has sent away, or that had no answer in time. */
  disconnections = 0;
}

/** The server broke an invariant, seen by a client or by the verification. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** The sums of one snapshot: [accounts, tellers, their moves, journal amounts, its rows, ledger rows, ledger amounts]. */
export function checkSums(sums: readonly number[], where: string): void {
  const [balances, tellerBalance, tellerMoves, journalAmount, journalRows, ledgerRows, ledgerAmount] = sums;
  const holds = balances === accounts * initialBalance && tellerBalance === journalAmount && tellerMoves === journalRows && journalRows === ledgerRows;
  if (!holds || ledgerAmount !== journalAmount)
    throw new Violation(`${where} saw a transfer by half: [accounts, tellers, moves, journal, its rows, ledger rows, ledger] = [${sums.join(', ')}]`);
}
