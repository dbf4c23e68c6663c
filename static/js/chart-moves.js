// Moving through the chart: by keyboard from candle to candle, by buttons, wheel and double click.
//
// The candle a reader stands on is shown as under a pointer, and its words go to [data-readout],
// a live region.

import { movedWindow } from "holdfast/chart-window";
import { formatted } from "holdfast/quote-fields";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const MOVES = { PageUp: { by: -0.8 }, PageDown: { by: 0.8 }, "+": { scale: 0.7 }, "-": { scale: 1.4 } };
const MANY = 10;

export function listenForMoves({ box, plot, look, newest, state }) {
  let stood = null; // when the candle opened that the reader stands on

  function words({ labels, live, data }, place) {
    const text = data[0].text[place];
    if (text) return text.split("<br>").join(", ");
    const prices = ["open", "high", "low", "close"].map((name) => `${name} ${formatted(live[name], 2, false)}`);
    return `${labels[place]}, ${prices.join(", ")}, still open`;
  }

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

  function move(how) {
    const { figure, view } = state();
    look(movedWindow(figure, view, how));
  }

  plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (STEPS[event.key]) step(STEPS[event.key] * (event.shiftKey ? MANY : 1));
    else if (MOVES[event.key]) move(MOVES[event.key]);
    else if (event.key === "End") {
      stood = null;
      newest();
    } else if (event.key === "Home") move({ by: -1 });
    else return;
    event.preventDefault();
  });
  plot.addEventListener("blur", () => Plotly.Fx.unhover(plot));
  plot.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // otherwise it scrolls the page
    event.preventDefault();
    move({ scale: event.deltaY > 0 ? 1.15 : 0.87 });
  }, { passive: false });
  plot.on("plotly_doubleclick", newest);
  box.addEventListener("click", (event) => {
    const { by, scale } = event.target.closest("[data-moves]")?.dataset ?? {};
    if (by) move({ by: Number(by) });
    if (scale) move({ scale: Number(scale) });
  });
}
