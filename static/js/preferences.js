// The theme switch and the privacy eye. Both are cookies, so that the server renders the next
// page right at once and nothing flashes.

const YEAR_SECONDS = 365 * 24 * 3600;
const root = document.documentElement;

function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
}

function isDark() {
  if (root.dataset.theme !== "auto") return root.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function showPrivacy(isOn) {
  root.toggleAttribute("data-privacy", isOn);
  if (isOn) root.dataset.privacy = "on";
  for (const button of document.querySelectorAll("[data-toggles-privacy]")) {
    button.setAttribute("aria-pressed", String(isOn));
  }
}

export function switchTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  remember("theme", root.dataset.theme);
  document.dispatchEvent(new CustomEvent("theme-changed", { detail: root.dataset.theme }));
}

export function togglePrivacy() {
  const isOn = root.dataset.privacy !== "on";
  showPrivacy(isOn);
  remember("privacy", isOn ? "on" : "off");
}
