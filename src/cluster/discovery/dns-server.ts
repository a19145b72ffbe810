/**
 * A small DNS responder for the names of a cluster (discovery/names.ts), over UDP and TCP: SRV with the addresses in the additional section, A and AAAA; TTL 0, since what is
 * healthy changes by the second; NXDOMAIN when nobody healthy is behind a name. It is authoritative for its zone and refuses all else, so it is no help to those who want to
 * flood others. Sources: RFC 1035 (messages, TCP), RFC 2782 (SRV), RFC 6891 (EDNS0), RFC 2308 (no SOA is sent: nothing negative shall be kept). Started by cli/compose.ts.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIP, isIPv4, type AddressInfo, type Server, type Socket } from 'node:net';
import packet, { type Answer, type DecodedPacket, type Question } from 'dns-packet';
import { meaningOf, type ServiceZone, type ServingNode, targetOf } from './names.js';

export interface DnsServerOptions extends ServiceZone {
  readonly host: string;
  /** 0 = any free one, the same for UDP and TCP. */
  readonly port: number;
  /** The nodes that are healthy now. */
  readonly nodes: () => readonly ServingNode[];
  readonly log: (line: string) => void;
}

const plainBytesMax = 512;
/** What we take and send over UDP with EDNS0: passes any link unfragmented. */
const ednsBytes = 1232;
const tcpIdleMs = 10_000;
const tcpConnectionsMax = 64;
const rcodes = { ok: 0, malformed: 1, noSuchName: 3, notImplemented: 4, refused: 5 } as const;
const noFlags = { ttl: 0, class: 'IN' } as const;

interface Reply {
  readonly rcode: number;
  readonly answers: readonly Answer[];
  readonly additionals: readonly Answer[];
}

function bare(rcode: number): Reply {
  return { rcode, answers: [], additionals: [] };
}

function addressRecord(name: string, { host }: ServingNode): Answer {
  return { ...noFlags, type: isIPv4(host) ? 'A' : 'AAAA', name, data: host };
}

/** Those that have an address of the wanted kind. */
function withAddress(nodes: readonly ServingNode[], type: 'A' | 'AAAA'): readonly ServingNode[] {
  return nodes.filter(({ host }) => isIP(host) === (type === 'A' ? 4 : 6));
}

function resolve(question: Question, options: DnsServerOptions): Reply {
  const { name, type } = question;
  const meaning = meaningOf(name, options, options.nodes());
  switch (meaning.kind) {
    case 'elsewhere':
      return bare(rcodes.refused);
    case 'nothing':
      return bare(rcodes.noSuchName);
    case 'node':
    case 'service': {
      const nodes = meaning.kind === 'node' ? [meaning.node] : shuffled(meaning.nodes);
      if (type === 'A' || type === 'AAAA') return { ...bare(rcodes.ok), answers: withAddress(nodes, type).map((node) => addressRecord(name, node)) };
      if (type !== 'SRV' || meaning.kind === 'node') return bare(rcodes.ok);
      return {
        rcode: rcodes.ok,
        answers: nodes.map((node) => ({ ...noFlags, type: 'SRV', name, data: { priority: 1, weight: 1, port: node.port, target: targetOf(node, options) } })),
        additionals: nodes.filter(({ host }) => isIP(host) !== 0).map((node) => addressRecord(targetOf(node, options), node)),
      };
    }
  }
}

/** Who takes the first of several answers shall not always be at the same node. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  const copy = [...items];
  for (let at = copy.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [copy[at], copy[other]] = [copy[other] as T, copy[at] as T];
  }
  return copy;
}

/** At most `bytesMax` long: addresses beside the answers are left out first; where answers are, too, the asker is told to come by TCP. */
function encode(query: Pick<DecodedPacket, 'id' | 'questions'>, reply: Reply, flags: number, edns: readonly Answer[], bytesMax: number): Buffer {
  const build = (answers: readonly Answer[], additionals: readonly Answer[], isCut: boolean): Buffer =>
    packet.encode({
      type: 'response',
      id: query.id ?? 0,
      flags: flags | reply.rcode | (isCut ? packet.TRUNCATED_RESPONSE : 0),
      questions: query.questions ?? [],
      answers: [...answers],
      additionals: [...additionals, ...edns],
    });
  let bytes = build(reply.answers, reply.additionals, false);
  if (bytes.length <= bytesMax) return bytes;
  bytes = build(reply.answers, [], false);
  for (let count = reply.answers.length - 1; bytes.length > bytesMax && count >= 0; count--) bytes = build(reply.answers.slice(0, count), [], true);
  return bytes;
}

/** The response to a message; undefined: it is none that wants one. overTcp: it may be long. */
export function respond(message: Buffer, options: DnsServerOptions, overTcp: boolean): Buffer | undefined {
  // (What is no query is never answered: two servers could talk to each other for ever.)
  if (message.length < 12 || ((message[2] ?? 0) & 0x80) !== 0) return undefined;
  const id = message.readUInt16BE(0);
  const opcode = ((message[2] ?? 0) >> 3) & 0xf;
  const flags = (message.readUInt16BE(2) & packet.RECURSION_DESIRED) | packet.AUTHORITATIVE_ANSWER;
  const failed = (rcode: number): Buffer => encode({ id, questions: [] }, bare(rcode), flags, [], plainBytesMax);
  if (opcode !== 0) return failed(rcodes.notImplemented);
  let query: DecodedPacket;
  try {
    query = packet.decode(message);
  } catch {
    return failed(rcodes.malformed);
  }
  const [question, ...others] = query.questions ?? [];
  if (question === undefined || others.length > 0) return failed(rcodes.malformed);
  const opt = query.additionals?.find((record) => record.type === 'OPT');
  const edns: Answer[] =
    opt === undefined ? [] : [{ type: 'OPT', name: '.', udpPayloadSize: ednsBytes, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }];
  const udpBytesMax = opt === undefined ? plainBytesMax : Math.min(Math.max(opt.udpPayloadSize, plainBytesMax), ednsBytes);
  const reply = question.class === undefined || question.class === 'IN' ? resolve(question, options) : bare(rcodes.refused);
  return encode(query, reply, flags, edns, overTcp ? 65_535 : udpBytesMax);
}

export class DnsServer {
  private constructor(
    private readonly options: DnsServerOptions,
    private readonly udp: UdpSocket,
    private readonly tcp: Server,
    private readonly sockets: Set<Socket>,
  ) {}

  /** Rejects with the system's error when the address cannot be listened on. */
  static async start(options: DnsServerOptions): Promise<DnsServer> {
    const sockets = new Set<Socket>();
    const tcp = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      if (sockets.size > tcpConnectionsMax) socket.destroy();
      else serveTcp(socket, options);
    });
    await new Promise<void>((done, fail) => {
      tcp.once('error', fail);
      tcp.listen(options.port, options.host, done);
    });
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket(isIP(options.host) === 6 ? 'udp6' : 'udp4');
    udp.on('message', (message, from) => {
      const response = respond(message, options, false);
      if (response !== undefined) udp.send(response, from.port, from.address);
    });
    try {
      await new Promise<void>((done, fail) => {
        udp.once('error', fail);
        udp.bind(port, options.host, done);
      });
    } catch (error) {
      tcp.close();
      throw error;
    }
    const report = (error: Error): void => {
      options.log(`dns: ${error.message}`);
    };
    udp.on('error', report);
    tcp.on('error', report);
    return new DnsServer(options, udp, tcp, sockets);
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: this.options.host, port: this.udp.address().port };
  }

  async close(): Promise<void> {
    this.udp.close();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.tcp.close(done));
  }
}

/** Messages with their length in two bytes in front, as many as the asker likes. */
function serveTcp(socket: Socket, options: DnsServerOptions): void {
  let pending = Buffer.alloc(0);
  socket.setTimeout(tcpIdleMs, () => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      const response = respond(pending.subarray(2, end), options, true);
      pending = pending.subarray(end);
      if (response === undefined) continue;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(response.length);
      socket.write(Buffer.concat([length, response]));
    }
  });
}
