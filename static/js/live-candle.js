// The newest candle as the first two shapes of the layout, a wick and a body, moved on their own.

import { themed } from "holdfast/chart-theme";

/** Bring them to the bar; the other candles are not drawn again. */
export function moveLiveCandle(plot, { open, high, low, close }) {
  const [wick, body] = plot.layout.shapes ?? [];
  if (!wick) return;
  const colour = themed(Number(close) >= Number(open) ? "--rise" : "--fall");
  [wick.y0, wick.y1, body.y0, body.y1] = [low, high, open, close].map(Number);
  // Of a shape only its looks can change without drawing the candles anew, and that draws the
  // shape where its coordinates now are.
  Plotly.relayout(plot, { "shapes[0].line.color": colour, "shapes[1].line.color": colour, "shapes[1].fillcolor": colour });
}
