// Time and sales of one instrument: the newest trades on top, the investor's own fills among them.

import { follow } from "holdfast/live";
import { ownMarks } from "holdfast/own-marks";
import { formatted } from "holdfast/quote-fields";

const KEPT = 50;
const SIDES = { buy: "You bought", sell: "You sold" };

const root = document.querySelector("[data-tape]");
const body = root.querySelector("[data-trades]");
const pause = root.querySelector("[data-pause]");
const length = Number(root.dataset.length);
const language = document.documentElement.lang;
const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const here = new Intl.DateTimeFormat(language, time);
const there = new Intl.DateTimeFormat(language, { ...time, timeZone: root.dataset.zone, timeZoneName: "short" });

let trades = null; // newest first; null until the first frame, while the server's rows stand
let isPaused = false;

const placesOf = (text) => (text.split(".")[1] ?? "").length;
const exact = (text, least, isSigned = false) => formatted(text, Math.max(least, placesOf(text)), isSigned);
// Times of one length compare as texts; the server leaves out a fraction of zero.
const place = (trade) => `${trade.occurred_at.replace("Z", "").padEnd(20, ".").padEnd(26, "0")} ${trade.id}`;

function take(frame) {
  if (frame.symbol !== root.dataset.tape) return;
  const known = frame.is_snapshot || trades === null ? [] : trades;
  const byPlace = new Map([...known, ...frame.trades].map((trade) => [place(trade), trade]));
  trades = [...byPlace.values()].sort((one, other) => (place(one) < place(other) ? 1 : -1)).slice(0, KEPT);
  show();
}

function direction(change) {
  if (change === null || !/[1-9]/.test(change)) return "flat";
  return change.startsWith("-") ? "fall" : "rise";
}

function withOwnFills() {
  const oldest = trades.at(-1)?.occurred_at ?? "";
  const fills = ownMarks().fills.filter((fill) => !oldest || place(fill) > place({ occurred_at: oldest, id: "" }));
  return [...trades, ...fills].sort((one, other) => (place(one) < place(other) ? 1 : -1)).slice(0, length);
}

function newRow() {
  return root.querySelector("[data-line]").content.firstElementChild.cloneNode(true);
}

function fill(row, trade) {
  const [whenCell, priceCell, changeCell, sizeCell] = row.cells;
  const when = whenCell.firstElementChild;
  const moment = new Date(trade.occurred_at);
  when.dateTime = trade.occurred_at;
  when.textContent = here.format(moment);
  when.title = there.format(moment);
  priceCell.textContent = exact(trade.price, 2);
  sizeCell.textContent = exact(trade.size, 0);
  const change = changeCell.firstElementChild;
  row.classList.toggle("tape__own", trade.side !== undefined);
  change.className = trade.side ? "" : direction(trade.change);
  if (trade.side) change.textContent = SIDES[trade.side];
  else change.textContent = trade.change === null ? "–" : exact(trade.change, 2, true);
}

function show() {
  if (isPaused || trades === null) return;
  const shown = withOwnFills();
  while (body.rows.length < shown.length) body.append(newRow());
  while (body.rows.length > shown.length) body.lastElementChild.remove();
  shown.forEach((trade, index) => {
    const row = body.rows[index];
    if (row.dataset.place === place(trade)) return;
    row.dataset.place = place(trade);
    fill(row, trade);
  });
}

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", isPaused);
  show();
});
document.addEventListener("market-trades", (event) => take(event.detail));
document.addEventListener("own-marks", show);
follow("trades", root.dataset.tape);
