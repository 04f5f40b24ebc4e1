/** Search and type filter over the entities of the page, and their order. Pure. */
import { type Entity, entityName } from './entity';

/** An entity with the name it is listed under. */
export interface Listed {
  entity: Entity;
  name: string;
}

/**
 * The entities that match, by name. Every word of `words` must occur in the name, the id or a type, without regard to
 * case; `type` is an exact type, or empty for all.
 */
export function matching(entities: Iterable<Entity>, words: string, type: string, lang: string): Listed[] {
  const wanted = words.toLocaleLowerCase(lang).split(/\s+/).filter((word) => word !== '');
  const out: Listed[] = [];
  for (const entity of entities) {
    if (type !== '' && !entity.types.includes(type)) continue;
    const name = entityName(entity, lang);
    if (wanted.length > 0) {
      const text = `${name}\n${entity.id}\n${entity.types.join('\n')}`.toLocaleLowerCase(lang);
      if (!wanted.every((word) => text.includes(word))) continue;
    }
    out.push({ entity, name });
  }
  const order = new Intl.Collator(lang, { numeric: true }).compare;
  return out.sort((a, b) => order(a.name, b.name) || (a.entity.id < b.entity.id ? -1 : 1));
}

/** Every type with how many entities have it, by name. */
export function typeCounts(entities: Iterable<Entity>): [string, number][] {
  const counts = new Map<string, number>();
  for (const { types } of entities) for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
