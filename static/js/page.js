// What every page needs. Modules of single pages are named in their own page_scripts block; those
// that only some visits need wait in on-demand.js.

import "holdfast/times";
import "holdfast/on-demand";

document.documentElement.classList.add("scripted");

// On a phone the tabs are wider than the screen: the chosen one is to be seen. They alone move, so
// that who comes back to the middle of a page stays there.
const chosen = document.querySelector(".tab[aria-current]");
if (chosen) chosen.parentElement.scrollLeft = chosen.offsetLeft + (chosen.offsetWidth - innerWidth) / 2;

// Prices and figures only where a signed-in page shows them.
if (document.querySelector(".shell")) {
  for (const name of ["live", "portfolio-events"]) import(`holdfast/${name}`);
}
