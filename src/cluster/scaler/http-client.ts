/**
 * JSON over HTTP for the drivers: several addresses of one service (the next is tried when one cannot be reached or says that it has no leader), basic and bearer
 * authentication, an own certificate authority, time limits, and event streams. Answers of any status are handed back: what they mean is the driver's business.
 */
import { readFileSync } from 'node:fs';
import { Agent, fetch, type Response } from 'undici';

export type HttpCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  /** Read from its file for each request: Kubernetes replaces the tokens of service accounts. */
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'tokenFile'; readonly path: string };

export interface HttpClientOptions {
  /** Base addresses of the same service; those with user:password@ authenticate with them. */
  readonly urls: readonly string[];
  readonly credentials?: HttpCredentials;
  /** PEM of the authorities that are believed beside the system's. */
  readonly certificateAuthority?: string | undefined;
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** undefined: no JSON. */
  readonly body: unknown;
  readonly text: string;
  readonly header: (name: string) => string | undefined;
}

/** No address of the service could be reached. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

function authorization(credentials: HttpCredentials): { readonly authorization?: string } {
  switch (credentials.kind) {
    case 'none':
      return {};
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}` };
    case 'token':
      return bearer(credentials.token);
    case 'tokenFile':
      return bearer(readFileSync(credentials.path, 'utf8').trim());
  }
}

/** The reason below `fetch failed`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { readonly code?: string; readonly message?: string } | undefined;
  return cause?.message !== undefined && cause.message !== '' ? cause.message : (cause?.code ?? error.message);
}

interface Target {
  readonly base: URL;
  readonly credentials: HttpCredentials;
}

export class HttpClient {
  readonly #targets: readonly Target[];
  readonly #timeoutMs: number;
  readonly #agent: Agent;
  /** The address that answered last. */
  #preferred = 0;

  constructor(options: HttpClientOptions) {
    this.#targets = options.urls.map((text) => {
      const base = new URL(text.endsWith('/') ? text : `${text}/`);
      const { username, password } = base;
      base.username = base.password = '';
      const own = username === '' ? undefined : ({ kind: 'basic', user: decodeURIComponent(username), password: decodeURIComponent(password) } as const);
      return { base, credentials: own ?? options.credentials ?? { kind: 'none' } };
    });
    if (this.#targets.length === 0) throw new Error('assertion failed: a service has an address');
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    // (Event streams are silent for long: their body has no time limit.)
    this.#agent = new Agent({
      bodyTimeout: 0,
      ...(options.certificateAuthority === undefined ? {} : { connect: { ca: options.certificateAuthority } }),
    });
  }

  /** `path` is relative to the base address. Throws Unreachable when no address answers. */
  async request(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
    const response = await this.#send(path, AbortSignal.timeout(this.#timeoutMs), {
      method,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text().catch((error: unknown) => {
      throw new Unreachable(reasonOf(error));
    });
    let json: unknown;
    try {
      json = text === '' ? undefined : JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, body: json, text, header: (name) => response.headers.get(name) ?? undefined };
  }

  /**
   * The chunks of an endless answer, until `signal`. Ends when the server closes; throws Unreachable, or what `refused` makes of another status than 200.
   */
  async *stream(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal, refused: (status: number) => Error): AsyncGenerator<string> {
    const response = await this.#send(path, signal, { method: 'GET', headers });
    if (response.status !== 200 || response.body === null) {
      await response.text();
      throw refused(response.status);
    }
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body) yield decoder.decode(chunk as Uint8Array, { stream: true });
    } catch (error) {
      if (!signal.aborted) throw new Unreachable(reasonOf(error));
    }
  }

  async #send(
    path: string,
    signal: AbortSignal,
    init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: string },
  ): Promise<Response> {
    const reasons: string[] = [];
    for (let tried = 0; tried < this.#targets.length; tried++) {
      const at = (this.#preferred + tried) % this.#targets.length;
      const target = this.#targets[at] as Target;
      try {
        const response = await fetch(new URL(path.replace(/^\//, ''), target.base), {
          ...init,
          headers: { ...authorization(target.credentials), ...init.headers },
          signal,
          dispatcher: this.#agent,
        });
        // 502 to 504: a proxy without its server, a node without a leader. Another may know one.
        const isLast = tried === this.#targets.length - 1;
        if (response.status >= 502 && response.status <= 504 && !isLast) {
          await response.text();
          reasons.push(`${target.base.href}: HTTP ${String(response.status)}`);
          continue;
        }
        this.#preferred = at;
        return response;
      } catch (error) {
        if (signal.aborted && signal.reason instanceof DOMException && signal.reason.name === 'AbortError') throw error;
        reasons.push(`${target.base.href}: ${signal.aborted ? 'no answer in time' : reasonOf(error)}`);
        if (signal.aborted) break;
      }
    }
    throw new Unreachable(reasons.join('; '));
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
