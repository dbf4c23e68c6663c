// Lines of the investor's own working orders on the chart, to be dragged, or moved with the arrow
// keys. One that was moved opens the form that changes its order, with the new price filled in:
// nothing is sent before that form is.
//
// In: `own-marks` on document, whose `lines` say order, side, kind, price, tick, words and address.

import { ownMarks } from "holdfast/own-marks";

const MANY = 10;
const STEPS = { ArrowUp: 1, ArrowDown: -1, PageUp: MANY, PageDown: -MANY };
const box = document.querySelector("[data-candles]");
const plot = box.querySelector("[data-plot]");
const layer = document.createElement("div");
const shown = new Map(); // by order: { node, grip, told, at }
let dragged = null;

layer.className = "order-lines";
plot.after(layer);

/** Where the candles stand, and between which prices. None while the chart shows percents. */
function scale() {
  const area = plot.querySelector('.nsewdrag[data-subplot="xy"]')?.getBoundingClientRect();
  const axis = plot.layout?.yaxis;
  if (!area || !axis?.range || plot.data[0]?.type !== "candlestick") return null;
  const isLog = axis.type === "log";
  const [bottom, top] = axis.range;
  return {
    area,
    offsetOf: (price) => ((top - (isLog ? Math.log10(price) : price)) / (top - bottom)) * area.height,
    priceAt: (offset) => {
      const value = top - (offset / area.height) * (top - bottom);
      return isLog ? 10 ** value : value;
    },
  };
}

function onTick(price, tick) {
  const places = (String(tick).split(".")[1] ?? "").length;
  return Math.max(Math.round(price / tick) * tick, Number(tick)).toFixed(places);
}

function place() {
  const now = scale();
  layer.hidden = !now;
  if (!now) return;
  const home = box.getBoundingClientRect();
  layer.style.insetInlineStart = `${now.area.left - home.left}px`;
  layer.style.insetBlockStart = `${now.area.top - home.top}px`;
  layer.style.inlineSize = `${now.area.width}px`;
  layer.style.blockSize = `${now.area.height}px`;
  for (const { node, grip, told, at } of shown.values()) {
    const offset = now.offsetOf(Number(at));
    node.hidden = offset < 0 || offset > now.area.height;
    node.style.insetBlockStart = `${offset}px`;
    node.classList.toggle("order-line--moved", at !== told.price);
    grip.textContent = `${told.words} ${at}`;
    if (!told.address) continue;
    grip.setAttribute("aria-valuenow", at);
    grip.setAttribute("aria-valuetext", at);
  }
}

function move(line, price) {
  line.at = onTick(price, line.told.tick);
  place();
}

function back(line) {
  line.at = line.told.price;
  place();
}

function ask({ told, at }) {
  if (at === told.price) return;
  const address = `${told.address}?${new URLSearchParams({ [`${told.kind}_price`]: at })}`;
  if (!document.querySelector("#replace-form")) return location.assign(address);
  htmx.ajax("GET", address, { target: "#replace-form", swap: "innerHTML" });
}

function draw(told) {
  const node = document.createElement("div");
  const grip = document.createElement("div");
  const line = { node, grip, told, at: told.price };
  node.className = `order-line order-line--${told.side}`;
  grip.className = "order-line__grip";
  node.append(grip);
  layer.append(node);
  if (!told.address) return line; // it follows the market, and is not moved by hand
  grip.tabIndex = 0;
  grip.setAttribute("role", "slider");
  grip.setAttribute("aria-orientation", "vertical");
  grip.setAttribute("aria-label", `${told.words}; arrow keys move it, Enter asks to change the order`);
  grip.dataset.orderLine = told.order_id;
  grip.addEventListener("keydown", (event) => {
    const steps = STEPS[event.key] * (event.shiftKey ? MANY : 1);
    if (steps) move(line, Number(line.at) + steps * line.told.tick);
    else if (event.key === "Enter") ask(line);
    else if (event.key === "Escape") back(line);
    else return;
    event.preventDefault();
  });
  grip.addEventListener("pointerdown", (event) => {
    dragged = line;
    grip.setPointerCapture(event.pointerId);
  });
  grip.addEventListener("pointermove", (event) => {
    const now = dragged === line && scale();
    if (now) move(line, now.priceAt(event.clientY - now.area.top));
  });
  grip.addEventListener("pointerup", () => {
    dragged = null;
    ask(line);
  });
  grip.addEventListener("pointercancel", () => {
    dragged = null;
    back(line);
  });
  return line;
}

function show({ lines }) {
  if (dragged) return;
  const told = new Map(lines.map((line) => [line.order_id, line]));
  for (const [id, { node }] of shown) {
    if (told.has(id)) continue;
    node.remove();
    shown.delete(id);
  }
  for (const [id, line] of told) {
    const known = shown.get(id);
    if (!known) shown.set(id, draw(line));
    else if (known.told.price !== line.price) Object.assign(known, { told: line, at: line.price });
  }
  place();
}

function whenDrawn() {
  if (!plot.on) return setTimeout(whenDrawn, 200);
  plot.on("plotly_afterplot", place);
  show(ownMarks());
}

document.addEventListener("own-marks", ({ detail }) => show(detail));
document.addEventListener("close", ({ target }) => {
  if (target.id === "replace-dialog") for (const line of shown.values()) back(line);
}, { capture: true });
addEventListener("resize", place);
whenDrawn();
