// Reading the chart from candle to candle.
//
// The candle a reader stands on is shown as under a pointer, and its words go to [data-readout],
// a live region.

import { movedWindow } from "holdfast/chart-window";
import { formatted } from "holdfast/quote-fields";

function words({ labels, live, data }, place) {
  const text = data[0].text[place];
  if (text) return text.split("<br>").join(", ");
  const prices = ["open", "high", "low", "close"].map((name) => `${name} ${formatted(live[name], 2, false)}`);
  return `${labels[place]}, ${prices.join(", ")}, still open`;
}

export function readerOf({ box, plot, look, state }) {
  let stood = null; // when the candle opened that the reader stands on

  async function step(by) {
    const { figure, view } = state();
    const last = figure.opened.length - 1;
    if (last < 0) return;
    const before = stood === null ? -1 : figure.opened.indexOf(stood);
    const from = before < 0 ? Math.min(last, Math.floor(view[1])) + (by < 0 ? 1 : 0) : before;
    const place = Math.max(0, Math.min(last, from + by));
    stood = figure.opened[place];
    if (place < view[0]) await look(movedWindow(figure, view, { candles: place - view[0] - 1 }));
    else if (place > view[1]) await look(movedWindow(figure, view, { candles: place - view[1] + 1 }));
    box.querySelector("[data-readout]").textContent = words(figure, place);
    const point = plot.data[0].x.indexOf(place);
    if (point >= 0) Plotly.Fx.hover(plot, [{ curveNumber: 0, pointNumber: point }]);
    else Plotly.Fx.unhover(plot);
  }

  function leave() {
    stood = null;
  }

  return { step, leave };
}
