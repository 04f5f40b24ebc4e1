/** Draws one series with uPlot into an element, in the colours of the page. Loaded with the first chart. */
import type { Sample } from '../api/history';

/**
 * Draws `samples` into `box` and keeps them fitted to it. Returns what ends the drawing. `write` puts a value into the
 * reader's language.
 */
export function draw(box: HTMLElement, samples: Sample[], unit: string, lang: string, write: (value: number) => string): () => void {
  let ended = false;
  let end = (): void => undefined;
  void Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([{ default: Plot }]) => {
    if (ended) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const span = (samples.at(-1)?.[0] ?? 0) - (samples[0]?.[0] ?? 0);
    // Hours alone say the day of what is of today.
    const old = Date.now() - (samples.at(-1)?.[0] ?? 0) > 86_400_000;
    const ticks = new Intl.DateTimeFormat(lang, { ...tickFormat(span), ...(old && span < DATED && { day: 'numeric', month: 'short' }) });
    const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 } };
    const plot = new Plot(
      {
        width: box.clientWidth,
        height: box.clientHeight,
        legend: { show: false },
        cursor: { y: false, points: { size: 7 } },
        scales: { x: { time: true } },
        axes: [
          // Isolated (U+2068): the canvas reads from left to right, a date in Arabic does not.
          { ...axis, space: old ? 110 : 90, values: (_, splits) => splits.map((at) => `\u2068${ticks.format(at * 1000)}\u2069`) },
          { ...axis, size: 64, values: (_, splits) => splits.map((value) => (unit === '' ? write(value) : `${write(value)} ${unit}`)) },
        ],
        series: [
          {},
          {
            stroke: colour('--accent'),
            width: 2,
            fill: colour('--accent-wash'),
            points: { show: samples.length <= 60, size: 5, fill: colour('--accent') },
          },
        ],
      },
      [samples.map(([at]) => at / 1000), samples.map(([, value]) => value)],
      box,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: box.clientHeight }));
    watch.observe(box);
    end = () => {
      watch.disconnect();
      plot.destroy();
    };
  });
  return () => {
    ended = true;
    end();
  };
}

/** Series at least so long have dates on their axis in any case. Milliseconds. */
const DATED = 48 * 3_600_000;

function tickFormat(span: number): Intl.DateTimeFormatOptions {
  const hour = 3_600_000;
  if (span < hour) return { hour: 'numeric', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
  if (span < DATED) return { hour: 'numeric', minute: '2-digit', hourCycle: 'h23' };
  if (span < 200 * 24 * hour) return { day: 'numeric', month: 'short' };
  return { month: 'short', year: 'numeric' };
}
