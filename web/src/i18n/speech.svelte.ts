/** The language in use, and everything the page says or writes in it: messages, numbers, dates, ages. */
import type { FluentVariable } from '@fluent/bundle';
import { bundle, choose, direction, LANGS, type Lang } from './catalogues';

const KEY = 'belfry.lang';
const fallback = bundle('en');

class Speech {
  lang = $state<Lang>(remembered());
  private readonly catalogue = $derived(bundle(this.lang));
  private readonly numbers = $derived(new Intl.NumberFormat(this.lang, { maximumSignificantDigits: 6 }));
  private readonly wholes = $derived(new Intl.NumberFormat(this.lang, { maximumFractionDigits: 0 }));
  private readonly ages = $derived(new Intl.RelativeTimeFormat(this.lang, { style: 'narrow', numeric: 'always' }));
  private readonly instants = $derived(new Intl.DateTimeFormat(this.lang, { dateStyle: 'medium', timeStyle: 'medium' }));
  private readonly minutes = $derived(new Intl.DateTimeFormat(this.lang, { dateStyle: 'medium', timeStyle: 'short' }));

  /** Uses a language from now on, and on the next visit. */
  use(lang: Lang): void {
    this.lang = lang;
    localStorage.setItem(KEY, lang);
  }

  /** Tells the document its language and direction. */
  dress(root: HTMLElement): void {
    root.lang = this.lang;
    root.dir = direction(this.lang);
    document.title = this.say('page-title');
  }

  /** A message of the catalogue; the English one, or the id itself, when it is missing. */
  say(id: string, args?: Record<string, FluentVariable>): string {
    for (const catalogue of [this.catalogue, fallback]) {
      const pattern = catalogue.getMessage(id)?.value;
      if (pattern) return catalogue.formatPattern(pattern, args ?? null, []);
    }
    return id;
  }

  /** A measured number, six significant digits at most. */
  number(value: number): string {
    return this.numbers.format(value);
  }

  /** A count. */
  whole(value: number): string {
    return this.wholes.format(value);
  }

  /** Date and time of an instant, in the browser's time zone. Milliseconds since 1970. */
  instant(at: number): string {
    return this.instants.format(at);
  }

  /** How long ago, or past two days the date and time, which then say more. `at` and `now` in milliseconds since 1970. */
  when(at: number, now: number): string {
    return Math.abs(now - at) < 2 * DAY * 1000 ? this.age(at, now) : this.minutes.format(at);
  }

  /** How long ago: "12s ago". `at` and `now` in milliseconds since 1970. */
  age(at: number, now: number): string {
    const seconds = Math.round((at - now) / 1000);
    for (const [unit, length, until] of STEPS) {
      // Less than a minute ahead is a clock that is a little off: it reads as now, and as past, which is what -0 means here.
      const whole = seconds > 0 && seconds < 60 ? -0 : Math.trunc(seconds / length) || -0;
      if (Math.abs(seconds) < until) return this.ages.format(whole, unit);
    }
    return this.ages.format(Math.trunc(seconds / YEAR), 'year');
  }
}

const DAY = 86_400;
const YEAR = 365.25 * DAY;
const STEPS: [Intl.RelativeTimeFormatUnit, number, number][] = [
  ['second', 1, 60],
  ['minute', 60, 3600],
  ['hour', 3600, 2 * DAY],
  ['day', DAY, 60 * DAY],
  ['month', YEAR / 12, 2 * YEAR],
];

function remembered(): Lang {
  const kept = localStorage.getItem(KEY);
  return LANGS.find((lang) => lang === kept) ?? choose(navigator.languages);
}

/** The one speech of this page. */
export const speech = new Speech();

/** Short for {@link Speech.say}. */
export function t(id: string, args?: Record<string, FluentVariable>): string {
  return speech.say(id, args);
}
