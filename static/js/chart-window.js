// Which candles are in sight, and what the axes say about them. Pure: the figure in, numbers out.

const PIXELS_PER_CANDLE = 8;
const PIXELS_PER_LABEL = 130;
const FEWEST_CANDLES = 15;
const ROOM_ON_THE_RIGHT = 2.5;
const AIR = 0.06;

/** The newest candles that fit the width. */
export function newestWindow(figure, width) {
  const count = figure.labels.length;
  const fitting = Math.max(FEWEST_CANDLES, Math.floor(width / PIXELS_PER_CANDLE));
  return [Math.max(-1, count - 1 - fitting), count - 1 + ROOM_ON_THE_RIGHT];
}

/** The window moved by a share of its width, or scaled about its right edge. */
export function movedWindow([start, end], { by = 0, scale = 1 }) {
  const width = Math.max(FEWEST_CANDLES, (end - start) * scale);
  const shift = (end - start) * by;
  return [end - width + shift, end + shift];
}

/** The lowest and highest price among the candles in sight, with some air. */
export function priceRange(figure, [start, end]) {
  const [{ low, high }] = figure.data;
  const { live } = figure;
  let [bottom, top] = [Infinity, -Infinity];
  for (let index = Math.max(0, Math.ceil(start)); index <= end && index < low.length; index += 1) {
    bottom = Math.min(bottom, low[index]);
    top = Math.max(top, high[index]);
  }
  if (live && live.index >= start && live.index <= end) {
    bottom = Math.min(bottom, live.low);
    top = Math.max(top, live.high);
  }
  if (bottom > top) return figure.layout.yaxis.range;
  const air = (top - bottom || top) * AIR;
  return [bottom - air, top + air];
}

/** As many labels as fit, at even steps. */
export function timeTicks(figure, [start, end], width) {
  const wanted = Math.max(2, Math.floor(width / PIXELS_PER_LABEL));
  const step = Math.max(1, Math.ceil((end - start) / wanted));
  const tickvals = [];
  const last = Math.min(figure.labels.length - 1, Math.floor(end));
  for (let index = last - Math.floor(step / 2); index >= Math.max(0, start); index -= step) tickvals.push(index);
  return { tickvals, ticktext: tickvals.map((index) => figure.labels[index]) };
}

/** What is in sight of each trace, and as much again on either side to move into. */
export function nearView(data, [start, end]) {
  const from = Math.max(0, Math.floor(start - (end - start)));
  const to = Math.ceil(end + (end - start));
  const near = (value) => (Array.isArray(value) ? value.slice(from, to) : value);
  return data.map((trace) => {
    const cut = Object.fromEntries(Object.entries(trace).map(([key, value]) => [key, near(value)]));
    if (trace.marker) cut.marker = { ...trace.marker, color: near(trace.marker.color) };
    return cut;
  });
}
