// Draws the path of one iteration: prices with our own quotes and fills, position, profit, blocks.
"use strict";

const SoakPath = (() => {
  const { COLOURS, chart, fixed, ink, layout, make, part } = Soak;
  // A mid is half of a sum: its last digits are rounding.
  const price = (value) => (typeof value === "number" ? String(Number(value.toPrecision(12))) : "-");
  const horizons = (fills) => Object.keys(fills.markout_bps);

  // Shocks and regimes that have a label, as bands behind the lines.
  function bands(path) {
    const names = [...new Set(path.labels.map((one) => one.label))];
    const shapes = path.labels.map((one) => ({
      type: "rect", yref: "paper", y0: 0, y1: 1, x0: one.from, x1: Math.max(one.to, one.from + 0.5), layer: "below",
      fillcolor: COLOURS[names.indexOf(one.label) % COLOURS.length], opacity: 0.14, line: { width: 0 },
    }));
    const annotations = path.labels.slice(0, 12).map((one) => ({
      text: one.label.replaceAll("<", "&lt;"), x: one.from, y: 1, yref: "paper", xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 11 },
    }));
    return { shapes, annotations };
  }

  // Labels stand above the plot, where no line runs.
  const over = (path, more) => {
    const made = layout({ ...bands(path), ...more, xaxis: { ticksuffix: " s", tickformat: "", range: [path.time[0] ?? 0, path.time[path.time.length - 1] ?? 1] } });
    if (path.labels.length) made.margin.t = 22;
    return made;
  };
  const line = (path, y, name, colour, more) => ({ x: path.time, y, name, mode: "lines", line: { color: colour, width: 1.4, ...more }, connectgaps: false });

  function prices(path) {
    const fills = path.fills;
    const of = (side, name, symbol, colour) => {
      const at = fills.side.map((one, n) => (one === side ? n : -1)).filter((n) => n >= 0);
      return {
        x: at.map((n) => fills.time[n]), y: at.map((n) => fills.price[n]), name, mode: "markers", marker: { symbol, size: fills.time.length > 500 ? 5 : 9, color: colour, line: { width: fills.time.length > 500 ? 0 : 1, color: ink().ink } },
        customdata: at, text: at.map((n) => told(fills, n)), hovertemplate: "%{text}<extra></extra>",
      };
    };
    const stepped = { shape: "hv" };
    return [[
      line(path, path.mid, "mid", ink().ink), line(path, path.own_bid, "our bid", COLOURS[1], stepped), line(path, path.own_ask, "our ask", COLOURS[4], stepped),
      line(path, path.bid, "best bid", COLOURS[5], { dash: "dot", width: 1 }), line(path, path.ask, "best ask", COLOURS[5], { dash: "dot", width: 1 }),
      of(1, "bought", "triangle-up", COLOURS[1]), of(-1, "sold", "triangle-down", COLOURS[4]),
    ], over(path, { hovermode: "closest" })];
  }

  function told(fills, n) {
    const worth = horizons(fills).map((after) => after + " " + fixed(2, true)(fills.markout_bps[after][n])).join(", ");
    return (fills.side[n] > 0 ? "bought " : "sold ") + fills.qty[n].toPrecision(4) + " at " + fills.price[n] + (fills.maker[n] ? ", maker" : ", taker") + " after " + fills.time[n].toFixed(1) + " s; markout bps: " + worth;
  }

  function position(path) {
    return [[line(path, path.position, "position", COLOURS[0], { shape: "hv" })], over(path, { showlegend: false })];
  }

  function profit(path) {
    return [[...Object.entries(path.parts).map(([name, values], n) => line(path, values, part(name), COLOURS[n])), line(path, path.profit, "profit", ink().ink, { width: 2.2 })], over(path)];
  }

  function spread(path) {
    const bps = (high, low) => path.time.map((_, n) => (high[n] === null || low[n] === null || !path.mid[n] ? null : (high[n] - low[n]) / path.mid[n] * 1e4));
    return [[line(path, bps(path.ask, path.bid), "market", COLOURS[5]), line(path, bps(path.own_ask, path.own_bid), "ours", COLOURS[0])], over(path, { yaxis: { rangemode: "tozero" } })];
  }

  function blocks(path) {
    const added = (counts) => counts.map((count, n) => (n ? count - counts[n - 1] : count));
    return [Object.entries(path.blocks).map(([reason, counts], n) => ({ x: path.time, y: added(counts), name: reason, type: "bar", marker: { color: COLOURS[n] } })), over(path, { barmode: "stack", bargap: 0 })];
  }

  function markouts(path) {
    const means = horizons(path.fills).map((after) => {
      const known = path.fills.markout_bps[after].filter((value, n) => value !== null && path.fills.maker[n]);
      return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
    });
    return [[{ x: horizons(path.fills), y: means, mode: "lines+markers", line: { color: COLOURS[0] } }], layout({ showlegend: false, xaxis: { type: "category", rangemode: "normal" } })];
  }

  const CHARTS = [
    ["Price, our quotes and fills", prices, "tall wide-chart"], ["Profit so far and its parts, in what the contract settles in", profit], ["Position, base currency or contracts", position],
    ["Spread of the market and ours, bps", spread], ["Blocked attempts per step, by reason", blocks], ["Mean markout of maker fills, bps", markouts],
  ];

  // What a screen reader says of the charts, and what a phone shows first.
  function summary(path) {
    const last = (values) => values.findLast((value) => value !== null);
    const first = path.mid.find((value) => value !== null && value !== undefined);
    const labels = [...new Set(path.labels.map((one) => one.label))];
    return path.rows + " rows over " + (path.time.length ? path.time[path.time.length - 1].toFixed(0) : 0) + " s; mid from " + price(first) + " to " + price(last(path.mid)) + "; " +
      path.fills.count + " fills; profit " + fixed(2, true)(last(path.profit)) + ", position " + fixed(3, true)(last(path.position)) + " at the end" +
      (labels.length ? "; market: " + labels.join(", ") : "") + (path.shown_every > 1 ? "; every " + path.shown_every + ". row is drawn" : "");
  }

  function fillTable(parent, path) {
    const details = make("details");
    details.append(make("summary", "Every fill with its markouts"));
    const content = make("div");
    const fills = path.fills;
    const columns = ["s", "side", "price", "quantity", "role", "fee", ...horizons(fills).map((after) => "bps after " + after)];
    const rows = fills.time.map((time, n) => [time.toFixed(3), fills.side[n] > 0 ? "buy" : "sell", fills.price[n], fills.qty[n].toPrecision(5), fills.maker[n] ? "maker" : "taker",
      fixed(4, true)(fills.fee[n]), ...horizons(fills).map((after) => fixed(2, true)(fills.markout_bps[after][n]))]);
    // Filled when it is opened: most are never looked at.
    details.addEventListener("toggle", () => { if (details.open && !content.childElementCount) content.append(Soak.scrolled(Soak.plainTable(columns, rows), "Fills")); });
    details.append(content);
    parent.append(details);
  }

  function draw(parent, path, chosen) {
    parent.append(make("p", summary(path)));
    const charts = make("div", null, "charts");
    parent.append(charts);
    for (const [title, of, kind] of CHARTS) {
      chart(charts, title, () => of(path), kind, chosen && ((event) => {
        const point = event.points[0];
        if (point.text) chosen(point.text);
        else if (typeof point.x === "number") chosen("after " + point.x.toFixed(1) + " s: " + point.data.name + " " + point.y);
      }));
    }
    fillTable(parent, path);
  }

  return { draw };
})();
