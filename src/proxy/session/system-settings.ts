/**
 * ALTER SYSTEM: settings that the node keeps for all sessions, in force after the next reload (or start). Source: PostgreSQL 15's AlterSystemSetConfigFile.
 */
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { checkedSetting, settingDefinition, settingText } from './settings.js';
import type { ShoalSession } from './shoal-session.js';

export async function alterSystem(session: ShoalSession, { setting }: ast.AlterSystem): Promise<string> {
  const { core } = session;
  core.transaction.refuseInBlock('ALTER SYSTEM');
  const role = core.catalog.role(core.user);
  if (setting.action === 'resetAll') {
    if (role?.superuser !== true) throw new PgError('42501', 'permission denied to perform ALTER SYSTEM RESET ALL');
    await core.services.node.alterSystem({ name: undefined, value: undefined });
    return 'ALTER SYSTEM';
  }
  const { name } = setting;
  if (role?.superuser !== true) throw new PgError('42501', `permission denied to set parameter "${name}"`);
  const definition = settingDefinition(name);
  if (definition === undefined) throw new PgError('42704', `unrecognized configuration parameter "${name}"`);
  if (definition.fixed === true || fixedInFiles.has(definition.name)) throw new PgError('55P02', `parameter "${name}" cannot be changed`);
  const value = setting.action === 'value' ? checkedSetting(name, settingText(name, setting.values)) : undefined;
  if (value?.includes('\n') === true) throw new PgError('22023', 'parameter value for ALTER SYSTEM must not contain a newline');
  await core.services.node.alterSystem({ name, value });
  return 'ALTER SYSTEM';
}

/** Where the node looks for what it is told, and what is a session's or transaction's own. */
const fixedInFiles: ReadonlySet<string> = new Set([
  'data_directory',
  'config_file',
  'hba_file',
  'ident_file',
  'transaction_isolation',
  'transaction_read_only',
  'transaction_deferrable',
  'is_superuser',
  'role',
  'session_authorization',
  'seed',
]);
