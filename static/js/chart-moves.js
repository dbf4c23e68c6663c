// Moving through the chart: by keyboard from candle to candle, by buttons, wheel and double click.

import { movedWindow } from "holdfast/chart-window";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const MOVES = { PageUp: { by: -0.8 }, PageDown: { by: 0.8 }, "+": { scale: 0.7 }, "-": { scale: 1.4 } };
const MANY = 10;

export function listenForMoves({ box, plot, look, newest, state }) {
  let reading = null; // comes with the first step

  async function read(action, ...values) {
    reading ??= import(`holdfast/chart-reading`).then(({ readerOf }) => readerOf({ box, plot, look, state }));
    (await reading)[action](...values);
  }

  function move(how) {
    const { figure, view } = state();
    look(movedWindow(figure, view, how));
  }

  plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (STEPS[event.key]) read("step", STEPS[event.key] * (event.shiftKey ? MANY : 1));
    else if (MOVES[event.key]) move(MOVES[event.key]);
    else if (event.key === "End") {
      if (reading) read("leave");
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
