/**
 * The constructors of a database's own range and multirange types: functions of the type's name, which are those of the built-in ranges over other types.
 * Asked by `user-function` for the functions of a name in a schema.
 */
import type { DatabaseTypes } from '../../catalog/database-types.js';
import type { FunctionEntry } from '../../functions/function.js';
import { functionsNamed } from '../../functions/registry.js';
import { Oid } from '../../types/registry.js';

/** The arguments of a built-in constructor for another type. */
function entryFor(template: FunctionEntry, args: readonly number[], result: number): FunctionEntry {
  return { ...template, args, result };
}

export function rangeConstructors(types: DatabaseTypes, schema: string, name: string): readonly FunctionEntry[] {
  const type = types.constructed(schema, name);
  if (type?.kind === 'range') {
    const { subtypeOid } = type;
    return functionsNamed('numrange').map((template) =>
      entryFor(template, template.args.length === 2 ? [subtypeOid, subtypeOid] : [subtypeOid, subtypeOid, Oid.text], type.oid),
    );
  }
  if (type?.kind !== 'multirange') return [];
  const arrayOid = types.named(type.rangeOid)?.arrayOid;
  return functionsNamed('nummultirange').map((template) => {
    const [argument] = template.args;
    return entryFor(template, argument === undefined ? [] : [argument === Oid.numrange ? type.rangeOid : (arrayOid ?? 0)], type.oid);
  });
}
