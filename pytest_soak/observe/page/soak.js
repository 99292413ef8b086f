// Draws a run: the same for a report that was saved and for the dashboard of a run that is going on.
// Text from a run enters the page as text alone (textContent), never as markup.
"use strict";

const Soak = (() => {
  const COLOURS = ["#3b76c4", "#3a9a6b", "#b8741f", "#8e5bb5", "#b8433f", "#7a8794"];
  const BAD = ["FAIL", "NO_DATA", "damaged"];
  const CHARTS = [
    ["Net profit and its parts, bps", net], ["Risk ratio, zones and gate", risk],
    ["Profit and drawdown, in what the contract settles in", money], ["Position, base currency or contracts", position],
    ["Blocked attempts by reason", blocks], ["95th percentiles, ms", percentiles],
    ["Parameters within their bounds (0 lower, 1 upper); a cross: a guard spoke", parameters, "tall"],
    ["Resident memory and disk, MB", memory], ["Processor time, s; open files and threads", load],
  ];

  // Title of a part of the profit: that of gross_bps is gross.
  const part = (name) => name.split("_")[0];

  function make(tag, text, classes) {
    const element = document.createElement(tag);
    if (text !== undefined && text !== null) element.textContent = text;
    if (classes) element.className = classes;
    return element;
  }

  const fixed = (digits, sign) => (value) =>
    value === null || value === undefined ? "-" : (sign && value > 0 ? "+" : "") + value.toFixed(digits);
  const percent = (value) => (value === null || value === undefined ? "-" : (100 * value).toFixed(1) + "%");

  function ink() {
    const style = getComputedStyle(document.documentElement);
    return { ink: style.getPropertyValue("--ink").trim(), line: style.getPropertyValue("--line").trim() };
  }

  function layout(more) {
    const { ink: colour, line } = ink();
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line };
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour, size: 12 },
      margin: { l: 52, r: 12, t: 8, b: more && more.showlegend === false ? 28 : 60 }, legend: { orientation: "h", y: -0.16, yanchor: "top" }, hovermode: "x unified",
      ...more,
      xaxis: { ...axis, rangemode: "tozero", tickformat: "d", ...(more && more.xaxis) },
      yaxis: { ...axis, ...(more && more.yaxis) },
    };
  }

  const numbers = (canary) => canary.iterations.map((one) => one.iteration);
  const kpi = (canary, name) => canary.iterations.map((one) => one.kpis[name]);
  const line = (canary, name, title, colour) => ({
    x: numbers(canary), y: kpi(canary, name), name: title, mode: "lines+markers", line: { color: colour }, connectgaps: false,
  });

  function bounds(canary, name) {
    const found = canary.thresholds[name] || {};
    return Object.entries(found).filter(([key]) => key.startsWith("warn") || key.startsWith("fail")).map(([key, value]) => ({
      type: "line", xref: "paper", x0: 0, x1: 1, y0: value, y1: value,
      line: { color: key.startsWith("fail") ? "#b8433f" : "#b8741f", dash: "dash", width: 1.5 },
    }));
  }

  function net(canary) {
    const bars = canary.components.map((name, n) => ({
      x: numbers(canary), y: kpi(canary, name), name: part(name), type: "bar", marker: { color: COLOURS[n] },
    }));
    return [[...bars, line(canary, "net_bps", "net", ink().ink)], layout({ barmode: "relative", shapes: bounds(canary, "net_bps") })];
  }

  function risk(canary) {
    const zones = canary.zones;
    const bands = [[zones.HOLD, zones.MODERATE, "rgba(201,130,43,0.10)"], [zones.MODERATE, zones.AGGRESSIVE, "rgba(201,130,43,0.22)"], [zones.AGGRESSIVE, 1, "rgba(184,67,63,0.22)"]];
    const shapes = bands.map(([low, high, colour]) => ({
      type: "rect", xref: "paper", x0: 0, x1: 1, y0: low, y1: high, fillcolor: colour, line: { width: 0 }, layer: "below",
    }));
    return [[line(canary, "risk_ratio", "risk ratio", COLOURS[0])],
      layout({ yaxis: { range: [0, 1], tickformat: ".0%" }, shapes: [...shapes, ...bounds(canary, "risk_ratio")], showlegend: false })];
  }

  function money(canary) {
    let sum = 0;
    const total = kpi(canary, "profit").map((value) => (value === null ? null : (sum += value)));
    return [[{ x: numbers(canary), y: kpi(canary, "profit"), type: "bar", name: "profit", marker: { color: COLOURS[1] } },
      { x: numbers(canary), y: total, name: "cumulative", mode: "lines", line: { color: COLOURS[0] } },
      { x: numbers(canary), y: kpi(canary, "drawdown").map((value) => (value === null ? null : -value)), mode: "lines+markers", name: "drawdown", line: { color: COLOURS[4], dash: "dot" } }],
    layout()];
  }

  function position(canary) {
    return [[line(canary, "position_end", "at the end", COLOURS[0]), line(canary, "position_max", "largest", COLOURS[2])], layout()];
  }

  function blocks(canary) {
    const reasons = Object.keys(canary.iterations.at(-1)?.blocks ?? {});
    return [reasons.map((reason, n) => ({
      x: numbers(canary), y: canary.iterations.map((one) => one.blocks[reason]), name: reason, type: "bar", marker: { color: COLOURS[n] },
    })), layout({ barmode: "stack" })];
  }

  function percentiles(canary) {
    return [[line(canary, "latency_p95_ms", "latency", COLOURS[0]), line(canary, "ws_lag_p95_ms", "feed lag", COLOURS[1]),
      line(canary, "order_age_p95_ms", "order age", COLOURS[2])], layout({ yaxis: { type: "log" } })];
  }

  function parameters(canary) {
    const traces = Object.entries(canary.parameters).map(([name, one], n) => ({
      x: numbers(canary), name, mode: "lines+markers", line: { color: COLOURS[n], shape: "hv" },
      y: canary.iterations.map((row) => (row.parameters[name] - one.low) / (one.high - one.low)),
      customdata: canary.iterations.map((row) => [row.parameters[name], said(row, name)]),
      hovertemplate: "%{customdata[0]} %{customdata[1]}",
      marker: {
        symbol: canary.iterations.map((row) => (said(row, name) ? "x" : "circle")),
        size: canary.iterations.map((row) => (said(row, name) ? 9 : 4)), color: COLOURS[n],
      },
    }));
    return [traces, layout({ yaxis: { range: [-0.05, 1.05] } })];
  }

  const resource = (name, title, colour, scale) => (canary) => ({
    x: numbers(canary), name: title, mode: "lines+markers", line: { color: colour }, connectgaps: false,
    y: canary.iterations.map((one) => (one.resources === null || one.resources[name] === null ? null : one.resources[name] * scale)),
  });

  function memory(canary) {
    const traces = [resource("rss_bytes", "resident memory", COLOURS[0], 1e-6), resource("disk_bytes", "disk", COLOURS[2], 1e-6)];
    return [traces.map((of) => of(canary)), layout({ yaxis: { rangemode: "tozero" } })];
  }

  function load(canary) {
    const traces = [resource("cpu_seconds", "processor time", COLOURS[4], 1), resource("open_files", "open files", COLOURS[1], 1), resource("threads", "threads", COLOURS[3], 1)];
    return [traces.map((of) => of(canary)), layout({ yaxis: { type: "log" } })];
  }

  function said(row, name) {
    const guards = Object.entries(row.refused).filter(([, names]) => names.includes(name) || names.includes("all"));
    return guards.map(([guard]) => "held by " + guard).join(", ");
  }

  // One chart a task: a page of many answers to its reader in between.
  const waiting = [];

  function later(work) {
    waiting.push(work);
    if (waiting.length === 1) setTimeout(next);
  }

  function next() {
    try { waiting[0](); } finally {
      waiting.shift();
      if (waiting.length) setTimeout(next);
    }
  }

  // ``before`` is the place of the same chart as it was drawn last, which is drawn over.
  function chart(parent, title, draw, kind, clicked, before) {
    const figure = make("figure", null, kind && kind.includes("wide-chart") ? "wide-chart" : "");
    const caption = make("figcaption", title);
    const place = before || make("div", null, "chart " + (kind || ""));
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", title + "; the tables of this page hold its numbers");
    figure.append(caption, place);
    parent.append(figure);
    place.soakDraw = draw;
    later(() => {
      if (!place.isConnected) return;
      render(place);
      if (clicked && !place.soakClicked) place.on("plotly_click", (event) => place.soakClicked(event));
      place.soakClicked = clicked;
    });
    return place;
  }

  function render(place) {
    const [traces, layout] = place.soakDraw();
    const isKnown = (value) => value !== null && value !== undefined && !Number.isNaN(value);
    if (!traces.some((trace) => (trace.z || trace.y).flat().some(isKnown))) {
      layout.annotations = [{ text: "nothing was measured", xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false, font: { size: 14 } }];
      for (const axis of [layout.xaxis, layout.yaxis]) axis.visible = false;
    }
    // Iterations are whole numbers; of many the script finds ticks that are.
    if (layout.xaxis.tickformat === "d" && Math.max(...traces.map((trace) => trace.x.length)) <= 12) layout.xaxis.dtick = 1;
    Plotly.react(place, traces, layout, { responsive: true, displayModeBar: false });
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const place of document.querySelectorAll(".chart")) later(() => { if (place.isConnected) render(place); });
  });

  // Frees what the charts' script keeps of charts that leave the page.
  function dropped(parent) {
    for (const place of parent.querySelectorAll(".js-plotly-plot")) Plotly.purge(place);
  }

  // A table that may be wider than the page can be moved by keyboard where it is.
  function scrolled(content, label) {
    const place = make("div", null, "scroll");
    place.append(content);
    const observer = new ResizeObserver(() => {
      const names = { tabindex: "0", role: "region", "aria-label": label };
      for (const [name, value] of Object.entries(names)) {
        if (place.scrollWidth > place.clientWidth) place.setAttribute(name, value);
        else place.removeAttribute(name);
      }
    });
    observer.observe(place);
    observer.observe(content);
    return place;
  }

  // One picture, drawn anew in place: the page does not jump, and the browser keeps what it can.
  function heat(parent, rows, choose) {
    if (!rows.some((row) => row.nets.length)) {
      parent.replaceChildren(make("p", "No iteration is done yet: there is nothing to draw."));
      return;
    }
    const longest = Math.max(1, ...rows.map((row) => row.planned || 0));
    const values = rows.map((row) => Array.from({ length: longest }, (_, n) => (n < row.nets.length ? row.nets[n] : null)));
    const texts = rows.map((row) => Array.from({ length: longest }, (_, n) => row.verdicts[n] || "to come"));
    const known = values.flat().filter((value) => value !== null).map(Math.abs).sort((a, b) => a - b);
    const most = known.length ? known[Math.min(known.length - 1, Math.floor(known.length * 0.98))] || 1 : 1;
    // Names beside the rows where there is room for them; the table has them all.
    const named = rows.length <= 30 && parent.clientWidth > 700;
    const draw = () => [[{
      type: "heatmap", z: values, text: texts, x: Array.from({ length: longest }, (_, n) => n + 1), y: rows.map((row) => safe(row.name)),
      zmid: 0, zmin: -most, zmax: most, colorscale: [[0, "#b8433f"], [0.5, "#e9e6df"], [1, "#2f8f5b"]], xgap: rows.length > 60 ? 0 : 1, ygap: rows.length > 60 ? 0 : 1,
      hovertemplate: "%{y}<br>iteration %{x}: %{z:.2f} bps, %{text}<extra></extra>", colorbar: { title: { text: "net bps" }, thickness: 12 },
    }], layout({
      hovermode: "closest", margin: { l: 12, r: 12, t: 8, b: 28 },
      xaxis: { range: [0.5, longest + 0.5], showgrid: false, zeroline: false },
      yaxis: { type: "category", autorange: "reversed", showticklabels: named, automargin: named, ticks: "", showgrid: false, zeroline: false },
    })];
    const clicked = choose && ((event) => choose(rows.find((row) => safe(row.name) === event.points[0].y).name, event.points[0].x));
    const before = parent.querySelector(".chart");
    parent.replaceChildren();
    chart(parent, "Net profit by canary and iteration, the worst canary on top", draw, rows.length > 8 ? "tall" : "", clicked, before);
  }

  const COLUMNS = [
    ["net bps", (row) => fixed(2, true)(row.net_bps), "number"], ["risk", (row) => percent(row.risk_ratio), "number"],
    ["done", (row) => (row.planned ? row.done + "/" + row.planned : "-"), "number"], ["profit", (row) => fixed(2, true)(row.profit), "number wide"],
    ["zone", (row) => row.zone || "-", "wide"], ["profile", (row) => row.profile, "wide"],
    ["scenario", (row) => row.scenario, "wide"], ["seed", (row) => row.seed, "number wide"],
  ];

  // Rows are kept from one drawing to the next where they have not changed: a thousand canaries stay smooth.
  function table(parent, rows, choose, chosen) {
    const known = parent.soakRows || new Map();
    parent.soakRows = new Map();
    const body = make("tbody");
    for (const row of rows) {
      const before = known.get(row.name);
      const line = before && before.row === row ? before.line : rowOf(row, choose);
      line.className = chosen && chosen.includes(row.name) ? "chosen" : "";
      const button = line.querySelector("button");
      if (button) button.setAttribute("aria-pressed", String(line.className === "chosen"));
      parent.soakRows.set(row.name, { row, line });
      body.append(line);
    }
    const head = make("tr");
    head.append(header("canary"), header("verdict"), ...COLUMNS.map(([title, , kind]) => header(title, kind)), header("why", "why wide"));
    const top = make("thead");
    top.append(head);
    const found = make("table");
    found.append(top, body);
    parent.replaceChildren(scrolled(found, "Canaries"));
  }

  function rowOf(row, choose) {
    const line = make("tr");
    line.append(opening(row.name, choose && (() => choose(row.name))), verdict("td", row.verdict),
      ...COLUMNS.map(([, of, kind]) => make("td", of(row), kind)), make("td", row.why || "", "why wide"));
    return line;
  }

  // A mark beside the word: the verdict is not told by colour alone.
  function verdict(tag, text, note) {
    const mark = text === "OK" ? "\u2713 " : BAD.includes(text) ? "\u2717 " : text === "WARN" ? "! " : "? ";
    return make(tag, (text === "-" ? "no verdict yet" : mark + text) + (note || ""), "verdict " + text);
  }

  // A table of texts; a cell that is an element already stays as it is.
  function plainTable(columns, rows) {
    const found = make("table");
    const head = make("tr");
    head.append(...columns.map((title) => header(title)));
    const top = make("thead");
    top.append(head);
    const body = make("tbody");
    for (const row of rows) {
      const line = make("tr");
      line.append(...row.map((value) => (value instanceof Element ? value : make("td", value))));
      body.append(line);
    }
    found.append(top, body);
    return found;
  }

  function header(title, kind) {
    const cell = make("th", title, kind);
    cell.scope = "col";
    return cell;
  }

  function gates(parent, canary) {
    if (!canary.gates.length) return;
    const rows = canary.gates.map((gate) => [gate.kpi, verdict("td", gate.verdict), fixed(3)(gate.measured), fixed(3)(gate.margin), gate.bound, gate.n]);
    parent.append(scrolled(plainTable(["gate", "verdict", "measured", `+- (${canary.confidence})`, "bound", "n"], rows), "Gates of " + canary.name));
  }

  function iterations(parent, canary, open) {
    const details = make("details");
    details.append(make("summary", "Every iteration, with what was missed and what guards held"));
    const columns = ["iteration", "verdict", "net bps", "profit", "fills", "position", "risk", "zone", "missed, held, market"];
    const rows = canary.iterations.map((row) => {
      const held = Object.entries(row.refused).map(([guard, names]) => guard + " holds " + names.join(", "));
      const notes = [...row.missed, ...held, ...(row.reverted ? ["reverted to " + row.reverted] : []), ...row.labels, ...row.notes];
      const word = verdict("td", row.verdict, row.warmup ? " (w)" : "");
      return [opening(row.iteration, open && (() => open(canary.name, row.iteration))), word, fixed(2, true)(row.kpis.net_bps), fixed(2, true)(row.kpis.profit_quote), row.kpis.fills ?? "-",
        fixed(3, true)(row.kpis.position_end), percent(row.kpis.risk_ratio), row.zone || "-", make("td", notes.join("; "), "notes")];
    });
    details.append(scrolled(plainTable(columns, rows), "Iterations of " + canary.name));
    parent.append(details);
  }

  // A cell that opens something, or its text alone where nothing is to be opened.
  function opening(text, open, about) {
    const cell = make("td");
    if (open) {
      const button = make("button", text);
      button.type = "button";
      if (about) button.setAttribute("aria-label", about);
      button.addEventListener("click", open);
      cell.append(button);
    } else cell.textContent = text;
    return cell;
  }

  // A place in the journal may be broken between its words, not within one.
  function placed(text) {
    const cell = make("td", null, "faint place");
    for (const word of text.split(/(?<=[._])/)) cell.append(word, make("wbr"));
    return cell;
  }

  // The tearsheet: small tables side by side, each row with its place in the journal.
  function sheet(parent, one) {
    if (!one.sheet.length) return;
    const place = make("div", null, "sheet");
    for (const made of one.sheet) {
      const part = make("section", null, made.columns.length > 6 ? "all" : "");
      const table = plainTable(made.columns, made.rows.map((row) => [...row.slice(0, -1), placed(row[row.length - 1])]));
      part.append(make("h3", made.title), scrolled(table, made.title + " of " + one.name));
      place.append(part);
    }
    parent.append(place);
  }

  // Drawn over what there was of it before, so that the page does not jump.
  function canary(parent, one, open) {
    const before = parent.soakCharts || new Map();
    parent.soakCharts = new Map();
    const section = make("section");
    section.append(make("h2", one.name));
    const banner = make("p", null, "banner " + one.verdict);
    banner.append(verdict("span", one.verdict), " ", make("span", one.why || ""));
    section.append(banner, make("p", one.strategy + " on " + one.source + " data, " + one.done + " of " + one.planned + " iterations of " + Number(one.minutes.toPrecision(3)) + " min", "faint"));
    gates(section, one);
    sheet(section, one);
    section.append(make("h3", "Over its iterations"));
    if (one.iterations.length) overIterations(section, parent, before, one, open);
    else section.append(make("p", "No iteration is done yet: there is nothing to draw."));
    for (const old of parent.querySelectorAll(":scope > section, :scope > p")) old.remove();
    parent.append(section);
  }

  function overIterations(section, parent, before, one, open) {
    const charts = make("div", null, "charts");
    section.append(charts);
    for (const [title, draw, tall] of CHARTS) {
      const clicked = open && ((event) => open(one.name, event.points[0].x));
      parent.soakCharts.set(title, chart(charts, title, () => draw(one), tall || "", clicked, before.get(title)));
    }
    iterations(section, one, open);
    if (one.without_series) section.append(make("p", one.without_series));
  }

  // Canaries over each other, where more than one is chosen.
  function together(parent, canaries) {
    const running = (one) => { let sum = 0; return kpi(one, "profit_quote").map((value) => (value === null ? null : (sum += value))); };
    const all = [
      ["Net profit, bps", (one) => kpi(one, "net_bps"), {}], ["Cumulative profit, quote currency", running, {}],
      ["Risk ratio", (one) => kpi(one, "risk_ratio"), { yaxis: { range: [0, 1], tickformat: ".0%" } }], ["Largest position, base currency", (one) => kpi(one, "position_max"), {}],
    ];
    const charts = make("div", null, "charts");
    parent.append(make("h2", "Chosen canaries side by side"), charts);
    for (const [title, of, more] of all) {
      const traces = canaries.map((one, n) => ({ x: numbers(one), y: of(one), name: safe(one.name), mode: "lines+markers", line: { color: COLOURS[n] } }));
      chart(charts, title, () => [traces, layout({ ...more, hovermode: "x" })]);
    }
    const names = [...new Set(canaries.flatMap((one) => Object.keys(one.kpis || {})))].filter((name) => canaries.some((one) => typeof (one.kpis || {})[name] === "number"));
    const shown = (value) => (typeof value === "number" ? Number(value.toPrecision(5)).toString() : "-");
    const table = plainTable(["KPI over the run", ...canaries.map((one) => one.name)], names.map((name) => [name, ...canaries.map((one) => shown((one.kpis || {})[name]))]));
    parent.append(scrolled(table, "KPIs over the run"));
  }

  // A group of a comparison: the change of each KPI with its interval, then all of it as a table.
  function compared(parent, group) {
    const marks = { worse: "#b8433f", better: "#2f8f5b" };
    const drawn = group.differences.filter((one) => one.share !== null && one.half !== null).reverse();
    parent.append(make("h2", group.title));
    if (drawn.length) {
      const colours = drawn.map((one) => marks[one.mark] || "#7a8794");
      const trace = {
        x: drawn.map((one) => one.share), y: drawn.map((one) => one.cells[0]), mode: "markers", type: "scatter",
        marker: { color: colours, size: 9, symbol: drawn.map((one) => (one.mark === "worse" ? "x" : "circle")) },
        error_x: { array: drawn.map((one) => one.half), color: "#7a8794", thickness: 1.5 },
        hovertemplate: "%{y}: %{x:+.2%} +- %{error_x.array:.2%}<extra></extra>",
      };
      const place = chart(parent, "Change of each KPI, as a share of its value before", () => [[trace], layout({
        showlegend: false, hovermode: "closest", height: 60 + 24 * drawn.length,
        xaxis: { tickformat: "+.0%", rangemode: "normal", zerolinewidth: 2 }, yaxis: { automargin: true, type: "category" },
      })]);
      place.style.height = 60 + 24 * drawn.length + "px";
    } else parent.append(make("p", group.differences.length
      ? "There is nothing to draw: of no KPI both a value before that is not 0 and an interval of its change are known."
      : "There is nothing to compare: neither run has an iteration after the warm-up."));
    if (!group.differences.length) return;
    const table = plainTable(["KPI", "before", "after", "change", "+- (95 %)", "pairs", "mark"], group.differences.map((one) => one.cells));
    parent.append(scrolled(table, "Differences of " + group.title));
  }

  // The charts' script reads some marks in texts as markup.
  const safe = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

  return { COLOURS, canary, chart, compared, dropped, fixed, heat, ink, layout, make, part, plainTable, safe, scrolled, table, together, verdict };
})();
