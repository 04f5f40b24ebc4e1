/** Light, dark or high contrast: what the reader chose, or else what the system prefers. */

/** What can be chosen. */
export const CHOICES = ['system', 'light', 'dark', 'contrast'] as const;
/** One choice. */
export type Choice = (typeof CHOICES)[number];
/** What is drawn. */
export type Look = 'light' | 'dark' | 'contrast' | 'contrast-light';

const KEY = 'belfry.appearance';
const dark = matchMedia('(prefers-color-scheme: dark)');
const contrast = matchMedia('(prefers-contrast: more)');

class Appearance {
  choice = $state<Choice>(CHOICES.find((one) => one === localStorage.getItem(KEY)) ?? 'system');
  private prefersDark = $state(dark.matches);
  private prefersContrast = $state(contrast.matches);
  look = $derived<Look>(this.decide());

  constructor() {
    dark.addEventListener('change', () => (this.prefersDark = dark.matches));
    contrast.addEventListener('change', () => (this.prefersContrast = contrast.matches));
  }

  /** Uses a choice from now on, and on the next visit. */
  use(choice: Choice): void {
    this.choice = choice;
    localStorage.setItem(KEY, choice);
  }

  private decide(): Look {
    if (this.choice !== 'system') return this.choice;
    if (this.prefersContrast) return this.prefersDark ? 'contrast' : 'contrast-light';
    return this.prefersDark ? 'dark' : 'light';
  }
}

/** The one appearance of this page. */
export const appearance = new Appearance();
