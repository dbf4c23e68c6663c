// Shows <time data-local> in the viewer's zone, keeps the exchange clock ticking.

const STYLES = {
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  date: { dateStyle: "medium" },
  moment: { dateStyle: "medium", timeStyle: "short" },
};

function showLocal(root) {
  for (const node of root.querySelectorAll("time[data-local]")) {
    const moment = new Date(node.dateTime);
    node.title ||= node.textContent.trim();
    node.textContent = moment.toLocaleString(document.documentElement.lang, STYLES[node.dataset.local]);
    node.removeAttribute("data-local");
  }
}

function tickClock() {
  for (const node of document.querySelectorAll("[data-clock-zone]")) {
    node.textContent = new Date().toLocaleTimeString("en-GB", {
      timeZone: node.dataset.clockZone,
      hour: "2-digit",
      minute: "2-digit",
    });
  }
}

showLocal(document);
document.addEventListener("htmx:afterSettle", (event) => showLocal(event.detail.elt.parentNode ?? document));
tickClock();
setInterval(tickClock, 5_000);
