// What every page needs. Modules of single pages are named in their own page_scripts block.

import "holdfast/preferences";
import "holdfast/palette";
import "holdfast/times";
import "holdfast/copy";
import "holdfast/confirm";

document.documentElement.classList.add("scripted");

// Prices and figures only where a signed-in page shows them.
if (document.querySelector(".shell")) {
  for (const name of ["live", "portfolio-events", "figures"]) import(`holdfast/${name}`);
}
