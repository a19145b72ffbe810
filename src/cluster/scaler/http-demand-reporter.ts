/**
 * A node's demand over HTTP: POST /demand of each scaler it was told of (`shoal start --scaler URL`). At most one request is on its way to a scaler; what changes meanwhile
 * goes with the next, the peak included. While there is demand it is said again every few seconds, so that a scaler that has just started knows it, and one that has not heard
 * from a node forgets it. Made by cli/compose.ts.
 */
import { bearer } from './http-client.js';
import type { QueryDemand } from './demand.js';
import type { DemandReport, DemandReporter } from './demand-reporter.js';

export interface HttpDemandReporterOptions {
  /** Every scaler: those that stand by listen, too. */
  readonly urls: readonly string[];
  /** The node's name. */
  readonly source: string;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  readonly log: (line: string) => void;
  /** Milliseconds between two reports of the same demand. */
  readonly repeatMs?: number;
}

/** A report is believed for so many times the interval of its repetition. */
const lifetimeRepeats = 3;
const requestTimeoutMs = 5000;

/** The reports to one scaler. */
class Correspondent {
  #peak = 0;
  #current: QueryDemand | undefined;
  #changed = false;
  #busy: Promise<void> | undefined;
  #reachable = true;

  constructor(
    private readonly url: string,
    private readonly options: HttpDemandReporterOptions,
    private readonly lifetimeMs: number,
  ) {}

  tell(demand: QueryDemand | undefined): void {
    this.#current = demand;
    this.#peak = Math.max(this.#peak, demand?.nodes ?? 0);
    this.#changed = true;
    this.#busy ??= this.#send();
  }

  repeat(): void {
    // (What could not be sent is sent with the next repetition, whether or not anything runs still.)
    if (this.#current === undefined && !this.#changed) return;
    this.#changed = true;
    this.#busy ??= this.#send();
  }

  async settled(): Promise<void> {
    await this.#busy;
  }

  async #send(): Promise<void> {
    while (this.#changed) {
      this.#changed = false;
      const peak = this.#peak;
      this.#peak = this.#current?.nodes ?? 0;
      if (await this.#post(peak)) continue;
      this.#peak = Math.max(this.#peak, peak);
      this.#changed = true;
      break;
    }
    this.#busy = undefined;
  }

  async #post(peak: number): Promise<boolean> {
    const report: DemandReport = {
      source: this.options.source,
      nodes: this.#current?.nodes ?? 0,
      peak,
      lifetimeMs: this.lifetimeMs,
      ...(this.#current === undefined ? {} : { bytesUnderQuery: this.#current.bytesUnderQuery, queryScaleFactor: this.#current.queryScaleFactor }),
    };
    try {
      const response = await fetch(new URL('demand', this.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(this.options.token === undefined ? {} : bearer(this.options.token)) },
        body: JSON.stringify(report),
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      await response.text();
      if (!response.ok) throw new Error(`HTTP ${String(response.status)}`);
      this.#note(true, '');
      return true;
    } catch (error) {
      this.#note(false, error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  #note(reachable: boolean, reason: string): void {
    if (reachable !== this.#reachable)
      this.options.log(reachable ? `the scaler ${this.url} answers again` : `the scaler ${this.url} does not hear of demand: ${reason}`);
    this.#reachable = reachable;
  }
}

export class HttpDemandReporter implements DemandReporter {
  readonly #correspondents: readonly Correspondent[];
  readonly #timer: NodeJS.Timeout;

  constructor(options: HttpDemandReporterOptions) {
    const repeatMs = options.repeatMs ?? 3000;
    this.#correspondents = options.urls.map((url) => new Correspondent(url.endsWith('/') ? url : `${url}/`, options, repeatMs * lifetimeRepeats));
    this.#timer = setInterval(() => {
      for (const one of this.#correspondents) one.repeat();
    }, repeatMs);
    this.#timer.unref();
  }

  report(demand: QueryDemand | undefined): void {
    for (const one of this.#correspondents) one.tell(demand);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.report(undefined);
    await Promise.all(this.#correspondents.map(async (one) => await one.settled()));
  }
}
