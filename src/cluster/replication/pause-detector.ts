/**
 * Whether this process was stopped, as a role that looks around in intervals notices it: a look comes far too late. Others must not be taken for silent then, for what they have
 * said meanwhile is still to be read. A process that is late again and again is only slow: between two looks it has read, and may judge. Called by primary.ts and follower.ts.
 */
export class PauseDetector {
  private wasLate = false;

  constructor(
    private lastMs: number,
    private readonly lateMs: number,
  ) {}

  /** At each look. Answers whether the process was stopped since the one before. */
  wasPaused(nowMs: number): boolean {
    const isLate = nowMs - this.lastMs > this.lateMs;
    const wasPaused = isLate && !this.wasLate;
    this.wasLate = isLate;
    this.lastMs = nowMs;
    return wasPaused;
  }
}
