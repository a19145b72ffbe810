/**
 * Lets a client in, or not: trust or SCRAM, then whether role and database exist. Talks to the client through its `ClientInput` and `Output`.
 * Called by proxy/front-end.ts after the start-up packet. Errors are PostgreSQL 15's (auth.c, postinit.c), all FATAL.
 */
import { PgError } from '../../common/errors.js';
import type { MaybePromise } from '../session/session.js';
import * as backend from '../wire/backend-messages.js';
import type { ClientInput } from '../wire/client-input.js';
import { FieldReader } from '../wire/field-reader.js';
import { connectionLost, type Output } from '../wire/output.js';
import { ScramExchange, scramMechanism, scramPlusMechanism } from './scram-exchange.js';
import { mockVerifier, parseVerifier } from './scram-verifier.js';

/** What authentication asks about roles and databases. */
export interface Credentials {
  /** The role's rolpassword when it is a SCRAM verifier (see scram-verifier.ts); undefined when there is no such role or it has no (valid) password. */
  lookup(role: string): MaybePromise<string | undefined>;
  roleExists(role: string): MaybePromise<boolean>;
  databaseExists(database: string): MaybePromise<boolean>;
}

export type AuthenticationMethod = 'trust' | 'scram-sha-256';

export interface AuthenticationRequest {
  readonly user: string;
  readonly database: string;
  readonly method: AuthenticationMethod;
  /** Over TLS: what SCRAM-SHA-256-PLUS binds to. */
  readonly channelBinding: Buffer | undefined;
  /** The server's secret that made-up salts derive from; the same on every thread. */
  readonly mockKey: Buffer;
}

const password = 'p'.charCodeAt(0);

function fatal(code: string, message: string): PgError {
  return new PgError(code, message, { severity: 'FATAL' });
}

/** Waits for the client's next message, which must be a SASL one ('p'). */
async function saslMessage(input: ClientInput): Promise<FieldReader> {
  const frames = input.frames;
  while (!frames.next()) {
    if (input.hasEnded) throw connectionLost();
    await new Promise<void>((resolve) => {
      input.listen({ arrived: resolve, ended: resolve });
      input.wantMore();
    });
  }
  if (frames.type !== password) throw fatal('08P01', `expected SASL response, got message type ${frames.type}`);
  const fields = new FieldReader();
  fields.open(frames);
  return fields;
}

async function scram(request: AuthenticationRequest, credentials: Credentials, input: ClientInput, output: Output): Promise<void> {
  const { user, channelBinding, mockKey } = request;
  const failed = fatal('28P01', `password authentication failed for user "${user}"`);
  const stored = await credentials.lookup(user);
  const verifier = stored === undefined ? undefined : parseVerifier(stored);
  const mechanisms = channelBinding === undefined ? [scramMechanism] : [scramPlusMechanism, scramMechanism];
  backend.authenticationSasl(output, mechanisms);
  output.flush();

  const initial = await saslMessage(input);
  const mechanism = initial.text();
  if (!mechanisms.includes(mechanism)) throw fatal('08P01', 'client selected an invalid SASL authentication mechanism');
  const length = initial.int32();
  const exchange = new ScramExchange({ mechanism, verifier: verifier ?? mockVerifier(user, mockKey), isMock: verifier === undefined, channelBinding });
  const first = length === -1 ? '' : Buffer.from(initial.bytes(Math.max(0, length))).toString('utf8');
  backend.authenticationSaslContinue(output, exchange.first(first));
  output.flush();

  await saslMessage(input);
  const { buffer, start, end } = input.frames;
  const outcome = exchange.final(buffer.toString('utf8', start, end));
  if (outcome === undefined) throw failed;
  backend.authenticationSaslFinal(output, outcome);
}

/** Resolves when the client may come in (AuthenticationOk is written, not flushed). Rejects with the FATAL error to send. */
export async function authenticate(request: AuthenticationRequest, credentials: Credentials, input: ClientInput, output: Output): Promise<void> {
  const { user, database, method } = request;
  if (method === 'scram-sha-256') await scram(request, credentials, input, output);
  backend.authenticationOk(output);
  if (!(await credentials.roleExists(user))) throw fatal('28000', `role "${user}" does not exist`);
  if (!(await credentials.databaseExists(database))) throw fatal('3D000', `database "${database}" does not exist`);
}
