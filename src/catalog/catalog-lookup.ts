/**
 * What the functions about the catalog (pg_get_indexdef, to_regclass, pg_table_is_visible, the output of regclass) learn from a snapshot. Every connection has one,
 * over the catalog of the statement that runs: see Connection.use.
 */
import { partitionConditions, partitionKeyText, rootOf } from './partition.js';
import { partOf } from './partition-parts.js';
import { isCollationVisible } from './collation.js';
import { PgError } from '../common/errors.js';
import type { CatalogLookup, PrivilegeQuestion } from '../functions/function.js';
import { functionByOid } from '../functions/registry.js';
import { quoteIdentifier } from '../sql/quote.js';
import { Oid, typeByOid } from '../types/registry.js';
import { conditionText, constraintDefinition, expressionText, indexDefinition, viewDefinition } from './definitions.js';
import { functionArguments, functionResult } from './function-signature.js';
import { classNamed, indexByOid, isClassVisible, objectName, requireNamedSchema, resolveObject, roleByOid } from './object-names.js';
import { answerPrivilege, answerRole } from './privilege-functions.js';
import { isRowSecurityActive } from './row-security.js';
import type { CatalogSnapshot } from './snapshot.js';
import { internalTriggerDefinition } from './internal-trigger.js';
import { ruleDefinition } from './rule-text.js';
import type { Table, View } from './table.js';
import { triggerDefinition } from './trigger.js';
import { functionDefinition, sqlBodyText, userFunctionArguments, userFunctionResult } from './user-function-text.js';

type Resolved = Parameters<CatalogLookup['resolve']>[0];

const aliasTypes: Readonly<Record<Resolved, number>> = {
  class: Oid.regclass,
  type: Oid.regtype,
  procedure: Oid.regprocedure,
  namespace: Oid.regnamespace,
  role: Oid.regrole,
  collation: Oid.regcollation,
  operator: Oid.regoperator,
};

/** Errors that mean that there is no such object: to_regclass answers NULL. */
const missing: ReadonlySet<string> = new Set(['42P01', '42704', '42883', '42725', '3F000', '22P02']);

function isTypeVisible({ types }: CatalogSnapshot, searchPath: readonly string[], oid: number): boolean | null {
  const named = types.named(oid);
  if (named === undefined) return typeByOid(oid) === undefined ? null : true;
  return types.find(searchPath, named.oid === oid ? named.name : named.arrayName) === oid;
}

export class SnapshotLookup implements CatalogLookup {
  constructor(
    private readonly snapshot: () => CatalogSnapshot,
    private readonly searchPath: () => readonly string[],
    /** Who asks. */
    private readonly user: () => string,
  ) {}

  definition(kind: Parameters<CatalogLookup['definition']>[0], oid: number, column: number, pretty: boolean): string | null {
    const catalog = this.snapshot();
    switch (kind) {
      case 'index': {
        const owned = indexByOid(catalog, oid);
        return owned === undefined ? null : indexDefinition(catalog, this.searchPath(), owned, column, pretty);
      }
      case 'constraint':
        return constraintDefinition(catalog, this.searchPath(), oid, pretty) ?? null;
      case 'view': {
        const relation = catalog.relationByOid(oid);
        if (relation?.kind === 'table' && relation.materialized !== undefined)
          return viewDefinition(catalog, this.searchPath(), { queryText: relation.materialized.queryText, columns: relation.columns }, pretty);
        return relation?.kind === 'view' ? viewDefinition(catalog, this.searchPath(), relation, pretty) : null;
      }
      case 'partitionKey': {
        const relation = catalog.relationByOid(oid);
        if (relation?.kind === 'table') return relation.partitioning === undefined ? null : partitionKeyText(relation, relation.partitioning);
        return relation?.kind === 'partition' && relation.partitioning !== undefined
          ? partitionKeyText(rootOf(catalog, relation), relation.partitioning)
          : null;
      }
      case 'partitionConstraint': {
        const relation = catalog.relationByOid(oid);
        if (relation?.kind !== 'partition') return null;
        return partitionConditions(catalog, relation)
          .map((text) => expressionText(text, pretty, this.snapshot(), this.searchPath()))
          .join(' AND ');
      }
      case 'function': {
        const own = catalog.functions.byOid(oid);
        return own === undefined ? null : functionDefinition(own, (text) => expressionText(text, false, this.snapshot(), this.searchPath()));
      }
      case 'trigger': {
        for (const relation of catalog.data.relations) {
          const root = relation.kind === 'partition' ? rootOf(catalog, relation) : relation.kind === 'table' || relation.kind === 'view' ? relation : undefined;
          for (const trigger of root?.triggers ?? []) {
            const isIt = relation.kind === 'partition' ? partOf(relation, trigger.oid)?.oid === oid : trigger.oid === oid;
            if (isIt && root !== undefined)
              return triggerDefinition(catalog, this.searchPath(), { ...root, schema: relation.schema, name: relation.name }, trigger, pretty);
          }
        }
        return internalTriggerDefinition(catalog, this.searchPath(), oid) ?? null;
      }
      case 'functionBody': {
        const own = catalog.functions.byOid(oid);
        return own === undefined ? null : (sqlBodyText(own) ?? null);
      }
      case 'rule':
        for (const relation of catalog.data.relations) {
          const rule = relation.kind === 'table' || relation.kind === 'view' ? relation.rules?.find((one) => one.oid === oid) : undefined;
          if (rule !== undefined) return ruleDefinition(catalog, this.searchPath(), relation as Table | View, rule, pretty);
        }
        return null;
    }
  }

  expression(text: string, pretty: boolean): string {
    return conditionText(this.snapshot(), text, pretty, this.searchPath());
  }

  resolve(kind: Resolved, name: string): number | null {
    requireNamedSchema(this.snapshot(), this.user(), name);
    try {
      const oid = resolveObject(
        this.snapshot(),
        this.searchPath(),
        kind === 'procedure' && !name.includes('(') ? Oid.regproc : kind === 'operator' && !name.includes('(') ? Oid.regoper : aliasTypes[kind],
        name,
      );
      return oid;
    } catch (error) {
      if (error instanceof PgError && missing.has(error.code)) return null;
      throw error;
    }
  }

  nameOf(kind: 'role', oid: number): string | null {
    return kind === 'role' ? (roleByOid(this.snapshot(), oid) ?? null) : null;
  }

  hasPrivilege(question: PrivilegeQuestion): boolean | null {
    return answerPrivilege(this.snapshot(), this.searchPath(), question);
  }

  hasRole(member: string | number, role: string | number, privilege: string): boolean {
    return answerRole(this.snapshot(), member, role, privilege);
  }

  rowSecurityActive(table: string | number, user: string): boolean | null {
    const catalog = this.snapshot();
    const relation = catalog.relationByOid(typeof table === 'number' ? table : resolveObject(catalog, this.searchPath(), Oid.regclass, table));
    const role = catalog.role(user);
    if (relation === undefined) return false;
    if (relation.kind !== 'table' || role === undefined) return false;
    return isRowSecurityActive(catalog, relation, role);
  }

  isVisible(kind: string, oid: number): boolean | null {
    switch (kind) {
      case 'table':
        return isClassVisible(this.snapshot(), this.searchPath(), oid) ?? null;
      case 'type':
        return isTypeVisible(this.snapshot(), this.searchPath(), oid);
      case 'function': {
        const own = this.snapshot().functions.byOid(oid);
        if (own !== undefined) return this.snapshot().functions.isVisible(own, this.searchPath());
        return functionByOid(oid) === undefined ? null : true;
      }
      case 'collation':
        return isCollationVisible(this.snapshot(), this.searchPath(), oid) ?? null;
      default:
        return true;
    }
  }

  serialSequence(table: string, column: string): string | null {
    const catalog = this.snapshot();
    const oid = resolveObject(catalog, this.searchPath(), Oid.regclass, table);
    const relation = catalog.relationByOid(oid);
    if (relation !== undefined && relation.kind !== 'table' && 'columns' in relation && relation.columns.some(({ name }) => name === column)) return null;
    const found = relation?.kind === 'table' ? relation.columns.find((candidate) => candidate.name === column) : undefined;
    if (found === undefined) throw new PgError('42703', `column "${column}" of relation "${classNamed(catalog, oid)?.name ?? table}" does not exist`);
    const sequence = found.sequenceOid === undefined ? undefined : catalog.relationByOid(found.sequenceOid);
    return sequence === undefined ? null : `${quoteIdentifier(sequence.schema)}.${quoteIdentifier(sequence.name)}`;
  }

  functionSignature(oid: number, part: 'arguments' | 'identity' | 'result'): string | null {
    const own = this.snapshot().functions.byOid(oid);
    if (own !== undefined)
      return part === 'result'
        ? userFunctionResult(own)
        : userFunctionArguments(own, part === 'arguments', (text) => expressionText(text, false, this.snapshot(), this.searchPath()));
    const entry = functionByOid(oid);
    if (entry === undefined) return null;
    return part === 'result' ? functionResult(entry) : functionArguments(entry, part === 'arguments');
  }

  relationExists(oid: number): boolean {
    return classNamed(this.snapshot(), oid) !== undefined;
  }

  objectName(typeOid: number, oid: number): string | undefined {
    return objectName(this.snapshot(), this.searchPath(), typeOid, oid);
  }

  objectOid(typeOid: number, text: string): number {
    requireNamedSchema(this.snapshot(), this.user(), text);
    return resolveObject(this.snapshot(), this.searchPath(), typeOid, text);
  }
}
