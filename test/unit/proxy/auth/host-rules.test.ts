import assert from 'node:assert/strict';
import { type ConnectionFacts, matchHostRule, parseHostRules } from '../../../../src/proxy/auth/host-rules.js';

const noFiles = (): string => {
  throw new Error('No such file or directory');
};
const facts = (given: Partial<ConnectionFacts>): ConnectionFacts => ({
  address: '10.1.2.3',
  encrypted: false,
  database: 'shop',
  user: 'ann',
  isMember: (role) => role === 'ann' || role === 'staff',
  ...given,
});

async function lineFor(text: string, given: Partial<ConnectionFacts> = {}): Promise<number | undefined> {
  const { rules, errors } = parseHostRules(text, noFiles);
  assert.deepEqual(errors, []);
  return (await matchHostRule(rules, facts(given)))?.line;
}

describe('host rules', () => {
  it('take the first line that fits type, database, role and address', async () => {
    const text = [
      '# comment',
      'local all all trust',
      'hostssl all all 0.0.0.0/0 cert',
      'host other,"sales" all all md5',
      'host shop bob,+staff 10.1.0.0/16 scram-sha-256 # trailing',
      'host all all ::1/128 trust',
      'host sameuser all 192.168.0.0 255.255.255.0 password',
      'host samerole all 172.16.0.0/12 reject',
      'host replication all all trust',
    ].join('\n');
    assert.equal(await lineFor(text), 5);
    assert.equal(await lineFor(text, { user: 'carl', isMember: () => false }), undefined);
    assert.equal(await lineFor(text, { user: 'bob', isMember: () => false }), 5);
    assert.equal(await lineFor(text, { encrypted: true }), 3);
    assert.equal(await lineFor(text, { address: undefined }), 2);
    assert.equal(await lineFor(text, { address: '::ffff:10.1.9.9' }), 5);
    assert.equal(await lineFor(text, { address: '::1' }), 6);
    assert.equal(await lineFor(text, { database: 'sales' }), 4);
    assert.equal(await lineFor(text, { address: '192.168.0.7' }), undefined);
    assert.equal(await lineFor(text, { address: '192.168.0.7', database: 'ann' }), 7);
    assert.equal(await lineFor(text, { address: '172.17.0.1', database: 'staff' }), 8);
  });

  it('knows hostnossl, IPv6 networks, samehost, and quoted keywords as names', async () => {
    assert.equal(await lineFor('hostnossl all all all trust', { encrypted: true }), undefined);
    assert.equal(await lineFor('host all all fd00:1::/32 trust', { address: 'fd00:1:2::3' }), 1);
    assert.equal(await lineFor('host all all fd00:1::/48 trust', { address: 'fd00:1:2::3' }), undefined);
    assert.equal(await lineFor('host all all samehost trust', { address: '127.0.0.1' }), 1);
    assert.equal(await lineFor('host "all" all all trust'), undefined);
    assert.equal(await lineFor('host "all" all all trust', { database: 'all' }), 1);
    assert.equal(await lineFor('host all all localhost trust', { address: '127.0.0.1' }), 1);
    assert.equal(await lineFor('host all all localhost trust'), undefined);
  });

  it('reads names from @files', async () => {
    const files: Record<string, string> = { names: 'bob, carl # two\n@more', more: 'ann' };
    const { rules } = parseHostRules('host all @names all trust', (name) => files[name] ?? noFiles());
    assert.equal((await matchHostRule(rules, facts({})))?.line, 1);
    assert.equal(await matchHostRule(rules, facts({ user: 'zoe' })), undefined);
  });

  it('says what is wrong with a line as PostgreSQL does', () => {
    for (const [line, error] of [
      ['hast all all all trust', 'invalid connection type "hast"'],
      ['host', 'end-of-line before database specification'],
      ['host all', 'end-of-line before role specification'],
      ['host all all', 'end-of-line before IP address specification'],
      ['host all all 10.0.0.0/8', 'end-of-line before authentication method'],
      ['host all all 10.0.0.0', 'end-of-line before netmask specification'],
      ['host all all 10.0.0.0/33 trust', 'invalid CIDR mask in address "10.0.0.0/33"'],
      ['host all all example.com/8 trust', 'specifying both host name and CIDR mask is invalid: "example.com/8"'],
      ['host all all all magic', 'invalid authentication method "magic"'],
      ['host all all all peer', 'authentication method "peer" is not supported'],
      ['host all all all cert', 'cert authentication is only supported on hostssl connections'],
      ['host all all all md5 clientcert=verify-ca', 'clientcert can only be configured for "hostssl" rows'],
      ['hostssl all all all md5 clientcert=1', 'invalid value for clientcert: "1"'],
      ['hostssl all all all md5 odd', 'authentication option not in name=value format: odd'],
      ['hostssl all all all md5 a=b', 'unrecognized authentication option name: "a"'],
      ['host all @nowhere all trust', 'could not open secondary authentication file "@nowhere": No such file or directory'],
    ] as const) {
      assert.deepEqual(parseHostRules(`\n${line}`, noFiles), { rules: [], errors: [{ line: 2, error }] });
    }
  });
});
