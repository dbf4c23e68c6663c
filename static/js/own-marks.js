// The investor's own working orders and fills of the page's instrument, kept fresh.
//
// In:  [data-own] names the address that answers {"orders": [...], "fills": [...]}.
// Out: `own-marks` on document with that answer; `ownMarks()` for those who come later. Orders that
//      have a line on the chart bring what draws it.

let marks = { orders: [], fills: [], lines: [] };

/** The newest answer. */
export function ownMarks() {
  return marks;
}

async function refresh() {
  const address = document.querySelector("[data-own]")?.dataset.own;
  if (!address) return;
  try {
    const response = await fetch(address, { headers: { accept: "application/json" } });
    if (!response.ok || response.redirected) return;
    marks = await response.json();
    document.dispatchEvent(new CustomEvent("own-marks", { detail: marks }));
    if (marks.lines.length && document.querySelector("[data-candles]")) import(`holdfast/order-lines`);
  } catch (error) {
    // The network is away; the connection dot says so and the next event tries again.
    if (!(error instanceof TypeError)) throw error;
  }
}

document.body.addEventListener("orders-changed", refresh);
refresh();
