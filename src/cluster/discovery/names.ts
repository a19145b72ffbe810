/**
 * What the names of a cluster in DNS stand for: pure, over the nodes that are healthy now. Called by discovery/dns-server.ts and discovery/skydns-keys.ts.
 *
 * | name | SRV | A, AAAA |
 * |---|---|---|
 * | `<service>.service.<domain>` | every healthy node: port and `<node>.node.<domain>` | their addresses |
 * | `<database>.<service>.service.<domain>` | the healthy nodes to ask for that database | their addresses |
 * | `<node>.node.<domain>` | | its address |
 */
import { isIP } from 'node:net';

export interface ServingNode {
  readonly name: string;
  /** An IP address, or a name that others can resolve. */
  readonly host: string;
  readonly port: number;
  /** Databases for which it should be asked. */
  readonly databases: readonly string[];
}

export interface ServiceZone {
  /** Without a final dot, as `cluster.example`. */
  readonly domain: string;
  readonly service: string;
}

/** What a name stands for. */
export type Meaning =
  /** Not a name of the zone. */
  | { readonly kind: 'elsewhere' }
  /** None such, or no healthy node behind it. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'service'; readonly nodes: readonly ServingNode[] }
  | { readonly kind: 'node'; readonly node: ServingNode };

/** The name without its final dot, in lower case (names are the same in any). */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function labelsUnder(name: string, suffix: string): readonly string[] | undefined {
  if (name === suffix) return [];
  return name.endsWith(`.${suffix}`) ? name.slice(0, -suffix.length - 1).split('.') : undefined;
}

export function meaningOf(name: string, { domain, service }: ServiceZone, nodes: readonly ServingNode[]): Meaning {
  const asked = canonicalName(name);
  const zone = canonicalName(domain);
  if (labelsUnder(asked, zone) === undefined) return { kind: 'elsewhere' };
  const node = labelsUnder(asked, `node.${zone}`);
  if (node !== undefined) {
    const found = nodes.find((candidate) => candidate.name.toLowerCase() === node.join('.'));
    return found === undefined || node.length === 0 ? { kind: 'nothing' } : { kind: 'node', node: found };
  }
  const [database, ...more] = labelsUnder(asked, `${canonicalName(service)}.service.${zone}`) ?? ['', ''];
  if (more.length > 0) return { kind: 'nothing' };
  const asking = database === undefined ? nodes : nodes.filter(({ databases }) => databases.some((own) => own.toLowerCase() === database));
  return asking.length === 0 ? { kind: 'nothing' } : { kind: 'service', nodes: asking };
}

/** The name under which SRV records point at a node: its own when it is known by address only. */
export function targetOf({ name, host }: ServingNode, { domain }: ServiceZone): string {
  return isIP(host) === 0 ? host : `${name.toLowerCase()}.node.${canonicalName(domain)}`;
}

/** A database whose name can be a label. */
export function isLabel(text: string): boolean {
  return /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(text);
}
