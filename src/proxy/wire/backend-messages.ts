/**
 * The messages that a server sends, each written into the connection's `Output`. Source: PostgreSQL 15, chapters 55.7 and 55.8.
 * Called by proxy/connection.ts, proxy/startup.ts and proxy/auth.
 */
import type { ErrorFields, PgError } from '../../common/errors.js';
import type { CopyHeader, FormatCode, Notice, ResultColumn, TransactionStatus } from '../session/session.js';
import { formatAt } from '../session/session.js';
import type { Output } from './output.js';

const type = (letter: string): number => letter.charCodeAt(0);
const types = {
  authentication: type('R'),
  backendKeyData: type('K'),
  bindComplete: type('2'),
  closeComplete: type('3'),
  commandComplete: type('C'),
  copyData: type('d'),
  copyDone: type('c'),
  copyInResponse: type('G'),
  copyOutResponse: type('H'),
  emptyQueryResponse: type('I'),
  errorResponse: type('E'),
  functionCallResponse: type('V'),
  negotiateProtocolVersion: type('v'),
  noData: type('n'),
  noticeResponse: type('N'),
  notificationResponse: type('A'),
  parameterDescription: type('t'),
  parameterStatus: type('S'),
  parseComplete: type('1'),
  portalSuspended: type('s'),
  readyForQuery: type('Z'),
  rowDescription: type('T'),
} as const;

const statusCodes: Record<TransactionStatus, number> = { I: type('I'), T: type('T'), E: type('E') };

function bare(output: Output, code: number): void {
  output.begin(code);
  output.end();
}

export function parseComplete(output: Output): void {
  bare(output, types.parseComplete);
}

export function bindComplete(output: Output): void {
  bare(output, types.bindComplete);
}

export function closeComplete(output: Output): void {
  bare(output, types.closeComplete);
}

export function noData(output: Output): void {
  bare(output, types.noData);
}

export function portalSuspended(output: Output): void {
  bare(output, types.portalSuspended);
}

export function emptyQueryResponse(output: Output): void {
  bare(output, types.emptyQueryResponse);
}

export function copyDone(output: Output): void {
  bare(output, types.copyDone);
}

export function functionCallResponse(output: Output, value: Uint8Array | null): void {
  output.begin(types.functionCallResponse);
  output.int32(value === null ? -1 : value.length);
  if (value !== null) output.bytes(value);
  output.end();
}

export function commandComplete(output: Output, tag: string): void {
  output.begin(types.commandComplete);
  output.text(tag);
  output.end();
}

export function readyForQuery(output: Output, status: TransactionStatus): void {
  output.begin(types.readyForQuery);
  output.byte(statusCodes[status]);
  output.end();
}

export function parameterDescription(output: Output, oids: readonly number[]): void {
  output.begin(types.parameterDescription);
  output.int16(oids.length);
  for (const oid of oids) output.int32(oid);
  output.end();
}

/** The description of a statement (formats unknown: all 0) or of a portal. */
export function rowDescription(output: Output, columns: readonly ResultColumn[], formats: readonly FormatCode[]): void {
  output.begin(types.rowDescription);
  output.int16(columns.length);
  for (const [index, column] of columns.entries()) {
    output.text(column.name);
    output.int32(column.tableOid);
    output.int16(column.columnNumber);
    output.int32(column.typeOid);
    output.int16(column.typeLength);
    output.int32(column.typmod);
    output.int16(formatAt(formats, index));
  }
  output.end();
}

function copyResponse(output: Output, code: number, header: CopyHeader): void {
  output.begin(code);
  output.byte(header.format);
  output.int16(header.columnCount);
  for (let index = 0; index < header.columnCount; index++) output.int16(header.format);
  output.end();
}

export function copyInResponse(output: Output, header: CopyHeader): void {
  copyResponse(output, types.copyInResponse, header);
}

export function copyOutResponse(output: Output, header: CopyHeader): void {
  copyResponse(output, types.copyOutResponse, header);
}

function report(output: Output, messageType: number, severity: string, code: string, message: string, fields: ErrorFields): void {
  output.begin(messageType);
  output.lenient = true;
  const field = (letter: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    output.byte(letter.charCodeAt(0));
    output.text(String(value).replaceAll('\0', ''));
  };
  field('S', severity);
  field('V', severity);
  field('C', code);
  field('M', message);
  field('D', fields.detail);
  field('H', fields.hint);
  field('P', fields.position);
  field('W', fields.where);
  field('s', fields.schema);
  field('t', fields.table);
  field('c', fields.column);
  field('d', fields.dataType);
  field('n', fields.constraint);
  field('R', fields.routine);
  output.lenient = false;
  output.byte(0);
  output.end();
}

export function errorResponse(output: Output, error: PgError): void {
  report(output, types.errorResponse, error.fields.severity ?? 'ERROR', error.code, error.message, error.fields);
}

export function noticeResponse(output: Output, notice: Notice): void {
  report(output, types.noticeResponse, notice.severity, notice.code, notice.message, notice.fields ?? {});
}

export function notificationResponse(output: Output, processId: number, channel: string, payload: string): void {
  output.begin(types.notificationResponse);
  output.int32(processId);
  output.text(channel);
  output.text(payload);
  output.end();
}

export function parameterStatus(output: Output, name: string, value: string): void {
  output.begin(types.parameterStatus);
  output.text(name);
  output.text(value);
  output.end();
}

export function backendKeyData(output: Output, processId: number, secretKey: number): void {
  output.begin(types.backendKeyData);
  output.int32(processId);
  output.int32(secretKey);
  output.end();
}

/** Tells a client of a newer minor version that 3.0 is spoken here, and which `_pq_.` options are unknown. */
export function negotiateProtocolVersion(output: Output, unknownOptions: readonly string[]): void {
  output.begin(types.negotiateProtocolVersion);
  output.int32(3 << 16);
  output.int32(unknownOptions.length);
  for (const option of unknownOptions) output.text(option);
  output.end();
}

export function authenticationOk(output: Output): void {
  output.begin(types.authentication);
  output.int32(0);
  output.end();
}

export function authenticationCleartextPassword(output: Output): void {
  output.begin(types.authentication);
  output.int32(3);
  output.end();
}

export function authenticationMd5Password(output: Output, salt: Uint8Array): void {
  output.begin(types.authentication);
  output.int32(5);
  output.bytes(salt);
  output.end();
}

export function authenticationSasl(output: Output, mechanisms: readonly string[]): void {
  output.begin(types.authentication);
  output.int32(10);
  for (const mechanism of mechanisms) output.text(mechanism);
  output.byte(0);
  output.end();
}

export function authenticationSaslContinue(output: Output, data: string): void {
  output.begin(types.authentication);
  output.int32(11);
  output.bytes(Buffer.from(data, 'utf8'));
  output.end();
}

export function authenticationSaslFinal(output: Output, data: string): void {
  output.begin(types.authentication);
  output.int32(12);
  output.bytes(Buffer.from(data, 'utf8'));
  output.end();
}
