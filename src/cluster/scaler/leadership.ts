/** Which of several scalers acts. Implemented over the coordination store (store-leadership.ts); a scaler without one is alone and leads. */

export interface Leadership {
  /** Calls back now or soon, and with every change. */
  follow(changed: (isLeader: boolean) => void): void;
  /** Gives the lead up. */
  close(): Promise<void>;
}

export class SoleLeadership implements Leadership {
  follow(changed: (isLeader: boolean) => void): void {
    changed(true);
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}
