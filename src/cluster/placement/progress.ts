/** What has happened to copies between two looks at the store, one line each, for those who watch `shoal cluster ... --wait`. Pure. */
import type { Inventory, PlacedDatabase } from './inventory.js';

export function placementNews(before: Inventory, after: Inventory): readonly string[] {
  const known = new Map(before.databases.map((database) => [database.id, database]));
  return after.databases.flatMap((database) => {
    const earlier = known.get(database.id);
    return earlier === undefined ? [] : newsOf(earlier, database).map((line) => `${database.name}: ${line}`);
  });
}

function newsOf(before: PlacedDatabase, after: PlacedDatabase): readonly string[] {
  const [old, now] = [before.configuration, after.configuration];
  const come = (was: readonly string[], is: readonly string[]): readonly string[] => is.filter((node) => !was.includes(node));
  return [
    ...come(old.replicas, now.replicas).map((node) => `${node} gets a copy`),
    ...come(old.isr, now.isr).map((node) => `${node} is in sync`),
    ...(old.primary === now.primary ? [] : [`${now.primary} is primary in epoch ${String(now.epoch)}, ${old.primary} was`]),
    ...come(now.isr, old.isr).map((node) => `${node} is no longer in sync`),
    ...come(now.replicas, old.replicas).map((node) => `${node} gives its copy up`),
  ];
}

/** What keeps a node from being empty, one line each. */
export function whatIsOn({ databases }: Inventory, node: string): readonly string[] {
  return databases.flatMap(({ name, configuration: { primary, isr, replicas } }) => {
    if (primary === node) return [`${name} (primary)`];
    if (replicas.includes(node)) return [isr.includes(node) ? name : `${name} (not in sync)`];
    return isr.includes(node) ? [`${name} (leaving)`] : [];
  });
}
