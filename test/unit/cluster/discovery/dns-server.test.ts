import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import packet, { type SrvAnswer, type StringAnswer } from 'dns-packet';
import { DnsServer, type DnsServerOptions, respond } from '../../../../src/cluster/discovery/dns-server.js';
import type { ServingNode } from '../../../../src/cluster/discovery/names.js';
import { run } from '../../../support/process.js';
import { Random } from '../../../support/random.js';

const service = 'shoal.service.cluster.example';

function node(name: string, host: string, databases: readonly string[] = []): ServingNode {
  return { name, host, port: 5432, databases };
}

describe('the DNS responder', () => {
  let nodes: ServingNode[];
  let server: DnsServer;
  const options: DnsServerOptions = {
    domain: 'cluster.example',
    service: 'shoal',
    host: '127.0.0.1',
    port: 0,
    nodes: () => nodes,
    log: () => undefined,
  };
  beforeEach(async () => {
    nodes = [node('a', '10.0.0.1', ['postgres', 'sales']), node('b', '10.0.0.2', ['postgres']), node('c', 'fd00::3', ['postgres'])];
    server = await DnsServer.start(options);
  });
  afterEach(async () => {
    await server.close();
  });

  const ask = (name: string, type: packet.RecordType, query: Partial<packet.Packet> = {}): packet.DecodedPacket =>
    packet.decode(respond(packet.encode({ type: 'query', id: 7, questions: [{ type, name, class: 'IN' }], ...query }), options, false) as Buffer);
  const code = (decoded: packet.DecodedPacket): string => (decoded as unknown as { readonly rcode: string }).rcode;
  const addresses = (decoded: packet.DecodedPacket): readonly string[] => (decoded.answers as StringAnswer[]).map(({ data }) => data).sort();

  it('tells port and target of every healthy node, their addresses beside them, and lets nobody keep any of it', () => {
    const answer = ask(service, 'SRV');
    const records = answer.answers as SrvAnswer[];
    assert.deepEqual(records.map(({ data }) => [data.port, data.target]).sort(), [
      [5432, 'a.node.cluster.example'],
      [5432, 'b.node.cluster.example'],
      [5432, 'c.node.cluster.example'],
    ]);
    const beside = answer.additionals as StringAnswer[];
    assert.deepEqual(beside.map(({ type, name, data }) => [type, name, data]).sort(), [
      ['A', 'a.node.cluster.example', '10.0.0.1'],
      ['A', 'b.node.cluster.example', '10.0.0.2'],
      ['AAAA', 'c.node.cluster.example', 'fd00::3'],
    ]);
    assert.ok([...records, ...beside].every(({ ttl }) => ttl === 0));
    assert.equal(answer.flag_aa, true);
  });

  it('knows addresses, nodes and databases, in capitals too', () => {
    assert.deepEqual(addresses(ask(service, 'A')), ['10.0.0.1', '10.0.0.2']);
    assert.deepEqual(addresses(ask(service, 'AAAA')), ['fd00::3']);
    assert.deepEqual(addresses(ask(`Sales.SHOAL.service.Cluster.example`, 'A')), ['10.0.0.1']);
    assert.equal((ask(`sales.${service}`, 'SRV').answers as SrvAnswer[]).length, 1);
    assert.deepEqual(addresses(ask('b.node.cluster.example', 'A')), ['10.0.0.2']);
    assert.deepEqual([code(ask('b.node.cluster.example', 'TXT')), ask('b.node.cluster.example', 'TXT').answers?.length], ['NOERROR', 0]);
  });

  it('has no name where nobody healthy is behind it, and refuses what is not its own', () => {
    assert.equal(code(ask(`nobody.${service}`, 'SRV')), 'NXDOMAIN');
    assert.equal(code(ask(`x.sales.${service}`, 'SRV')), 'NXDOMAIN');
    assert.equal(code(ask('z.node.cluster.example', 'A')), 'NXDOMAIN');
    assert.equal(code(ask('example', 'A')), 'REFUSED');
    assert.equal(code(ask('notcluster.example', 'A')), 'REFUSED');
    nodes = [];
    assert.equal(code(ask(service, 'SRV')), 'NXDOMAIN');
  });

  it('stays within 512 bytes without EDNS0, and sends the asker to TCP when answers do not fit', () => {
    nodes = Array.from({ length: 5 }, (_, at) => node(`node-${String(at)}`, `10.0.1.${String(at)}`));
    const query = (additionals: packet.Answer[]): Buffer =>
      packet.encode({ type: 'query', id: 7, questions: [{ type: 'SRV', name: service, class: 'IN' }], additionals });
    const opt: packet.Answer = { type: 'OPT', name: '.', udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] };
    const plain = respond(query([]), options, false) as Buffer;
    assert.ok(plain.length <= 512);
    assert.deepEqual([packet.decode(plain).answers?.length, packet.decode(plain).additionals?.length, packet.decode(plain).flag_tc], [5, 0, false]);
    const edns = respond(query([opt]), options, false) as Buffer;
    assert.equal(packet.decode(edns).additionals?.length, 6);
    nodes = Array.from({ length: 200 }, (_, at) => node(`node-${String(at)}`, `10.0.1.${String(at)}`));
    for (const [message, bytesMax] of [
      [query([]), 512],
      [query([opt]), 1232],
    ] as const) {
      const cut = respond(message, options, false) as Buffer;
      assert.ok(cut.length <= bytesMax);
      assert.equal(packet.decode(cut).flag_tc, true);
      assert.ok((packet.decode(cut).answers?.length ?? 0) > 0);
    }
    assert.equal(packet.decode(respond(query([]), options, true) as Buffer).answers?.length, 200);
  });

  it('answers nothing to what is no query, and says what is wrong with a bad one', () => {
    assert.equal(respond(packet.encode({ type: 'response', id: 1, questions: [{ type: 'A', name: service }] }), options, false), undefined);
    assert.equal(respond(Buffer.alloc(5), options, false), undefined);
    const two = packet.encode({ type: 'query', id: 1, questions: [1, 2].map(() => ({ type: 'A', name: service }) as const) });
    assert.equal(code(packet.decode(respond(two, options, false) as Buffer)), 'FORMERR');
    const update = packet.encode({ type: 'query', id: 1, questions: [{ type: 'A', name: service }] });
    update[2] = 5 << 3;
    assert.equal(code(packet.decode(respond(update, options, false) as Buffer)), 'NOTIMP');
  });

  it('stands any bytes, by seed', () => {
    const random = new Random(53);
    const query = packet.encode({ type: 'query', id: 7, questions: [{ type: 'SRV', name: service }] });
    for (let round = 0; round < 5000; round++) {
      const bytes = random.chance(0.5) ? Buffer.from(query) : Buffer.from(Array.from({ length: random.int(0, 60) }, () => random.int(0, 255)));
      for (let count = random.int(0, 4); count > 0 && bytes.length > 0; count--) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
      respond(bytes.subarray(0, random.int(0, bytes.length)), options, false);
      respond(bytes, options, true);
    }
  });

  it('goes on after senders who break off and talk nonsense', async () => {
    const { port } = server.address;
    const udp = createSocket('udp4');
    udp.send(Buffer.from('nonsense, and enough of it'), port, '127.0.0.1');
    const tcp = connect(port, '127.0.0.1');
    tcp.on('error', () => undefined);
    tcp.end(Buffer.from([0, 40, 1, 2, 3]));
    await once(tcp, 'connect');
    udp.send(packet.encode({ type: 'query', id: 9, questions: [{ type: 'A', name: service }] }), port, '127.0.0.1');
    for (;;) {
      const [message] = (await once(udp, 'message')) as [Buffer];
      if (packet.decode(message).id === 9) break;
    }
    udp.close();
    tcp.destroy();
  });

  describe('asked by dig', () => {
    before(async function () {
      if ((await run('which', ['dig'])).status !== 0) this.skip();
    });
    const dig = async (...args: readonly string[]): Promise<string> =>
      (await run('dig', ['@127.0.0.1', '-p', String(server.address.port), '+norecurse', '+tries=1', '+time=5', ...args])).stdout;

    it('over UDP, with and without EDNS0', async () => {
      for (const options of [[], ['+noedns']]) {
        const answer = await dig(service, 'SRV', ...options);
        assert.match(answer, /status: NOERROR/);
        assert.match(answer, /0\s+IN\s+SRV\s+1 1 5432 a\.node\.cluster\.example\./);
        assert.match(answer, /ADDITIONAL SECTION:[^]*c\.node\.cluster\.example\.\s+0\s+IN\s+AAAA\s+fd00::3/);
        assert.doesNotMatch(answer, /WARNING|malformed/i);
      }
      assert.match(await dig(`nobody.${service}`, 'SRV'), /status: NXDOMAIN/);
      assert.match(await dig('www.example.com'), /status: REFUSED/);
      assert.equal(await dig(`sales.${service}`, 'A', '+short'), '10.0.0.1\n');
    });

    it('over TCP, to which it turns by itself when UDP is too small', async () => {
      nodes = Array.from({ length: 100 }, (_, at) => node(`node-${String(at)}`, `10.0.1.${String(at)}`));
      for (const options of [['+tcp'], []]) {
        const answer = await dig(service, 'SRV', ...options);
        assert.equal(answer.match(/IN\s+SRV\s+1 1 5432/g)?.length, 100);
        assert.match(answer, /\(TCP\)/);
      }
    });
  });
});
