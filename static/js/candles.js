// The candlestick chart. The server draws the figure; here it is put on the page, and the newest
// candle follows the price: its wick and body are the first two shapes of the layout, moved by
// relayout. Everything is drawn anew only when a bar closes or the price leaves the range.

import { chosen, onChoice } from "holdfast/chart-choices";
import { listenForMoves } from "holdfast/chart-moves";
import { onNews } from "holdfast/chart-news";
import { inSight } from "holdfast/chart-sight";
import { onThemeChange, themed } from "holdfast/chart-theme";
import { movedWindow, newestWindow, sameWindow, wantedSpan } from "holdfast/chart-window";
import { latestQuote } from "holdfast/live";
import { moveLiveCandle } from "holdfast/live-candle";
import "holdfast/own-marks";
import { formatted } from "holdfast/quote-fields";

const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false };
const RELOAD_EVERY_MS = 1_500;
const COMPARE_EVERY_MS = 10_000;
const box = document.querySelector("[data-candles]");
const plot = box.querySelector("[data-plot]");
const symbol = box.dataset.chartSymbol;
let figure = null;
let view = null; // [first, last] candle in sight
let span = {}; // the part of history that is loaded; the newest where it names none
let ownRelayout = false;
let frame = 0;
let reloadedAt = 0;
let loads = 0;

function note(words) {
  box.querySelector("[data-note]").textContent = words;
}

async function load({ keepsView = false, days, at = span } = {}) {
  const query = new URLSearchParams({ interval: chosen.interval, adjusted: box.dataset.adjusted, ...at });
  query.set("timezone", Intl.DateTimeFormat().resolvedOptions().timeZone);
  if (chosen.indicators.size) query.set("indicators", [...chosen.indicators].join());
  if (chosen.compare) query.set("compare", chosen.compare);
  loads += 1;
  const own = loads;
  reloadedAt = Date.now();
  box.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(`${box.dataset.candles}?${query}`);
    const answer = await response.json();
    if (own !== loads) return; // something else was asked for meanwhile
    if (!response.ok) return note(Object.values(answer.details ?? {})[0]?.[0].message ?? answer.message);
    const before = figure;
    figure = answer;
    span = figure.has_newer ? at : {};
    view = keepsView && view ? sameWindow(before, figure, view) : newestWindow(figure, plot.clientWidth, days);
    box.querySelector("[data-summary]").textContent = figure.summary;
    await draw();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    note("The chart could not be loaded; it tries again with the next price.");
  } finally {
    if (own === loads) box.removeAttribute("aria-busy");
  }
  if (figure) reach();
}

async function draw() {
  const { data, layout } = inSight(figure, view, { width: plot.clientWidth, isLog: chosen.isLog });
  plot.dataset.panes = figure.panes;
  ownRelayout = true;
  await Plotly.react(plot, data, layout, CONFIG);
  ownRelayout = false;
  if (!("drawn" in plot.dataset)) listen();
  plot.dataset.first = figure.labels[Math.max(0, Math.ceil(view[0]))] ?? "";
  note(figure.labels.length ? figure.note : "There are no prices of this length yet.");
  move();
}

/** Bring wick and body to the live bar; true numbers stand beside the chart. */
function move() {
  const { live } = figure;
  if (!live) return;
  if (!figure.compared) {
    ownRelayout = true;
    moveLiveCandle(plot, live);
    ownRelayout = false;
  }
  for (const node of box.querySelectorAll("[data-bar]")) node.textContent = formatted(live[node.dataset.bar], 2, false);
  plot.dataset.close = live.close;
}

function follow() {
  frame = 0;
  const quote = latestQuote(symbol);
  if (figure?.has_newer) return;
  if (!quote || !figure?.live) return retry();
  const { live } = figure;
  if (Date.parse(quote.occurred_at) >= Date.parse(live.closes_at)) return retry();
  if (Date.parse(quote.occurred_at) < Date.parse(live.opened_at)) return;
  live.close = quote.last;
  if (Number(quote.last) > Number(live.high)) live.high = quote.last;
  if (Number(quote.last) < Number(live.low)) live.low = quote.last;
  const edges = plot.layout.yaxis.range.map((edge) => (plot.layout.yaxis.type === "log" ? 10 ** edge : edge));
  const isOutside = live.index <= view[1] && (live.low < edges[0] || live.high > edges[1]);
  if (isOutside && !figure.compared) return draw();
  move();
  if (figure.compared && Date.now() - reloadedAt > COMPARE_EVERY_MS) load({ keepsView: true });
}

/** The bar has closed, or there was none: ask for the next, but not more than now and then. */
function retry() {
  if (Date.now() - reloadedAt > RELOAD_EVERY_MS) load({ keepsView: true });
}

/** Near an end of what is loaded, load what lies beyond. */
function reach() {
  const wanted = box.hasAttribute("aria-busy") ? null : wantedSpan(figure, view);
  if (wanted) load({ keepsView: true, at: wanted });
}

async function look(next) {
  view = next;
  await draw();
  reach();
}

function listen() {
  plot.dataset.drawn = "";
  plot.on("plotly_relayout", (change) => {
    if (ownRelayout || change["xaxis.range[0]"] === undefined) return;
    look(movedWindow(figure, [change["xaxis.range[0]"], change["xaxis.range[1]"]], {}));
  });
  listenForMoves({ box, plot, look, newest, state: () => ({ figure, view }) });
}

function newest() {
  if (figure.has_newer) load({ at: {} });
  else look(newestWindow(figure, plot.clientWidth));
}

onChoice(box, (change) => {
  const keepsTime = change.keepsView && !change.days;
  load({ keepsView: keepsTime, days: change.days, at: keepsTime ? span : {} });
});
document.addEventListener("quote", ({ detail }) => {
  if (detail.symbol === symbol && !document.hidden) frame ||= requestAnimationFrame(follow);
});
onNews(() => load({ keepsView: true }));
onThemeChange(() => figure && draw());
load();
