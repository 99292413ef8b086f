// Keeps the page of a running soak up to date; what is drawn stands in soak.js and path.js.
"use strict";

(() => {
  const ORDER = ["FAIL", "NO_DATA", "damaged", "INCONCLUSIVE", "-", "WARN", "OK"];
  const MOST_CHOSEN = 4;
  const STEP = 100;
  const REST = Number(document.body.dataset.rest);
  const rows = new Map();
  const chosen = [];
  const drawn = new Map();
  const data = new Map();
  let askAgain = 0;
  let header = { run: null };
  let due = null;
  let last = Date.now();
  let first = 0;
  let heated = { at: 0, names: "" };
  let opened = null;

  const place = (id) => document.getElementById(id);

  function listen() {
    const source = new EventSource("/events");
    source.onopen = () => rows.clear();
    source.onmessage = (event) => {
      const news = JSON.parse(event.data);
      header = news.header;
      for (const row of news.rows) rows.set(row.name, row);
      last = Date.now();
      plan(rows.size > 200 ? 1000 : 300);
    };
    source.onerror = () => { place("about").textContent = "The connection is lost; the page tries again by itself."; };
  }

  // Many changes within a moment are drawn once.
  function plan(after) {
    const at = Date.now() + after;
    if (due !== null && due.at <= at) return;
    if (due !== null) clearTimeout(due.timer);
    due = { at, timer: setTimeout(() => { due = null; draw(); }, after) };
  }

  function sorted() {
    const low = (value) => (value === null || value === undefined ? -Infinity : value);
    return [...rows.values()].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || low(a.net_bps) - low(b.net_bps) || (a.name < b.name ? -1 : 1));
  }

  function filtered(list) {
    const words = place("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    return list.filter((row) => words.every((word) => (row.name + " " + row.verdict + " " + (row.zone || "")).toLowerCase().includes(word)));
  }

  function draw() {
    const all = sorted();
    place("title").textContent = header.run ? "Soak " + header.run : "Waiting for a run";
    place("banner").className = "banner " + (header.verdict || "");
    const done = all.reduce((sum, row) => sum + (row.done || 0), 0);
    const planned = all.reduce((sum, row) => sum + (row.planned || 0), 0);
    const worst = all.find((row) => row.why);
    say("banner", header.run
      ? (header.verdict && header.verdict !== "-" ? header.verdict : "no verdict yet") + ": " + done + " of " + planned + " iterations of " + counted(all.length) + (header.unread ? ", " + header.unread + " more to be read" : "") + (worst ? "; " + worst.name + ": " + worst.why : "")
      : header.problem || "Nothing measured yet.");
    const versions = Object.entries(header.versions || {}).map(([name, text]) => name + " " + text).join(", ");
    place("about").textContent = header.run ? "begun " + header.created_at + "; " + versions + "; " + header.command : "";
    const list = filtered(all);
    if (!chosen.length && list.length) chosen.push(list[0].name);
    table(list);
    heat(list);
    for (const name of chosen) show(name);
    together();
  }

  const counted = (canaries) => canaries + (canaries === 1 ? " canary" : " canaries");

  // A text that has not changed is not said again by a screen reader.
  function say(id, text) {
    if (place(id).textContent !== text) place(id).textContent = text;
  }

  function table(list) {
    const focused = document.activeElement && document.activeElement.closest("#canaries") ? document.activeElement.textContent : null;
    if (first >= list.length) first = 0;
    const end = Math.min(first + STEP, list.length);
    Soak.table(place("canaries"), list.slice(first, end), choose, chosen);
    if (focused !== null) focus(place("canaries"), focused);
    place("pages").hidden = list.length <= STEP;
    place("better").disabled = end >= list.length;
    place("worse").disabled = first === 0;
    say("part", (first + 1) + " to " + end + " of " + list.length);
    say("found", (list.length === rows.size ? "" : list.length + " of ") + counted(rows.size));
  }

  // A page of rows at a time: a thousand canaries stay smooth.
  const turn = (by) => () => { first = Math.max(0, first + by); draw(); };

  function focus(parent, text) {
    for (const button of parent.querySelectorAll("button")) if (button.textContent === text) button.focus({ preventScroll: true });
  }

  // The heat map of a thousand canaries takes a moment, so it is drawn the less often the larger it is.
  function heat(list) {
    const names = list.length + "/" + place("filter").value;
    const wait = heated.at + list.length * 8 - Date.now();
    if (names === heated.names && wait > 0) { plan(wait); return; }
    heated = { at: Date.now(), names };
    if (list.length) Soak.heat(place("heat"), list, open);
    else place("heat").replaceChildren();
  }

  function choose(name) {
    const at = chosen.indexOf(name);
    if (at >= 0) chosen.splice(at, 1);
    else chosen.push(name);
    while (chosen.length > MOST_CHOSEN) chosen.shift();
    for (const [known, element] of drawn) if (!chosen.includes(known)) { Soak.dropped(element); element.remove(); drawn.delete(known); data.delete(known); }
    draw();
  }

  async function show(name) {
    const row = rows.get(name);
    const stamp = row ? row.done + "/" + row.planned + row.verdict : "";
    const known = drawn.get(name);
    if (known && known.dataset.stamp === stamp) return;
    // All of a canary is asked for the less often the longer that takes: it is the soak's processor, whichever
    // canary it is.
    const wait = askAgain - Date.now();
    if (known && wait > 0 && row.done < row.planned) { plan(wait); return; }
    const element = known || Soak.make("div");
    element.dataset.stamp = stamp;
    if (!known) { drawn.set(name, element); place("chosen").append(element); }
    const begun = Date.now();
    askAgain = begun + 1000;
    const answer = await fetch("/canary/" + encodeURIComponent(name));
    const found = await answer.json();
    askAgain = Date.now() + REST * (Date.now() - begun);
    if (!answer.ok) { element.replaceChildren(Soak.make("p", found.problem)); return; }
    const wasOpen = element.querySelector("details[open]") !== null;
    const focused = element.contains(document.activeElement) ? document.activeElement.textContent : null;
    data.set(name, found);
    Soak.canary(element, found, open);
    const details = element.querySelector("details");
    if (details) details.open = wasOpen;
    if (focused !== null) focus(element, focused);
    together();
  }

  function together() {
    const known = chosen.map((name) => data.get(name)).filter(Boolean);
    const stamp = known.map((one) => one.name + one.done).join("|");
    if (place("together").dataset.stamp === stamp) return;
    place("together").dataset.stamp = stamp;
    Soak.dropped(place("together"));
    place("together").replaceChildren();
    if (known.length > 1) Soak.together(place("together"), known);
  }

  async function open(name, iteration) {
    opened = { name, iteration };
    const address = "/canary/" + encodeURIComponent(name) + "/" + iteration;
    const [record, path] = await Promise.all([fetch(address), fetch(address + "/path")]);
    const [text, found] = await Promise.all([record.json(), path.json()]);
    place("iteration").hidden = false;
    place("iteration-title").textContent = name + ", iteration " + iteration;
    place("point").textContent = "";
    Soak.dropped(place("path"));
    place("path").replaceChildren();
    if (path.ok) SoakPath.draw(place("path"), found, (said) => { place("point").textContent = said; });
    else place("path").append(Soak.make("p", found.problem));
    place("record-text").textContent = JSON.stringify(text, null, 2);
    const row = rows.get(name);
    place("earlier").disabled = iteration <= 1;
    place("later").disabled = !row || iteration >= row.done;
    place("iteration-title").focus({ preventScroll: true });
    place("iteration").scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  const step = (by) => () => opened && open(opened.name, opened.iteration + by);
  place("earlier").addEventListener("click", step(-1));
  place("later").addEventListener("click", step(1));
  place("filter").addEventListener("input", () => { first = 0; plan(150); });
  place("worse").addEventListener("click", turn(-STEP));
  place("better").addEventListener("click", turn(STEP));

  setInterval(() => {
    const seconds = Math.round((Date.now() - last) / 1000);
    document.title = (header.verdict ? header.verdict + " - " : "") + "soak" + (seconds > 60 ? " (nothing new for " + seconds + " s)" : "");
  }, 5000);

  listen();
})();
