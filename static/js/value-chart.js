// Reads single days off the worth chart: by pointer, by finger, by arrow keys. The words come
// from the server in a <template>, "date|amount" for each point.

function pointsOf(chart) {
  const text = chart.querySelector("[data-chart-points]").content.textContent;
  return text.split(";").filter(Boolean).map((point) => point.split("|"));
}

function show(chart, index) {
  const points = pointsOf(chart);
  const at = Math.max(0, Math.min(points.length - 1, index));
  const cursor = chart.querySelector("[data-chart-cursor]");
  const x = ((at / (points.length - 1)) * 1000).toFixed(1);
  cursor.setAttribute("d", `M${x} 0V300`);
  cursor.setAttribute("data-shown", "");
  const [date, amount] = points[at];
  const words = document.createElement("strong");
  words.className = "amount";
  words.textContent = amount;
  chart.querySelector("[data-chart-readout]").replaceChildren(words, ` on ${date}`);
  chart.dataset.index = at;
}

function hide(chart) {
  chart.querySelector("[data-chart-cursor]").removeAttribute("data-shown");
  chart.querySelector("[data-chart-readout]").textContent = "\u00a0";
  delete chart.dataset.index;
}

function chartOf(event) {
  return event.target.closest?.("[data-chart-plot]")?.closest("[data-value-chart]");
}

document.addEventListener("pointermove", (event) => {
  const chart = chartOf(event);
  if (!chart) return;
  const box = chart.querySelector("[data-chart-plot] svg").getBoundingClientRect();
  const count = pointsOf(chart).length;
  show(chart, Math.round(((event.clientX - box.left) / box.width) * (count - 1)));
});
document.addEventListener("pointerout", (event) => {
  const chart = chartOf(event);
  if (chart && !chart.contains(event.relatedTarget)) hide(chart);
});
document.addEventListener("focusout", (event) => chartOf(event) && hide(chartOf(event)));
document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const chart = step && chartOf(event);
  if (!chart) return;
  event.preventDefault();
  show(chart, Number(chart.dataset.index ?? pointsOf(chart).length) + step);
});
