// Turns the facts of one portfolio's socket into events on body, which fragments refetch on:
// orders-changed, positions-changed, cash-changed. The page names it in [data-portfolio].

import { ReconnectingSocket } from "holdfast/socket";

const EVENTS = {
  order: ["orders-changed"],
  fill: ["orders-changed", "positions-changed", "cash-changed"],
  positions: ["positions-changed"],
  cash: ["cash-changed"],
  resync: ["orders-changed", "positions-changed", "cash-changed"],
};
const GATHER_MS = 60;

const waiting = new Set();
let timer = 0;
let hasConnected = false;

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
  socket.addEventListener("frame", (event) => announce(EVENTS[event.detail.type] ?? []));
  socket.addEventListener("state", (event) => {
    if (event.detail !== "open") return;
    // What happened while we were away was not told, so everything is read again.
    if (hasConnected) announce(EVENTS.resync);
    hasConnected = true;
  });
  socket.open();
}

const listening = new Set();

function listenToPage() {
  for (const node of document.querySelectorAll("[data-portfolio]")) {
    const { portfolio } = node.dataset;
    if (!portfolio || listening.has(portfolio)) continue;
    listening.add(portfolio);
    listen(portfolio);
  }
}

listenToPage();
// A fragment that came later may be about another portfolio.
document.addEventListener("htmx:afterSettle", listenToPage);
