// The candlestick chart. The server draws the figure; here it is put on the page, and the newest
// candle follows the price: its wick and body are the first two shapes of the layout, moved by
// relayout. Everything is drawn anew only when a bar closes or the price leaves the range.

import { onThemeChange, themed } from "holdfast/chart-theme";
import { movedWindow, nearView, newestWindow, priceRange, timeTicks } from "holdfast/chart-window";
import { latestQuote } from "holdfast/live";
import { formatted } from "holdfast/quote-fields";

const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false };
const RELOAD_EVERY_MS = 1_500;
const AWAY_MS = 10_000;
const box = document.querySelector("[data-candles]");
const plot = box.querySelector("[data-plot]");
const symbol = box.dataset.chartSymbol;
const chosen = { interval: box.querySelector("[data-interval][aria-current]").dataset.interval, overlays: new Set() };
let figure = null;
let view = null; // [first, last] candle in sight
let ownRelayout = false;
let frame = 0;
let reloadedAt = 0;
let hiddenAt = 0;

async function load({ keepsView = false } = {}) {
  const query = new URLSearchParams({ interval: chosen.interval });
  query.set("timezone", Intl.DateTimeFormat().resolvedOptions().timeZone);
  for (const overlay of chosen.overlays) query.append("overlay", overlay);
  reloadedAt = Date.now();
  box.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(`${box.dataset.candles}?${query}`);
    if (!response.ok) throw new TypeError(`The chart answered ${response.status}.`);
    const before = figure?.labels.length ?? 0;
    figure = await response.json();
    // A view that followed the newest candle goes on following it.
    if (keepsView && view) view = view.map((edge) => edge + figure.labels.length - before);
    else view = newestWindow(figure, plot.clientWidth);
    await draw();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    note("The chart could not be loaded; it tries again with the next price.");
  } finally {
    box.removeAttribute("aria-busy");
  }
}

async function draw() {
  const { data, layout } = themed({ data: nearView(figure.data, view), layout: figure.layout });
  Object.assign(layout.xaxis, timeTicks(figure, view, plot.clientWidth), { range: [...view] });
  layout.yaxis.range = priceRange(figure, view);
  layout.font.family = getComputedStyle(document.body).fontFamily;
  // On a touch screen a finger on the chart scrolls the page.
  if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
  ownRelayout = true;
  await Plotly.react(plot, data, layout, CONFIG);
  ownRelayout = false;
  if (!("drawn" in plot.dataset)) listen();
  note(figure.live ? figure.note : "There are no prices of this length yet.");
  move();
}

function note(words) {
  box.querySelector("[data-note]").textContent = words;
}

/** Bring wick and body to the live bar; true numbers stand beside the chart. */
function move() {
  const { live } = figure;
  const [wick, body] = plot.layout.shapes ?? [];
  if (!live || !wick) return;
  const colour = themed(Number(live.close) >= Number(live.open) ? "--rise" : "--fall");
  [wick.y0, wick.y1, body.y0, body.y1] = [live.low, live.high, live.open, live.close].map(Number);
  // Of a shape only its looks can change without drawing the candles anew, and that draws the
  // shape where its coordinates now are.
  ownRelayout = true;
  Plotly.relayout(plot, { "shapes[0].line.color": colour, "shapes[1].line.color": colour, "shapes[1].fillcolor": colour });
  ownRelayout = false;
  for (const node of box.querySelectorAll("[data-bar]")) node.textContent = formatted(live[node.dataset.bar], 2, false);
  plot.dataset.close = live.close;
}

function follow() {
  frame = 0;
  const quote = latestQuote(symbol);
  if (!quote || !figure?.live) return retry();
  const { live } = figure;
  if (Date.parse(quote.occurred_at) >= Date.parse(live.closes_at)) return retry();
  if (Date.parse(quote.occurred_at) < Date.parse(live.opened_at)) return;
  live.close = quote.last;
  if (Number(quote.last) > Number(live.high)) live.high = quote.last;
  if (Number(quote.last) < Number(live.low)) live.low = quote.last;
  const [bottom, top] = plot.layout.yaxis.range;
  const isInSight = live.index <= view[1];
  if (isInSight && (live.low < bottom || live.high > top)) draw();
  else move();
}

/** The bar has closed, or there was none: ask for the next, but not more than now and then. */
function retry() {
  if (Date.now() - reloadedAt > RELOAD_EVERY_MS) load({ keepsView: true });
}

function look(next) {
  view = next;
  draw();
}

function listen() {
  plot.dataset.drawn = "";
  plot.on("plotly_relayout", (change) => {
    if (ownRelayout || change["xaxis.range[0]"] === undefined) return;
    look([change["xaxis.range[0]"], change["xaxis.range[1]"]]);
  });
  plot.on("plotly_doubleclick", () => look(newestWindow(figure, plot.clientWidth)));
  plot.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: { by: -0.2 }, ArrowRight: { by: 0.2 }, "+": { scale: 0.7 }, "-": { scale: 1.4 } };
    if (event.key === "Home") look(newestWindow(figure, plot.clientWidth));
    else if (moves[event.key]) look(movedWindow(view, moves[event.key]));
    else return;
    event.preventDefault();
  });
}

box.addEventListener("click", (event) => {
  const length = event.target.closest("[data-interval]");
  const overlay = event.target.closest("[data-overlay]");
  if (length && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    box.querySelector("[data-interval][aria-current]").removeAttribute("aria-current");
    length.setAttribute("aria-current", "true");
    chosen.interval = length.dataset.interval;
    history.replaceState(history.state, "", length.href);
    load();
  } else if (overlay) {
    const isOn = overlay.getAttribute("aria-pressed") !== "true";
    overlay.setAttribute("aria-pressed", String(isOn));
    chosen.overlays[isOn ? "add" : "delete"](overlay.dataset.overlay);
    load({ keepsView: true });
  }
});
document.addEventListener("quote", ({ detail }) => {
  if (detail.symbol === symbol && !document.hidden) frame ||= requestAnimationFrame(follow);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenAt = Date.now();
  else if (Date.now() - hiddenAt > AWAY_MS) load({ keepsView: true });
});
document.body.addEventListener("alerts-changed", () => load({ keepsView: true }));
onThemeChange(() => figure && draw());
load();
