// What the reader chose to see on the chart. Indicators and the scale are remembered.

const KEY = "chart";
const remembered = JSON.parse(localStorage.getItem(KEY) ?? "{}");

export const chosen = { interval: "1d", compare: "", indicators: new Set(remembered.indicators), isLog: remembered.isLog === true };

function remember() {
  localStorage.setItem(KEY, JSON.stringify({ indicators: [...chosen.indicators], isLog: chosen.isLog }));
}

function mark(box, interval) {
  box.querySelector("[data-interval][aria-current]")?.removeAttribute("aria-current");
  const link = box.querySelector(`[data-interval="${interval}"]`);
  link.setAttribute("aria-current", "true");
  history.replaceState(history.state, "", link.href);
  chosen.interval = interval;
}

function press(button, isOn) {
  button.setAttribute("aria-pressed", String(isOn));
}

/** Call back with {keepsView, days} whenever something else is to be shown. */
export function onChoice(box, callback) {
  const known = [...box.querySelectorAll("[data-indicator]")];
  chosen.interval = box.querySelector("[data-interval][aria-current]").dataset.interval;
  // What was offered once may no longer be.
  chosen.indicators = new Set(known.map((one) => one.dataset.indicator).filter((key) => chosen.indicators.has(key)));
  for (const one of known) press(one, chosen.indicators.has(one.dataset.indicator));
  press(box.querySelector("[data-log]"), chosen.isLog);

  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-interval], [data-prices], [data-range], [data-indicator], [data-log]");
    if (!button || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const { interval, prices, range, days, indicator } = button.dataset;
    if (prices) return location.assign(`?interval=${chosen.interval}&adjusted=${prices}`);
    if (range) {
      mark(box, range);
      return callback({ days: days ? Number(days) : null });
    }
    if (interval) {
      mark(box, interval);
      return callback({});
    }
    const isOn = button.getAttribute("aria-pressed") !== "true";
    press(button, isOn);
    if (indicator) chosen.indicators[isOn ? "add" : "delete"](indicator);
    else chosen.isLog = isOn;
    remember();
    return callback({ keepsView: true });
  });
  box.querySelector("[data-compare]").addEventListener("submit", (event) => {
    event.preventDefault();
    chosen.compare = new FormData(event.target).get("compare").trim().replace(/[\s,;]+/g, ",");
    callback({ keepsView: true });
  });
}
