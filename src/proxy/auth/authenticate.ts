/**
 * Finds the rule for a client (auth/host-rules.ts) and has it prove who it is: trust, SCRAM-SHA-256(-PLUS), md5, password, cert, reject. Talks to the client through its
 * `ClientInput` and `Output`. Called by proxy/front-end.ts after the start-up packet. Errors are PostgreSQL 15's (auth.c), all FATAL; what went wrong in detail is for the
 * log only, and passwords never are.
 */
import { randomBytes } from 'node:crypto';
import { wallMicros } from '../../common/clock.js';
import { PgError } from '../../common/errors.js';
import * as backend from '../wire/backend-messages.js';
import type { ClientInput } from '../wire/client-input.js';
import { FieldReader } from '../wire/field-reader.js';
import { connectionLost, type Output } from '../wire/output.js';
import type { ClientCertificate } from './client-certificate.js';
import type { Credentials, RoleFacts } from './credentials.js';
import { type HostRule, matchHostRule } from './host-rules.js';
import { isMd5Verifier, md5Response, md5Verifier, sameText } from './md5-password.js';
import { ScramExchange, scramMechanism, scramPlusMechanism } from './scram-exchange.js';
import { isMapped, type UserMapping } from './user-maps.js';
import { mockVerifier, parseVerifier, verifierFits } from './scram-verifier.js';

export interface AuthenticationRequest {
  readonly user: string;
  readonly database: string;
  /** Of the client; undefined on a Unix socket. */
  readonly address: string | undefined;
  readonly encrypted: boolean;
  /** The certificate that the client has shown. */
  readonly certificate: ClientCertificate | undefined;
  readonly rules: readonly HostRule[];
  readonly userMappings: readonly UserMapping[];
  /** Over TLS: what SCRAM-SHA-256-PLUS binds to. */
  readonly channelBinding: Buffer | undefined;
  /** The server's secret that made-up salts derive from; the same on every thread. */
  readonly mockKey: Buffer;
  /** password_encryption: which exchange a role without a password goes through under the method md5. */
  readonly passwordEncryption: 'md5' | 'scram-sha-256';
  /** One line for the log. */
  readonly log: (line: string) => void;
}

const passwordMessage = 'p'.charCodeAt(0);
const md5SaltBytes = 4;

function fatal(code: string, message: string): PgError {
  return new PgError(code, message, { severity: 'FATAL' });
}

/** Waits for the client's next message, which must be an answer ('p'). */
async function answer(input: ClientInput, what: string): Promise<FieldReader> {
  const frames = input.frames;
  while (!frames.next()) {
    if (input.hasEnded) throw connectionLost();
    await new Promise<void>((resolve) => {
      input.listen({ arrived: resolve, ended: resolve });
      input.wantMore();
    });
  }
  if (frames.type !== passwordMessage) throw fatal('08P01', `expected ${what} response, got message type ${frames.type}`);
  const fields = new FieldReader();
  fields.open(frames);
  return fields;
}

/** The text of a PasswordMessage. */
async function passwordText(input: ClientInput): Promise<string> {
  const fields = await answer(input, 'password');
  const text = fields.text();
  fields.finish();
  if (text === '') throw fatal('28P01', 'empty password returned by client');
  return text;
}

/** True when the proof is right. */
async function scram(request: AuthenticationRequest, stored: string | undefined, input: ClientInput, output: Output): Promise<boolean> {
  const { user, channelBinding, mockKey } = request;
  const verifier = stored === undefined ? undefined : parseVerifier(stored);
  const mechanisms = channelBinding === undefined ? [scramMechanism] : [scramPlusMechanism, scramMechanism];
  backend.authenticationSasl(output, mechanisms);
  output.flush();

  const initial = await answer(input, 'SASL');
  const mechanism = initial.text();
  if (!mechanisms.includes(mechanism)) throw fatal('08P01', 'client selected an invalid SASL authentication mechanism');
  const length = initial.int32();
  const exchange = new ScramExchange({ mechanism, verifier: verifier ?? mockVerifier(user, mockKey), isMock: verifier === undefined, channelBinding });
  const first = length === -1 ? '' : Buffer.from(initial.bytes(Math.max(0, length))).toString('utf8');
  backend.authenticationSaslContinue(output, exchange.first(first));
  output.flush();

  await answer(input, 'SASL');
  const { buffer, start, end } = input.frames;
  const outcome = exchange.final(buffer.toString('utf8', start, end));
  if (outcome === undefined) return false;
  backend.authenticationSaslFinal(output, outcome);
  return true;
}

async function md5(stored: string | undefined, input: ClientInput, output: Output): Promise<boolean> {
  const salt = randomBytes(md5SaltBytes);
  backend.authenticationMd5Password(output, salt);
  output.flush();
  const given = await passwordText(input);
  return stored !== undefined && isMd5Verifier(stored) && sameText(given, md5Response(stored, salt));
}

async function plainText(request: AuthenticationRequest, stored: string | undefined, input: ClientInput, output: Output): Promise<boolean> {
  backend.authenticationCleartextPassword(output);
  output.flush();
  const given = await passwordText(input);
  if (stored !== undefined && isMd5Verifier(stored)) return sameText(md5Verifier(request.user, given), stored);
  const verifier = stored === undefined ? undefined : parseVerifier(stored);
  // (Made up where there is none: it takes as long.)
  return verifierFits(verifier ?? mockVerifier(request.user, request.mockKey), given) && verifier !== undefined;
}

/** The certificate that the rule asks for, and its name. Throws when there is none. */
function checkCertificate(rule: HostRule, { certificate, user, userMappings }: AuthenticationRequest): void {
  if (rule.clientCertificate === undefined) return;
  if (certificate === undefined) throw fatal('28000', 'connection requires a valid client certificate');
  if (rule.clientCertificate === 'verify-ca') return;
  const name = rule.clientName === 'DN' ? certificate.subject : certificate.commonName;
  if (isMapped(userMappings, rule.map, name, user)) return;
  throw fatal('28000', rule.method === 'cert' ? `certificate authentication failed for user "${user}"` : `authentication failed for user "${user}"`);
}

function refused(rule: HostRule | undefined, { address, user, database, encrypted }: AuthenticationRequest): PgError {
  const who = `host "${address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? '[local]'}", user "${user}", database "${database}", ${encrypted ? 'SSL encryption' : 'no encryption'}`;
  return fatal('28000', rule === undefined ? `no pg_hba.conf entry for ${who}` : `pg_hba.conf rejects connection for ${who}`);
}

/** Resolves when the client has proved who it is (AuthenticationOk is written, not flushed): whether the role exists is not said yet. Rejects with the FATAL error to send. */
export async function authenticate(
  request: AuthenticationRequest,
  credentials: Credentials,
  role: RoleFacts | undefined,
  input: ClientInput,
  output: Output,
): Promise<void> {
  const { user, rules } = request;
  const rule = await matchHostRule(rules, { ...request, isMember: (of) => credentials.isMember(user, of) });
  if (rule === undefined || rule.method === 'reject') throw refused(rule, request);
  checkCertificate(rule, request);
  const expired = role?.validUntil !== undefined && role.validUntil < BigInt(wallMicros());
  const stored = expired ? undefined : role?.password;
  const proved = await prove(rule, request, stored, input, output);
  if (!proved) {
    const why =
      role === undefined
        ? 'the role does not exist'
        : expired
          ? 'the password has expired'
          : stored === undefined
            ? 'the role has no password'
            : 'wrong password';
    request.log(`FATAL: password authentication failed for user "${user}" (${why}; rule in line ${rule.line}: ${rule.method})`);
    throw fatal('28P01', `password authentication failed for user "${user}"`);
  }
  backend.authenticationOk(output);
}

async function prove(rule: HostRule, request: AuthenticationRequest, stored: string | undefined, input: ClientInput, output: Output): Promise<boolean> {
  switch (rule.method) {
    case 'trust':
    case 'cert':
      return true;
    case 'reject':
      return false;
    case 'password':
      return await plainText(request, stored, input, output);
    case 'scram-sha-256':
      return await scram(request, stored, input, output);
    case 'md5': {
      const isMd5 = stored === undefined ? request.passwordEncryption === 'md5' : isMd5Verifier(stored);
      return isMd5 ? await md5(stored, input, output) : await scram(request, stored, input, output);
    }
  }
}
