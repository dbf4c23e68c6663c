// Writes a quote into the nodes [data-symbol] [data-field]. Numbers arrive as exact strings and
// are only cut to the places in data-decimals and grouped by the page's language.

const MINUS = "−";
const formatters = new Map();

/** The number as the page's language writes it; `text` is an exact decimal string. */
export function formatted(text, decimals, isSigned) {
  const key = `${decimals}${isSigned}`;
  if (!formatters.has(key)) {
    formatters.set(
      key,
      new Intl.NumberFormat(document.documentElement.lang, {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
        signDisplay: isSigned ? "exceptZero" : "negative",
      }),
    );
  }
  return formatters.get(key).format(text).replace("-", MINUS);
}

/** Whether the first of two UTC times is the earlier; the shorter text has the rounder second. */
export function isOlder(time, other) {
  const bare = (text) => text.replace(/(Z|\+00:00)$/, "");
  return bare(time) < bare(other);
}

function direction(text) {
  if (!/[1-9]/.test(text)) return "flat";
  return text.startsWith("-") ? "fall" : "rise";
}

function writeText(node, value) {
  const { decimals, signed, suffix = "" } = node.dataset;
  const places = decimals === undefined ? Math.max(2, (value.split(".")[1] ?? "").length) : Number(decimals);
  const text = formatted(value, places, signed !== undefined) + suffix;
  if (node.textContent !== text) node.textContent = text;
}

function colour(node, name) {
  if (node.classList.contains(name)) return;
  node.classList.remove("rise", "fall", "flat");
  node.classList.add(name);
}

function flash(node, before, after) {
  if (before === undefined || Number(before) === Number(after)) return;
  node.dataset.flash = Number(after) > Number(before) ? "rise" : "fall";
  node.addEventListener("animationend", () => delete node.dataset.flash, { once: true });
}

function patchField(node, quote) {
  const value = quote[node.dataset.field];
  if (typeof value !== "string" || node.dataset.value === value) return;
  if (node.dataset.flashes !== undefined) flash(node, node.dataset.value, value);
  node.dataset.value = value;
  node.classList.remove("no-price");
  writeText(node, value);
  if (node.dataset.signed !== undefined) colour(node, direction(value));
}

/** Write the quote into every node of its symbol; an older quote than shown is dropped. */
export function patchQuote(quote, rootNode = document) {
  for (const root of rootNode.querySelectorAll(`[data-symbol="${CSS.escape(quote.symbol)}"]`)) {
    if (root.dataset.occurredAt && isOlder(quote.occurred_at, root.dataset.occurredAt)) continue;
    root.dataset.occurredAt = quote.occurred_at;
    root.toggleAttribute("data-stale", quote.is_stale);
    if (root.dataset.field) patchField(root, quote);
    for (const node of root.querySelectorAll("[data-field]")) {
      if (node.closest("[data-symbol]") === root) patchField(node, quote);
    }
  }
}
