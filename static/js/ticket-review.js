// The review of an order: Escape leads back to the ticket, and so does a price picked in the order
// book, which the ticket then takes.

const review = () => document.querySelector("#ticket[data-reviewed]");
let chosen = null;

function leadBack() {
  review().querySelector("[name=change]").click();
}

document.addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape" && target.closest("#ticket[data-reviewed]")) leadBack();
});

document.addEventListener("price-chosen", ({ detail }) => {
  if (!review()) return;
  chosen = detail;
  leadBack();
});

document.addEventListener("htmx:afterSettle", () => {
  if (!chosen || review()) return;
  const detail = chosen;
  chosen = null;
  document.dispatchEvent(new CustomEvent("price-chosen", { detail }));
});
