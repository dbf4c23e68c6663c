// Turns the facts of one portfolio's socket into events on body, which fragments refetch on:
// orders-changed, positions-changed, cash-changed, closings-changed, live-orders-changed. The page names it
// in [data-portfolio].
// Each frame says how far its reader has got (seq); after a break one goes on from there.

import { ReconnectingSocket } from "holdfast/socket";

const EVENTS = {
  order: ["orders-changed"],
  fill: ["orders-changed", "positions-changed", "cash-changed"],
  positions: ["positions-changed"],
  cash: ["cash-changed"],
  closing: ["closings-changed"],
  live_order: ["live-orders-changed"],
  resync: ["orders-changed", "positions-changed", "cash-changed", "closings-changed", "live-orders-changed"],
};
const GATHER_MS = 60;

const waiting = new Set();
let timer = 0;

function announce(names) {
  for (const name of names) waiting.add(name);
  // A batch of fills arrives as many frames; one refetch answers them all.
  timer ||= setTimeout(() => {
    timer = 0;
    const ready = [...waiting];
    waiting.clear();
    for (const name of ready) document.body.dispatchEvent(new CustomEvent(name));
  }, GATHER_MS);
}

function listen(portfolioId) {
  const socket = new ReconnectingSocket(`/ws/v1/portfolios/${portfolioId}`);
  let seen = null;
  let isCatchingUp = false;
  socket.addEventListener("frame", (event) => {
    const { type, seq } = event.detail;
    if (type === "replayed" || type === "resync") isCatchingUp = false;
    // Until all of the break was told, its beginning is where to go on after another one.
    if (!isCatchingUp) seen = Math.max(seen ?? 0, seq);
    announce(EVENTS[type] ?? []);
  });
  socket.addEventListener("state", (event) => {
    if (event.detail !== "open" || seen === null) return;
    isCatchingUp = true;
    socket.send({ since: seen });
  });
  socket.open();
  return socket;
}

const listening = new Map();

function listenToPage() {
  const nodes = document.querySelectorAll("[data-portfolio]:not([data-portfolio=''])");
  const shown = new Set([...nodes].map((node) => node.dataset.portfolio));
  for (const [id, socket] of listening) {
    if (shown.has(id)) continue;
    socket.close();
    listening.delete(id);
  }
  for (const id of shown) if (!listening.has(id)) listening.set(id, listen(id));
}

listenToPage();
// A fragment that came later may be about another portfolio.
document.addEventListener("htmx:afterSettle", listenToPage);
