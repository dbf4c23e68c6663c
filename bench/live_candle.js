// Moves the newest candle of a chart ten times a second, as the page does or by drawing all anew.

import { themed } from "holdfast/chart-theme";
import { moveLiveCandle } from "holdfast/live-candle";

const plot = document.querySelector("#plot");
let figure = null;

/** Draw the whole figure once, all of it in sight. */
export async function show(drawn) {
  figure = { ...drawn, ...themed({ data: drawn.data, layout: drawn.layout }) };
  await Plotly.react(plot, figure.data, figure.layout, { displayModeBar: false });
}

const WAYS = {
  shapes: (bar) => moveLiveCandle(plot, bar),
  react: (bar) => {
    const { data, layout } = figure;
    const [candles] = data;
    const drawn = { ...candles, x: [...candles.x, candles.x.length] };
    for (const name of ["open", "high", "low", "close"]) drawn[name] = [...candles[name], Number(bar[name])];
    return Plotly.react(plot, [drawn, ...data.slice(1)], { ...layout, shapes: layout.shapes.slice(2) }, { displayModeBar: false });
  },
};

/** Walk the bar through the closes at even times; frames drawn meanwhile, and milliseconds spent. */
export async function walk(way, closes, everyMs) {
  let frames = 0;
  let goesOn = true;
  const count = () => {
    frames += 1;
    if (goesOn) requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  const bar = { ...figure.live };
  const began = performance.now();
  let spent = 0;
  for (const [step, close] of closes.entries()) {
    const wait = began + (step + 1) * everyMs - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    [bar.close, bar.high, bar.low] = [close, Math.max(bar.high, close), Math.min(bar.low, close)];
    const from = performance.now();
    await WAYS[way](bar);
    spent += performance.now() - from;
  }
  goesOn = false;
  return { frames, spent, lasted: performance.now() - began };
}
