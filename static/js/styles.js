// Styles of a part that most visits never open, fetched before it is first shown.
//
// In:  data-styles, the address of its style sheet.

export async function dress(node) {
  const href = node.dataset.styles;
  if (!href) return;
  delete node.dataset.styles;
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  // Where it cannot be fetched, the part is shown bare rather than never.
  const settled = new Promise((resolve) => ["load", "error"].forEach((name) => sheet.addEventListener(name, resolve)));
  document.head.append(sheet);
  await settled;
}
