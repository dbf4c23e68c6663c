// Which symbols are live where a page shows more than the tier includes: those nearest to what is
// in sight. The others are marked stale.

const SCROLL_REST_MS = 200;
let timer = 0;

/** At most so many symbols of these nodes. */
export function nearest(nodes, limit) {
  const places = new Map(nodes.map((node) => [node, node.getBoundingClientRect()]));
  const distance = (node) => Math.max(places.get(node).top - innerHeight, -places.get(node).bottom, 0);
  const byDistance = nodes.toSorted((one, other) => distance(one) - distance(other));
  const chosen = new Set([...new Set(byDistance.map((node) => node.dataset.symbol))].slice(0, limit));
  for (const node of nodes) if (!chosen.has(node.dataset.symbol)) node.toggleAttribute("data-stale", true);
  return chosen;
}

/** Call back whenever scrolling has come to rest. */
export function onScroll(callback) {
  document.addEventListener("scroll", () => {
    clearTimeout(timer);
    timer = setTimeout(callback, SCROLL_REST_MS);
  });
}
