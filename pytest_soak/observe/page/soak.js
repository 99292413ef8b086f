// Draws a run: the same for a report that was saved and for the dashboard of a run that is going on.
// Text from a run enters the page as text alone (textContent), never as markup.
"use strict";

const Soak = (() => {
  const COMPONENTS = [["gross_bps", "gross"], ["fees_eff_bps", "fees"], ["slippage_bps", "slippage"], ["inventory_bps", "inventory"]];
  const REASONS = ["min_interval", "throttle", "concurrency", "risk"];
  const COLOURS = ["#3b76c4", "#3a9a6b", "#c9822b", "#8e5bb5", "#b8433f", "#5f6b7a"];
  const BAD = ["FAIL", "NO_DATA", "damaged"];
  const CHARTS = [
    ["Net profit and its parts, bps", net], ["Risk ratio, zones and gate", risk],
    ["Profit and drawdown, quote currency", money], ["Position, base currency", position],
    ["Blocked attempts by reason", blocks], ["95th percentiles, ms", percentiles],
    ["Parameters within their bounds (0 lower, 1 upper)", parameters, "tall"],
  ];

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
      margin: { l: 52, r: 12, t: 8, b: 60 }, legend: { orientation: "h", y: -0.16, yanchor: "top" }, hovermode: "x unified",
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
      line: { color: key.startsWith("fail") ? "#b8433f" : "#c9822b", dash: "dash", width: 1.5 },
    }));
  }

  function net(canary) {
    const bars = COMPONENTS.map(([name, title], n) => ({
      x: numbers(canary), y: kpi(canary, name), name: title, type: "bar", marker: { color: COLOURS[n] },
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
      { x: numbers(canary), y: kpi(canary, "drawdown").map((value) => (value === null ? null : -value)), type: "bar", name: "drawdown", marker: { color: COLOURS[4] } }],
    layout({ barmode: "relative" })];
  }

  function position(canary) {
    return [[line(canary, "position_end", "at the end", COLOURS[0]), line(canary, "position_max", "largest", COLOURS[2])], layout()];
  }

  function blocks(canary) {
    return [REASONS.map((reason, n) => ({
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

  function said(row, name) {
    const guards = Object.entries(row.refused).filter(([, names]) => names.includes(name) || names.includes("all"));
    return guards.map(([guard]) => "held by " + guard).join(", ");
  }

  function chart(parent, title, drawn, tall) {
    const figure = make("figure");
    const caption = make("figcaption", title);
    const place = make("div", null, "chart" + (tall ? " tall" : ""));
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", title);
    figure.append(caption, place);
    parent.append(figure);
    Plotly.newPlot(place, drawn[0], drawn[1], { responsive: true, displayModeBar: false });
    return place;
  }

  function heat(parent, rows, choose) {
    const longest = Math.max(1, ...rows.map((row) => row.planned));
    const values = rows.map((row) => Array.from({ length: longest }, (_, n) => (n < row.nets.length ? row.nets[n] : null)));
    const texts = rows.map((row) => Array.from({ length: longest }, (_, n) => row.verdicts[n] || "to come"));
    const known = values.flat().filter((value) => value !== null).map(Math.abs).sort((a, b) => a - b);
    const most = known.length ? known[Math.min(known.length - 1, Math.floor(known.length * 0.98))] || 1 : 1;
    const drawn = [[{
      type: "heatmap", z: values, text: texts, x: Array.from({ length: longest }, (_, n) => n + 1), y: rows.map((_, n) => n),
      zmid: 0, zmin: -most, zmax: most, colorscale: [[0, "#b8433f"], [0.5, "#e9e6df"], [1, "#2f8f5b"]], xgap: rows.length > 60 ? 0 : 1, ygap: rows.length > 60 ? 0 : 1,
      customdata: rows.map((row) => Array(longest).fill(row.name)),
      hovertemplate: "%{customdata}<br>iteration %{x}: %{z:.2f} bps, %{text}<extra></extra>", colorbar: { title: { text: "net bps" }, thickness: 12 },
    }], layout({
      hovermode: "closest", margin: { l: 12, r: 12, t: 8, b: 28 },
      yaxis: { autorange: "reversed", showticklabels: false, zeroline: false },
    })];
    const place = chart(parent, "Net profit by canary and iteration, the worst canary on top", drawn, rows.length > 8);
    if (choose) place.on("plotly_click", (event) => choose(rows[event.points[0].y].name, event.points[0].x));
  }

  const COLUMNS = [
    ["profile", (row) => row.profile], ["scenario", (row) => row.scenario], ["seed", (row) => row.seed, "number"],
    ["strategy", (row) => row.strategy, "wide"], ["iterations", (row) => row.done + "/" + row.planned, "number"],
    ["net bps", (row) => fixed(2, true)(row.net_bps), "number"], ["profit", (row) => fixed(2, true)(row.profit), "number wide"],
    ["risk", (row) => percent(row.risk_ratio), "number"], ["zone", (row) => row.zone || "-", "wide"],
  ];

  function table(parent, rows, choose, chosen) {
    const scroll = make("div", null, "scroll");
    const found = make("table");
    const head = make("tr");
    head.append(make("th", "canary"), ...COLUMNS.map(([title, , kind]) => make("th", title, kind)), make("th", "verdict"), make("th", "why", "wide"));
    const top = make("thead");
    top.append(head);
    const body = make("tbody");
    for (const row of rows) {
      const line = make("tr", null, row.name === chosen ? "chosen" : "");
      const name = make("td");
      if (choose) {
        const button = make("button", row.name);
        button.type = "button";
        button.addEventListener("click", () => choose(row.name));
        name.append(button);
      } else name.textContent = row.name;
      line.append(name, ...COLUMNS.map(([, of, kind]) => make("td", of(row), kind)), verdict("td", row.verdict), make("td", row.why || "", "wide"));
      body.append(line);
    }
    found.append(top, body);
    scroll.append(found);
    parent.append(scroll);
  }

  // A mark beside the word: the verdict is not told by colour alone.
  function verdict(tag, text) {
    const mark = text === "OK" ? "\u2713 " : BAD.includes(text) ? "\u2717 " : text === "WARN" ? "! " : "? ";
    return make(tag, mark + text, "verdict " + text);
  }

  function gates(parent, canary) {
    if (!canary.gates.length) return;
    const scroll = make("div", null, "scroll");
    const found = make("table");
    const head = make("tr");
    head.append(...["gate", "measured", `+- (${canary.confidence})`, "bound", "n", "verdict"].map((title) => make("th", title)));
    const top = make("thead");
    top.append(head);
    const body = make("tbody");
    for (const gate of canary.gates) {
      const line = make("tr");
      const shown = [gate.kpi, fixed(3)(gate.measured), fixed(3)(gate.margin), gate.bound, gate.n];
      line.append(...shown.map((value) => make("td", value)), verdict("td", gate.verdict));
      body.append(line);
    }
    found.append(top, body);
    scroll.append(found);
    parent.append(scroll);
  }

  function iterations(parent, canary, open) {
    const details = make("details");
    details.append(make("summary", "Every iteration, with what was missed and what guards held"));
    const scroll = make("div", null, "scroll");
    const found = make("table");
    const head = make("tr");
    head.append(...["iteration", "net bps", "profit", "fills", "position", "risk", "zone", "verdict", "missed, held, market"].map((title) => make("th", title)));
    const top = make("thead");
    top.append(head);
    const body = make("tbody");
    for (const row of canary.iterations) {
      const line = make("tr");
      const number = make("td");
      if (open) {
        const button = make("button", row.iteration);
        button.type = "button";
        button.addEventListener("click", () => open(canary.name, row.iteration));
        number.append(button);
      } else number.textContent = row.iteration;
      const held = Object.entries(row.refused).map(([guard, names]) => guard + " holds " + names.join(", "));
      const notes = [...row.missed, ...held, ...(row.reverted ? ["reverted to " + row.reverted] : []), ...row.labels, ...row.notes];
      line.append(number, ...[fixed(2, true)(row.kpis.net_bps), fixed(2, true)(row.kpis.profit), row.kpis.fills ?? "-",
        fixed(3, true)(row.kpis.position_end), percent(row.kpis.risk_ratio), row.zone || "-"].map((value) => make("td", value)),
      verdict("td", row.verdict + (row.warmup ? " (w)" : "")), make("td", notes.join("; ")));
      body.append(line);
    }
    found.append(top, body);
    scroll.append(found);
    details.append(scroll);
    parent.append(details);
  }

  function canary(parent, one, open) {
    const section = make("section");
    section.append(make("h2", one.name));
    const banner = make("p", null, "banner " + one.verdict);
    banner.append(verdict("span", one.verdict), " ", make("span", one.why || ""));
    section.append(banner);
    parent.append(section);
    gates(section, one);
    const charts = make("div", null, "charts");
    section.append(make("h3", "Over its iterations"), charts);
    for (const [title, draw, tall] of CHARTS) {
      const place = chart(charts, title, draw(one), tall);
      if (open) place.on("plotly_click", (event) => open(one.name, event.points[0].x));
    }
    iterations(section, one, open);
  }

  return { canary, heat, make, table, verdict };
})();
