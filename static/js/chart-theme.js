// Puts the theme's colours into a figure: wherever a value is the name of a custom property
// ("--rise"), what the current theme makes of it.

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

export function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/** A copy of the value with every colour put in. Rows of numbers are passed on as they are. */
export function themed(value, known = new Map()) {
  if (typeof value === "string") {
    if (!value.startsWith("--")) return value;
    if (!known.has(value)) known.set(value, colour(value));
    return known.get(value);
  }
  if (Array.isArray(value)) {
    return typeof value[0] === "number" ? value : value.map((item) => themed(item, known));
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, themed(item, known)]));
  }
  return value;
}

/** Call back when the switch or the system changes the theme. */
export function onThemeChange(callback) {
  document.addEventListener("theme-changed", callback);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}
