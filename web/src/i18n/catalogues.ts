/** The languages of the page and their catalogues. Pure: no browser, no state. */
import { FluentBundle, FluentResource } from '@fluent/bundle';
import ar from './ar.ftl?raw';
import en from './en.ftl?raw';
import es from './es.ftl?raw';
import zh from './zh.ftl?raw';

/** A language the page speaks. */
export type Lang = 'en' | 'zh' | 'es' | 'ar';

/** The languages, in the order they are offered. */
export const LANGS: readonly Lang[] = ['en', 'zh', 'es', 'ar'];

/** Each language's catalogue as Fluent text. */
export const SOURCES: Record<Lang, string> = { en, zh, es, ar };

/** The direction a language is written in. */
export function direction(lang: Lang): 'ltr' | 'rtl' {
  return lang === 'ar' ? 'rtl' : 'ltr';
}

/** The catalogue of a language. Throws for a catalogue that is not sound Fluent, which the tests rule out. */
export function bundle(lang: Lang): FluentBundle {
  const made = new FluentBundle(lang);
  const errors = made.addResource(new FluentResource(SOURCES[lang]));
  if (errors.length > 0) throw errors[0];
  return made;
}

/** The first of the reader's languages that the page speaks, else English. */
export function choose(wanted: readonly string[]): Lang {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0];
    const found = LANGS.find((lang) => lang === base);
    if (found !== undefined) return found;
  }
  return 'en';
}

/** What a language calls itself. */
export function languageName(lang: Lang): string {
  return /^language-name = (.+)$/m.exec(SOURCES[lang])?.[1] ?? lang;
}
