// When the chart is to be loaded anew: an own fill, a changed alert, a return after a while.

const AWAY_MS = 10_000;

export function onNews(callback) {
  let newestFill;
  let hiddenAt = 0;
  document.addEventListener("own-marks", ({ detail }) => {
    const fill = detail.fills[0]?.id ?? null;
    if (newestFill !== undefined && newestFill !== fill) callback();
    newestFill = fill;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hiddenAt = Date.now();
    else if (Date.now() - hiddenAt > AWAY_MS) callback();
  });
  document.body.addEventListener("alerts-changed", callback);
}
