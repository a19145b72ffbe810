/** What a server answers to messages of the wire protocol, as lines that can be compared between servers: OIDs of user objects, process ids and source places are left out. */
import type { Message } from '../unit/proxy/raw-client.js';

/** Fields of an error or notice that are alike on all servers: severity, SQLSTATE, message, DETAIL, HINT, position, context, names of objects. */
const comparedFields = 'SVCMDHPWstcn';

class Body {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  int16(): number {
    this.#at += 2;
    return this.bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.bytes.readInt32BE(this.#at - 4);
  }

  text(): string {
    const end = this.bytes.indexOf(0, this.#at);
    const text = this.bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  take(length: number): Buffer {
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  times<T>(count: number, read: () => T): T[] {
    return Array.from({ length: count }, read);
  }
}

const oid = (value: number): string => (value >= 16_384 ? 'OID' : String(value));

function field(body: Body): string {
  const length = body.int32();
  if (length < 0) return 'null';
  const bytes = body.take(length);
  return /^[\x20-\x7e]*$/.test(bytes.toString('latin1')) ? `'${bytes.toString('latin1')}'` : bytes.toString('hex');
}

function report(body: Buffer): string {
  const fields = body
    .toString('utf8')
    .split('\0')
    .filter((one) => one !== '' && comparedFields.includes(one.charAt(0)));
  return fields.join(' | ');
}

export function transcriptLine({ type, body: bytes }: Message): string {
  const body = new Body(bytes);
  switch (type) {
    case 'E':
      return `ErrorResponse ${report(bytes)}`;
    case 'N':
      return `NoticeResponse ${report(bytes)}`;
    case 'C':
      return `CommandComplete ${body.text()}`;
    case 'Z':
      return `ReadyForQuery ${bytes.toString()}`;
    case 'D':
      return `DataRow ${body.times(body.int16(), () => field(body)).join(', ')}`;
    case 'T':
      return `RowDescription ${body
        .times(body.int16(), () => {
          const name = body.text();
          const [table, column] = [body.int32(), body.int16()];
          return `${name}(${oid(table)}.${String(column)} ${oid(body.int32())} ${String(body.int16())} ${String(body.int32())} ${String(body.int16())})`;
        })
        .join(', ')}`;
    case 't':
      return `ParameterDescription ${body.times(body.int16(), () => oid(body.int32())).join(', ')}`;
    case 'S':
      return `ParameterStatus ${body.text()}=${body.text()}`;
    case 'A':
      return `NotificationResponse ${(body.int32(), body.text())} ${body.text()}`;
    case 'G':
    case 'H':
    case 'W':
      return `Copy${type === 'G' ? 'In' : type === 'H' ? 'Out' : 'Both'}Response ${String(body.take(1)[0])} ${body.times(body.int16(), () => body.int16()).join(',')}`;
    case 'd':
      return `CopyData ${bytes.toString('latin1').replaceAll('\n', '\\n')}`;
    case 'V':
      return `FunctionCallResponse ${field(body)}`;
    case 'v':
      return `NegotiateProtocolVersion ${String(body.int32())} ${body.times(body.int32(), () => body.text()).join(',')}`;
    case 'K':
      return 'BackendKeyData';
    case 'R':
      return `Authentication ${String(body.int32())}`;
    default:
      return `${names[type] ?? type}${bytes.length === 0 ? '' : ` ${bytes.toString('hex')}`}`;
  }
}

const names: Readonly<Record<string, string>> = {
  '1': 'ParseComplete',
  '2': 'BindComplete',
  '3': 'CloseComplete',
  c: 'CopyDone',
  I: 'EmptyQueryResponse',
  n: 'NoData',
  s: 'PortalSuspended',
};
