// Keys of the order ticket, and where the eye and the cursor go when it answers.

const SIDES = { b: "buy", s: "sell" };

function isTyping(target) {
  return target.closest("input:not([type=radio]), textarea, select, [contenteditable], dialog[open]");
}

document.addEventListener("keydown", (event) => {
  // A held Enter reviews, and does not place too.
  if (event.repeat && event.key === "Enter") event.preventDefault();
  const side = SIDES[event.key.toLowerCase()];
  const ticket = document.querySelector("#ticket");
  if (!side || !ticket || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  event.preventDefault();
  ticket.querySelector(`[name=side][value=${side}]`)?.click();
  ticket.querySelector("[name=size]").focus();
});

// A price was picked in the order book: the ticket becomes a limit order at that price.
document.addEventListener("price-chosen", ({ detail }) => {
  const ticket = document.querySelector("#ticket");
  if (ticket.dataset.reviewed) return;
  ticket.querySelector("[name=type][value=limit]").click();
  const field = ticket.querySelector("[name=limit_price]");
  field.value = detail.price;
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// The problems of a field arrive in its own place; the field says so to those who cannot see it.
function markFields(root) {
  for (const place of root.querySelectorAll("[data-problems-of]")) {
    const field = document.getElementById(place.dataset.problemsOf);
    if (place.childElementCount) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
}

document.addEventListener("htmx:oobAfterSwap", () => markFields(document));
document.addEventListener("htmx:afterSettle", (event) => {
  if (!event.detail.elt.closest?.("#ticket-panel") || event.detail.elt.id === "ticket-estimate") return;
  if (event.detail.requestConfig?.verb !== "post") return;
  const ticket = document.querySelector("#ticket");
  (ticket?.querySelector("[aria-invalid=true]") ?? ticket?.querySelector("[name=size]"))?.focus();
});
