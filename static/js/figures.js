// Keeps computed figures fresh. The server computes and words them; the script only puts each
// text where it belongs: [data-figures="url"] contains [data-figure="name"] nodes, and the
// address answers {"figures": {name: {"text", "direction"?, "value"?}}}.

const EVENTS = ["quotes-changed", "positions-changed", "cash-changed"];
const busy = new Set();

function show(root, figures) {
  for (const node of root.querySelectorAll("[data-figure]")) {
    const figure = figures[node.dataset.figure];
    if (!figure) continue;
    if (node.textContent !== figure.text) node.textContent = figure.text;
    if (figure.direction && !node.classList.contains(figure.direction)) {
      node.classList.remove("rise", "fall", "flat");
      node.classList.add(figure.direction);
    }
  }
}

async function refresh(root) {
  if (busy.has(root)) return;
  busy.add(root);
  try {
    const response = await fetch(root.dataset.figures, { headers: { accept: "application/json" } });
    if (response.ok) show(root, (await response.json()).figures);
  } catch (error) {
    // The network is away; the connection dot says so and the next event tries again.
    if (!(error instanceof TypeError)) throw error;
  } finally {
    busy.delete(root);
  }
}

for (const name of EVENTS) {
  document.body.addEventListener(name, () => {
    for (const root of document.querySelectorAll("[data-figures]")) refresh(root);
  });
}
