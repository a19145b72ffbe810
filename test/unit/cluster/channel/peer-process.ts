/** Child of the channel's tests: a node with their services, until its standard input closes. Arguments: node, port. */
import { provideTestServices, quick, secret } from './support.js';
import { Channel } from '../../../../src/cluster/channel/channel.js';

const [, , node = '', port] = process.argv;
const channel = new Channel({
  node,
  cluster: 'test',
  credentials: { kind: 'secret', secret },
  locate: () => undefined,
  compress: false,
  timing: quick,
  log: () => undefined,
});
provideTestServices(channel);
process.stdout.write(`${JSON.stringify(await channel.listen({ host: '127.0.0.1', port: Number(port) }))}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
