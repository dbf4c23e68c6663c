// What every page needs. Modules of single pages are named in their own page_scripts block.

import "holdfast/preferences";
import "holdfast/palette";
import "holdfast/times";
import "holdfast/copy";

document.documentElement.classList.add("scripted");

// Prices and figures only where a signed-in page shows them.
if (document.querySelector(".shell")) {
  await import("holdfast/live");
  await import("holdfast/portfolio-events");
  await import("holdfast/figures");
}
