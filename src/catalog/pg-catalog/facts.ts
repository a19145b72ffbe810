/**
 * Facts about PostgreSQL's built-in objects (functions/catalog/*-facts.ts) by attribute and OID: for pg_proc and pg_operator, which add them to what the registry
 * knows.
 */

/** Lines `attribute value oid...`: the value of an attribute of an object, or the usual one. */
export class Facts {
  private readonly values = new Map<string, Map<number, string>>();

  constructor(text: string) {
    for (const line of text.trim().split('\n')) {
      const [attribute, value, ...oids] = line.split(' ') as [string, string, ...string[]];
      let known = this.values.get(attribute);
      if (known === undefined) this.values.set(attribute, (known = new Map<number, string>()));
      for (const oid of oids) known.set(Number(oid), value);
    }
  }

  text(attribute: string, oid: number): string | undefined {
    return this.values.get(attribute)?.get(oid);
  }

  number(attribute: string, oid: number, usual: number): number {
    const text = this.text(attribute, oid);
    return text === undefined ? usual : Number(text);
  }

  has(attribute: string, oid: number): boolean {
    return this.text(attribute, oid) !== undefined;
  }
}
