// Keeps the page of a running soak up to date; what is drawn stands in soak.js.
"use strict";

(() => {
  const ORDER = ["FAIL", "NO_DATA", "damaged", "INCONCLUSIVE", "-", "WARN", "OK"];
  const MOST_CHOSEN = 4;
  const rows = new Map();
  const chosen = [];
  const drawn = new Map();
  let header = { run: null };
  let due = null;
  let last = Date.now();

  const place = (id) => document.getElementById(id);

  function listen() {
    const source = new EventSource("/events");
    source.onopen = () => rows.clear();
    source.onmessage = (event) => {
      const news = JSON.parse(event.data);
      header = news.header;
      for (const row of news.rows) rows.set(row.name, row);
      last = Date.now();
      if (due === null) due = setTimeout(() => { due = null; draw(); }, 300);
    };
    source.onerror = () => { place("about").textContent = "The connection is lost; the page tries again by itself."; };
  }

  function sorted() {
    const low = (value) => (value === null || value === undefined ? -Infinity : value);
    return [...rows.values()].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || low(a.net_bps) - low(b.net_bps) || (a.name < b.name ? -1 : 1));
  }

  function draw() {
    const list = sorted();
    place("title").textContent = header.run ? "Soak " + header.run : "Waiting for a run";
    place("banner").className = "banner " + (header.verdict || "");
    const done = list.reduce((sum, row) => sum + (row.done || 0), 0);
    const planned = list.reduce((sum, row) => sum + (row.planned || 0), 0);
    const worst = list.find((row) => row.why);
    place("banner").textContent = header.run
      ? (header.verdict || "-") + ": " + done + " of " + planned + " iterations of " + list.length + " canaries" + (worst ? "; " + worst.name + ": " + worst.why : "")
      : header.problem || "Nothing measured yet.";
    const versions = Object.entries(header.versions || {}).map(([name, text]) => name + " " + text).join(", ");
    place("about").textContent = header.run ? "begun " + header.created_at + "; " + versions + "; " + header.command : "";
    if (!chosen.length && list.length) chosen.push(list[0].name);
    const focused = document.activeElement && document.activeElement.textContent;
    place("canaries").replaceChildren();
    Soak.table(place("canaries"), list, choose, chosen[chosen.length - 1]);
    for (const button of place("canaries").querySelectorAll("button")) if (button.textContent === focused) button.focus({ preventScroll: true });
    place("heat").replaceChildren();
    if (list.length) Soak.heat(place("heat"), list, open);
    for (const name of chosen) show(name);
  }

  function choose(name) {
    const at = chosen.indexOf(name);
    if (at >= 0) chosen.splice(at, 1);
    else chosen.push(name);
    while (chosen.length > MOST_CHOSEN) chosen.shift();
    for (const [known, element] of drawn) if (!chosen.includes(known)) { element.remove(); drawn.delete(known); }
    draw();
  }

  async function show(name) {
    const row = rows.get(name);
    const stamp = row ? row.done + "/" + row.planned + row.verdict : "";
    const known = drawn.get(name);
    if (known && known.dataset.stamp === stamp) return;
    const element = known || Soak.make("div");
    element.dataset.stamp = stamp;
    if (!known) { drawn.set(name, element); place("chosen").append(element); }
    const answer = await fetch("/canary/" + encodeURIComponent(name));
    const data = await answer.json();
    const opened = element.querySelector("details[open]") !== null;
    element.replaceChildren();
    if (!answer.ok) { element.append(Soak.make("p", data.problem)); return; }
    Soak.canary(element, data, open);
    const details = element.querySelector("details");
    if (details) details.open = opened;
  }

  async function open(name, iteration) {
    const answer = await fetch("/canary/" + encodeURIComponent(name) + "/" + iteration);
    const data = await answer.json();
    place("record").hidden = false;
    place("record-title").textContent = name + ", iteration " + iteration + ": its record in the journal";
    place("record-text").textContent = JSON.stringify(data, null, 2);
    place("record").scrollIntoView({ behavior: "smooth" });
  }

  setInterval(() => {
    const seconds = Math.round((Date.now() - last) / 1000);
    document.title = (header.verdict ? header.verdict + " - " : "") + "soak" + (seconds > 60 ? " (nothing new for " + seconds + " s)" : "");
  }, 5000);

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const element of drawn.values()) element.dataset.stamp = ""; draw(); });
  listen();
})();
