// Turns the facts of one portfolio's socket into events on body, which fragments refetch on: those of
// EVENTS. The page names it in [data-portfolio]. Each frame says how far its reader has got (seq);
// after a break one goes on from there.

import { ReconnectingSocket } from "holdfast/socket";

const EVENTS = {
  order: ["orders-changed"],
  fill: ["orders-changed", "positions-changed", "cash-changed"],
  positions: ["positions-changed"],
  cash: ["cash-changed"],
  closing: ["closings-changed"],
  live_order: ["live-orders-changed"],
};
EVENTS.resync = Object.values(EVENTS).flat();
const GATHER_MS = 60;

const waiting = new Set();
let timer = 0;

function announce(names) {
  for (const name of names) waiting.add(name);
  // A batch arrives as many frames; one refetch answers them all.
  timer ||= setTimeout(() => {
    timer = 0;
    for (const name of waiting) document.body.dispatchEvent(new CustomEvent(name));
    waiting.clear();
  }, GATHER_MS);
}

function listen(id) {
  const socket = new ReconnectingSocket(`/ws/v1/portfolios/${id}`);
  let seen = null;
  let isCatchingUp = false;
  socket.addEventListener("frame", ({ detail: { type, seq } }) => {
    if (type === "replayed" || type === "resync") isCatchingUp = false;
    // Until all of a break was told, its beginning is where to go on.
    if (!isCatchingUp) seen = Math.max(seen ?? 0, seq);
    announce(EVENTS[type] ?? []);
  });
  socket.addEventListener("state", ({ detail }) => {
    if (detail !== "open" || seen === null) return;
    isCatchingUp = true;
    socket.send({ since: seen });
  });
  socket.open();
  return socket;
}

const listening = new Map();

function listenToPage() {
  const nodes = [...document.querySelectorAll("[data-portfolio]")];
  const shown = new Set(nodes.map((node) => node.dataset.portfolio).filter(Boolean));
  for (const id of shown) if (!listening.has(id)) listening.set(id, listen(id));
  for (const [id, socket] of listening) if (!shown.has(id)) listening.delete(id) && socket.close();
}

listenToPage();
// A later fragment may be about another portfolio.
document.addEventListener("htmx:afterSettle", listenToPage);
