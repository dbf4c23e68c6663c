// The part of a figure that is in sight, as Plotly draws it.

import { themed } from "holdfast/chart-theme";

const PIXELS_PER_LABEL = 130;
const AIR = 0.06;

/** Data and layout for the window, coloured, its axes fitted to what is in sight. */
export function inSight(figure, view, { width, isLog }) {
  const isOnLog = isLog && !figure.compared;
  const whole = figure.compared ? comparedFrom(figure, view) : figure.data;
  const { data, layout } = themed({ data: nearView(whole, view), layout: structuredClone(figure.layout) });
  Object.assign(layout.xaxis, timeTicks(figure, view, width), { range: [...view] });
  layout.yaxis.range = priceRange(figure, whole, view, isOnLog);
  if (isOnLog) {
    layout.yaxis.type = "log";
    // Plotly takes shapes of such an axis by their price, words by its logarithm.
    for (const words of layout.annotations) if (!words.yref) words.y = Math.log10(words.y);
  }
  layout.font.family = getComputedStyle(document.body).fontFamily;
  // On a touch screen a finger on the chart scrolls the page.
  if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
  return { data, layout };
}

/** Lines in percent since the first bar in sight. */
function comparedFrom(figure, [start]) {
  const from = Math.max(0, Math.ceil(start));
  return figure.data.map((trace, number) => {
    const closes = figure.compared[number];
    const base = closes.find((value, index) => value && index >= from);
    return { ...trace, y: closes.map((value) => (value && base ? (value / base - 1) * 100 : null)) };
  });
}

/** The lowest and highest of what is drawn on the price axis in sight, with some air. */
function priceRange(figure, data, [start, end], isLog) {
  let [bottom, top] = [Infinity, -Infinity];
  const see = (value) => {
    if (value === null) return;
    bottom = Math.min(bottom, value);
    top = Math.max(top, value);
  };
  const lines = figure.compared ? data.map((trace) => trace.y) : [data[0].low, data[0].high];
  for (const line of lines) {
    for (let index = Math.max(0, Math.ceil(start)); index <= end && index < line.length; index += 1) see(line[index]);
  }
  const { live } = figure;
  if (!figure.compared && live && live.index >= start && live.index <= end) [live.low, live.high].map(Number).forEach(see);
  if (bottom > top) [bottom, top] = [1, 2];
  if (isLog) {
    const air = (Math.log10(top / bottom) || 0.01) * AIR;
    return [Math.log10(bottom) - air, Math.log10(top) + air];
  }
  const air = (top - bottom || Math.abs(top) || 1) * AIR;
  return [bottom - air, top + air];
}

/** As many labels as fit, at even steps. */
function timeTicks({ labels }, [start, end], width) {
  const wanted = Math.max(2, Math.floor(width / PIXELS_PER_LABEL));
  const step = Math.max(1, Math.ceil((end - start) / wanted));
  const tickvals = [];
  const last = Math.min(labels.length - 1, Math.floor(end));
  for (let index = last - Math.floor(step / 2); index >= Math.max(0, start); index -= step) tickvals.push(index);
  return { tickvals, ticktext: tickvals.map((index) => labels[index]) };
}

/** What is in sight of each trace, and as much again on either side to move into. */
function nearView(data, [start, end]) {
  const from = Math.max(0, Math.floor(start - (end - start)));
  const to = Math.ceil(end + (end - start));
  const near = (value) => (Array.isArray(value) ? value.slice(from, to) : value);
  return data.map((trace) => {
    const cut = Object.fromEntries(Object.entries(trace).map(([key, value]) => [key, near(value)]));
    if (trace.marker) cut.marker = { ...trace.marker, color: near(trace.marker.color) };
    return cut;
  });
}
