// Which candles are in sight, and which to load. Pure: the figure in, numbers out.

const PIXELS_PER_CANDLE = 8;
const FEWEST_CANDLES = 15;
const MOST_CANDLES = 500;
const ROOM_ON_THE_RIGHT = 2.5;
const DAY_SECONDS = 86_400;

/** The newest candles that fit the width, or those of so many days. */
export function newestWindow({ opened }, width, days) {
  const last = opened.length - 1;
  const fitting = Math.max(FEWEST_CANDLES, Math.floor(width / PIXELS_PER_CANDLE));
  let first = last - fitting;
  if (days) first = opened.findIndex((at) => at > opened[last] - days * DAY_SECONDS) - 1;
  return [Math.max(-1, days === null ? -1 : first), last + ROOM_ON_THE_RIGHT];
}

/** The window moved by a share of its width or by candles, or scaled about its right edge. */
export function movedWindow({ opened }, [start, end], { by = 0, candles = 0, scale = 1 }) {
  const width = Math.min(MOST_CANDLES, Math.max(FEWEST_CANDLES, (end - start) * scale));
  const right = end + (end - start) * by + candles;
  // Half of what is in sight may be empty, no more.
  const edge = Math.min(opened.length - 1 + width / 2, Math.max(width / 2, right));
  return [edge - width, edge];
}

/** Where a window stands after the bars were loaded anew: at the same ones, or at the newest. */
export function sameWindow(before, after, [start, end]) {
  const last = before.opened.length - 1;
  let shift = after.opened.length - before.opened.length;
  if (end < last || before.has_newer || after.has_newer) {
    const place = Math.min(last, Math.max(0, Math.ceil(start)));
    const found = after.opened.findIndex((at) => at >= before.opened[place]);
    shift = found < 0 ? shift : found - place;
  }
  return [start + shift, end + shift];
}

/** What to load for the window: older or newer bars where it comes near an end, else nothing. */
export function wantedSpan({ opened, has_older: hasOlder, has_newer: hasNewer }, [start, end]) {
  const last = opened.length - 1;
  const room = Math.max(10, Math.floor((MOST_CANDLES - (end - start)) / 2));
  const right = Math.ceil(end) + room;
  const left = Math.floor(start) - room;
  if (hasOlder && start < 10 && right < last) return { end: opened[right] };
  if (hasNewer && end > last - 10 && left > 0) return { start: opened[left] };
  return null;
}
