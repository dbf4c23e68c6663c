// The ladder of one instrument: keeps its levels and depth bars as the street and the users have
// them, marks the investor's own orders, and hands a picked price to the order ticket.

import { follow } from "holdfast/live";
import { ownMarks } from "holdfast/own-marks";
import { formatted } from "holdfast/quote-fields";

const root = document.querySelector("[data-ladder]");
const SIDES = { ask: "sell", bid: "buy" };
const rowsOf = { ask: [...root.querySelectorAll("[data-side=ask] tr")].reverse(), bid: [...root.querySelectorAll("[data-side=bid] tr")] };

const placesOf = (text) => (text.split(".")[1] ?? "").length;
const priceText = (text) => formatted(text, Math.max(2, placesOf(text)), false);
const sizeText = (text) => formatted(text, placesOf(text), false);

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function showLevel(row, level, deepest) {
  const link = row.querySelector(".ladder__price");
  const part = (name) => row.querySelector(`[data-level=${name}]`);
  if (!level) {
    delete row.dataset.price;
    link.removeAttribute("href");
    for (const name of ["price", "size", "users", "total"]) write(part(name), "");
  } else if (row.dataset.price !== level.price) {
    row.dataset.price = level.price;
    link.href = `${root.dataset.desk}?type=limit&limit_price=${level.price}`;
    write(part("price"), priceText(level.price));
  }
  if (level) {
    write(part("size"), sizeText(level.size));
    write(part("users"), level.orders ? `${sizeText(level.user_size)} in ${level.orders}` : "");
    write(part("total"), sizeText(level.cumulative_size));
  }
  // How long a bar is drawn is no figure that anybody reads.
  const share = level ? Math.round((100 * Number(level.cumulative_size)) / deepest) : 0;
  row.querySelector("rect").setAttribute("width", `${share}%`);
}

function show(book) {
  if (book.symbol !== root.dataset.ladder) return;
  root.toggleAttribute("data-stale", book.is_stale);
  const levels = { ask: book.asks, bid: book.bids };
  const shown = Object.entries(levels).map(([side, all]) => all.slice(0, rowsOf[side].length));
  const deepest = Math.max(...shown.map((side) => Number(side.at(-1)?.cumulative_size ?? 0)));
  for (const [side, rows] of Object.entries(rowsOf)) {
    rows.forEach((row, index) => showLevel(row, levels[side][index], deepest));
  }
  for (const name of ["spread", "mid"]) {
    write(root.querySelector(`[data-book=${name}]`), book[name] === null ? "–" : priceText(book[name]));
  }
  showOwn();
  keepOneInReach();
}

function showOwn() {
  const own = new Map(ownMarks().orders.map((order) => [`${order.side} ${order.price}`, order.quantity]));
  for (const [side, rows] of Object.entries(rowsOf)) {
    for (const row of rows) {
      const quantity = own.get(`${SIDES[side]} ${row.dataset.price}`);
      write(row.querySelector("[data-level=own]"), quantity ? `yours ${sizeText(quantity)}` : "");
      row.classList.toggle("ladder__is-own", quantity !== undefined);
    }
  }
}

// One price is in the order of tabs; the arrow keys lead to the others.
const links = [...root.querySelectorAll(".ladder__price")];

function keepOneInReach(wanted) {
  const usable = links.filter((link) => link.hasAttribute("href"));
  const best = rowsOf.bid[0].querySelector("a");
  const current = wanted ?? usable.find((link) => link.hasAttribute("data-reach")) ?? (usable.includes(best) ? best : usable[0]);
  for (const link of links) {
    link.tabIndex = link === current ? 0 : -1;
    link.toggleAttribute("data-reach", link === current);
  }
}

root.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !event.target.matches(".ladder__price")) return;
  event.preventDefault();
  const usable = links.filter((link) => link.hasAttribute("href"));
  const next = usable[usable.indexOf(event.target) + step];
  if (!next) return;
  keepOneInReach(next);
  next.focus();
});

root.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-price]");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
  // Without a ticket beside it the link leads to the ticket's own page.
  if (!document.querySelector("#ticket")) return;
  event.preventDefault();
  document.dispatchEvent(new CustomEvent("price-chosen", { detail: { price: row.dataset.price } }));
  write(root.querySelector("[data-chosen]"), `Limit price ${priceText(row.dataset.price)} is in the ticket.`);
});

document.addEventListener("market-book", (event) => show(event.detail));
document.addEventListener("own-marks", showOwn);
keepOneInReach();
follow("book", root.dataset.ladder);
