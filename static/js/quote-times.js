// Keeps time[data-quote-time] at the moment of the newest quote of its symbol.

document.addEventListener("quote", ({ detail }) => {
  for (const node of document.querySelectorAll(`[data-symbol="${CSS.escape(detail.symbol)}"] time[data-quote-time]`)) {
    node.dateTime = detail.occurred_at;
    node.textContent = new Date(detail.occurred_at).toLocaleTimeString(document.documentElement.lang);
  }
});
