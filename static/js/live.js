// The page's one price socket: it subscribes to what the page shows, keeps order by `seq`, shows
// staleness, and lets go while the tab is hidden.
//
// In:  [data-symbol] nodes, follow("book" or "trades", symbol), how many symbols in data-symbols.
// Out: patched [data-field] nodes; `quote` on document per quote, `market-book` and
//      `market-trades` per frame of them; `quotes-changed` on body, every two seconds at most;
//      `alerts-changed`, `inbox-changed`; `live-opened` whenever such news begins to arrive.

import { ReconnectingSocket } from "holdfast/socket";
import { isOlder, patchQuote } from "holdfast/quote-fields";

const STALE_AFTER_MS = 15_000;
const STALE_CHECK_MS = 5_000;
const CHANGED_EVERY_MS = 2_000;
const HIDDEN_GRACE_MS = 5_000;

const dot = document.querySelector("[data-connection]");
const note = document.querySelector("[data-live-note]");
const limit = Number(dot?.dataset.symbols ?? Infinity);
const socket = new ReconnectingSocket("/ws/v1/quotes");
const latest = new Map();
const followed = { book: null, trades: null };
let told = { book: null, trades: null }; // what the server knows of them
let [subscribed, latestSeq] = [new Set(), null];
let [hiddenTimer, changedTimer] = [0, 0];
let lostAt = null;
let few = null; // the module for more symbols than the tier includes

/** Follow the "book" or the "trades" of one symbol from now on. */
export function follow(kind, symbol) {
  followed[kind] = symbol;
  synchronise();
}

/** The newest quote seen of a symbol, or undefined. */
export function latestQuote(symbol) {
  return latest.get(symbol);
}

/** Bring the subscription in line with what is on the page now. */
export function synchronise() {
  const isAway = document.hidden && !hiddenTimer;
  const wanted = isAway ? new Set() : symbolsOnPage();
  if (wanted.size > 0) socket.open();
  if (!socket.isOpen) return;
  const added = [...wanted].filter((symbol) => !subscribed.has(symbol));
  const gone = [...subscribed].filter((symbol) => !wanted.has(symbol));
  if (gone.length) socket.send({ unsubscribe: gone });
  if (added.length) socket.send({ subscribe: added });
  for (const symbol of gone) latest.delete(symbol);
  subscribed = wanted;
  for (const kind of Object.keys(followed)) {
    const symbol = isAway ? null : followed[kind];
    if (symbol !== told[kind]) socket.send({ [kind]: symbol });
    told[kind] = symbol;
  }
}

function symbolsOnPage() {
  const nodes = [...document.querySelectorAll("[data-symbol]:not([data-symbol=''])")];
  const symbols = new Set(nodes.map((node) => node.dataset.symbol));
  if (note) note.hidden = symbols.size <= limit;
  if (symbols.size <= limit) return symbols;
  if (!few) bringFew();
  return few.nearest?.(nodes, limit) ?? new Set([...symbols].slice(0, limit));
}

async function bringFew() {
  few = {};
  few = await import(`holdfast/live-few`); // in double quotes it would be taken for a file
  few.onScroll(synchronise);
  synchronise();
}

function receive(frame) {
  if (frame.type === "error") return console.warn(`Prices: ${frame.message}`);
  if (["alerts", "inbox"].includes(frame.type)) return document.body.dispatchEvent(new CustomEvent(`${frame.type}-changed`));
  if (frame.seq !== undefined) {
    const isGap = frame.type === "update" && latestSeq !== null && frame.seq <= latestSeq;
    latestSeq = frame.seq;
    socket.send({ ack: frame.seq });
    // Numbers only ever rise within one connection; anything else means we lost our place.
    if (isGap) return socket.renew();
  }
  if (frame.type in followed) document.dispatchEvent(new CustomEvent(`market-${frame.type}`, { detail: frame }));
  for (const quote of frame.quotes ?? []) take(quote);
  if (frame.quotes?.length && !changedTimer) changedTimer = setTimeout(announceChange, CHANGED_EVERY_MS);
}

function take(quote) {
  const earlier = latest.get(quote.symbol);
  if (earlier && isOlder(quote.occurred_at, earlier.occurred_at)) return;
  latest.set(quote.symbol, quote);
  patchQuote(quote);
  document.dispatchEvent(new CustomEvent("quote", { detail: quote }));
}

function announceChange() {
  changedTimer = 0;
  if (!document.hidden) document.body.dispatchEvent(new CustomEvent("quotes-changed"));
}

// While connected, the server says what is stale. Without it nothing here is fresh any more;
// our own clock is not asked, because it may be wrong.
function markStale() {
  if (lostAt === null || performance.now() - lostAt < STALE_AFTER_MS) return;
  for (const node of document.querySelectorAll("[data-symbol], [data-ladder]")) node.toggleAttribute("data-stale", true);
}

function showConnection(state) {
  if (!dot) return;
  dot.dataset.state = state;
  const words = { live: "Live", connecting: "Connecting", offline: "Offline", idle: "" };
  dot.querySelector("[data-connection-label]").textContent = words[state];
}

socket.addEventListener("frame", (event) => receive(event.detail));
socket.addEventListener("state", (event) => {
  if (event.detail === "lost") lostAt ??= performance.now();
  if (event.detail === "open") {
    lostAt = null;
    subscribed = new Set();
    told = { book: null, trades: null };
    latestSeq = null;
    synchronise();
    // What fired before the socket stood was not told.
    document.body.dispatchEvent(new CustomEvent("live-opened"));
  }
  showConnection({ open: "live", connecting: "connecting", lost: "offline" }[event.detail]);
});
socket.addEventListener("refused", ({ detail }) => note?.before(`Prices are not live: ${detail}.`));
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  hiddenTimer = 0;
  if (!document.hidden) return synchronise();
  // Looking away for a moment should not cost a snapshot.
  hiddenTimer = setTimeout(() => {
    hiddenTimer = 0;
    synchronise();
  }, HIDDEN_GRACE_MS);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const quote of latest.values()) patchQuote(quote);
  synchronise();
});
setInterval(markStale, STALE_CHECK_MS);
synchronise();
