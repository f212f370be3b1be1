// Pictures: bars of probabilities, maps of states, the fan of a forecast.

export function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) {
    if (k === "class") e.className = v; else if (k in e && typeof v !== "string") e[k] = v; else e.setAttribute(k, v);
  }
  e.append(...children);
  return e;
}

const svgNS = "http://www.w3.org/2000/svg";

function svg(name, attributes = {}, text) {
  const e = document.createElementNS(svgNS, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
}

export const visible = (text) => text.replace(/ /g, "␣").replace(/\n/g, "↵").replace(/\t/g, "⇥");

// bars lists names with probabilities; the longest bar is the largest.
export function bars(list, chosen) {
  const dl = el("dl", { class: "bars" });
  const most = Math.max(...list.map((x) => x.p), 1e-9);
  for (const { name, p } of list) {
    const bar = el("div", { class: "bar" });
    bar.style.width = (100 * p) / most + "%";
    dl.append(el("dt", {}, name + (name === chosen ? " ◂" : "")), el("dd", {}, bar), el("dd", {}, percent(p)));
  }
  return dl;
}

export const percent = (p) => (p === 0 ? "0" : p >= 0.0995 ? Math.round(100 * p) : (100 * p).toPrecision(2)) + " %";

export const short = (v) => (v === null || v === undefined ? "–" : Number(v).toPrecision(4).replace(/\.?0+$/, ""));

function colour(v, most) {
  const name = v >= 0 ? "--for" : "--against";
  const rgb = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return `rgb(${rgb} / ${Math.min(1, Math.abs(v) / most)})`;
}

// shade colours the background of an element by a signed number.
export function shade(e, v, most) { e.style.backgroundColor = colour(v, most).replace(/\/ ([\d.e-]+)\)/, (_, a) => `/ ${0.4 * a})`); }

// heat draws numbers, [rows][columns], with names of columns. It can be walked with the arrow keys; say tells where one is.
export function heat(rows, columns, label, say, most = 1) {
  const w = Math.max(6, Math.min(18, Math.floor(900 / columns.length))), h = rows.length > 64 ? 4 : rows.length > 24 ? 7 : 16;
  const canvas = el("canvas", { tabindex: "0", role: "application", "aria-label": label, width: columns.length * w, height: rows.length * h });
  const out = el("p", { class: "pale", role: "status", "aria-live": "polite" });
  const at = { row: 0, column: 0 };
  const paint = (mark) => {
    const c = canvas.getContext("2d");
    c.clearRect(0, 0, canvas.width, canvas.height);
    rows.forEach((row, r) => row.forEach((v, t) => {
      c.fillStyle = colour(v, most);
      c.fillRect(t * w, r * h, w - (w > 8 ? 1 : 0), h - (h > 8 ? 1 : 0));
    }));
    if (mark) {
      c.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink");
      c.strokeRect(at.column * w + .5, at.row * h + .5, w - 1, h - 1);
      out.textContent = say(at.row, at.column, rows[at.row][at.column]);
    }
  };
  const go = (row, column) => {
    at.row = Math.max(0, Math.min(rows.length - 1, row));
    at.column = Math.max(0, Math.min(columns.length - 1, column));
    paint(true);
  };
  canvas.addEventListener("keydown", (e) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
    if (!move) return;
    e.preventDefault();
    go(at.row + move[0], at.column + move[1]);
  });
  canvas.addEventListener("focus", () => paint(true));
  canvas.addEventListener("pointermove", (e) => go(Math.floor(e.offsetY / h), Math.floor(e.offsetX / w)));
  paint(false);
  return el("div", {}, el("div", { class: "scroll" }, canvas), out);
}

// grid is a table of shares, [rows][columns], with names of both.
export function grid(rows, left, top, label) {
  const t = el("table", { class: "grid" }, el("caption", { class: "pale" }, label));
  t.append(el("thead", {}, el("tr", {}, el("td"), ...top.map((n) => el("th", { scope: "col" }, n)))));
  const body = el("tbody");
  rows.forEach((row, r) => {
    const tr = el("tr", {}, el("th", { scope: "row" }, left[r]));
    for (const v of row) {
      const td = el("td", {}, v < 0.005 ? "" : Math.round(100 * v) + " %");
      shade(td, v, 1);
      tr.append(td);
    }
    body.append(tr);
  });
  t.append(body);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, t);
}

// fan draws values so far and a forecast with its quantiles.
export function fan(known, forecast, label) {
  const W = Math.min(720, document.getElementById("main").clientWidth || 720), H = 260, left = 56, bottom = 24;
  const levels = Object.keys(forecast.quantiles).map(Number).sort((a, b) => a - b);
  const bands = [];
  for (let i = 0; i < Math.floor(levels.length / 2); i++) bands.push([forecast.quantiles[levels[i]], forecast.quantiles[levels[levels.length - 1 - i]]]);
  const shown = known.slice(-4 * forecast.mean.length);
  const all = [...shown, ...forecast.mean, ...bands.flat(2)].filter((v) => v !== null && Number.isFinite(v));
  const low = Math.min(...all), high = Math.max(...all), n = shown.length + forecast.mean.length;
  const x = (i) => left + ((W - left - 8) * i) / Math.max(1, n - 1), y = (v) => 8 + ((H - bottom - 8) * (high - v)) / (high - low || 1);
  const line = (values, from) => values.map((v, i) => (v === null || !Number.isFinite(v) ? null : `${x(from + i).toFixed(1)},${y(v).toFixed(1)}`)).filter(Boolean).join(" ");
  const s = svg("svg", { viewBox: `0 0 ${W} ${H}`, width: String(W), height: String(H), role: "img", "aria-label": label });
  for (const v of [low, (low + high) / 2, high]) {
    s.append(svg("line", { class: "axis", x1: left, x2: W - 8, y1: y(v), y2: y(v), "stroke-dasharray": "2 4" }));
    s.append(svg("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, short(v)));
  }
  const from = shown.length;
  for (const [a, b] of bands) s.append(svg("polygon", { class: "fan", points: line(a, from) + " " + line([...b], from).split(" ").reverse().join(" ") }));
  s.append(svg("polyline", { class: "known", points: line(shown, 0) }));
  const last = shown.slice(-1); // the forecast goes on from there
  s.append(svg("polyline", { class: "mean", points: line([...last, ...forecast.mean], from - last.length) }));
  s.append(svg("text", { x: Math.min(x(from) + 4, W - 8 - 84), y: H - 6, "text-anchor": "end" }, forecast.times[0]));
  s.append(svg("text", { x: W - 8, y: H - 6, "text-anchor": "end" }, forecast.times[forecast.times.length - 1]));
  return s;
}

// spoken draws how loud a recording is, and its words where they were said, each {word, start, end} in seconds.
export function spoken(loud, words, seconds, label) {
  const W = Math.max(Math.min(720, document.getElementById("main").clientWidth || 720), Math.ceil(60 * seconds)), H = 150, middle = 92, high = 46;
  const x = (t) => (W * Math.min(t, seconds)) / (seconds || 1);
  const s = svg("svg", { viewBox: `0 0 ${W} ${H}`, width: String(W), height: String(H), role: "img", "aria-label": label });
  words.forEach((w, i) => {
    s.append(svg("rect", { class: "said", x: x(w.start), y: middle - high, width: Math.max(1, x(w.end) - x(w.start)), height: 2 * high }));
    s.append(svg("text", { x: x(w.start), y: i % 2 ? 38 : 20 }, w.word));
  });
  const most = Math.max(...(loud || [0])) || 1;
  const edge = (sign) => (loud || []).map((v, i) => `${((W * (i + .5)) / loud.length).toFixed(1)},${(middle - (sign * high * v) / most).toFixed(1)}`);
  s.append(svg("polygon", { class: "wave", points: [...edge(1), ...edge(-1).reverse()].join(" ") }));
  for (let t = 0, step = seconds > 120 ? 10 : seconds > 10 ? 5 : 1; t <= seconds; t += step) s.append(svg("text", { x: x(t), y: H - 2 }, t + " s"));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, s);
}

// trace draws what a network said row by row: the number, or the probability of each label.
export function trace(said, label) {
  const W = Math.min(720, document.getElementById("main").clientWidth || 720), H = 220, left = 56, right = 96;
  const lines = said[0].number !== undefined ? { "": said.map((r) => r.number) }
    : Object.fromEntries(Object.keys(said[0].probabilities).slice(0, 6).map((name) => [name, said.map((r) => r.probabilities[name])]));
  const all = Object.values(lines).flat().filter(Number.isFinite);
  const low = lines[""] ? Math.min(...all) : 0, high = lines[""] ? Math.max(...all) : 1;
  const x = (i) => left + ((W - left - right) * i) / Math.max(1, said.length - 1), y = (v) => 8 + ((H - 32) * (high - v)) / (high - low || 1);
  const s = svg("svg", { viewBox: `0 0 ${W} ${H}`, width: String(W), height: String(H), role: "img", "aria-label": label });
  for (const v of [low, (low + high) / 2, high]) {
    s.append(svg("line", { class: "axis", x1: left, x2: W - right, y1: y(v), y2: y(v), "stroke-dasharray": "2 4" }));
    s.append(svg("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, lines[""] ? short(v) : percent(v)));
  }
  Object.entries(lines).forEach(([name, values], i) => {
    s.append(svg("polyline", { class: "trace", points: values.map((v, t) => `${x(t).toFixed(1)},${y(v).toFixed(1)}`).join(" "), "stroke-dasharray": ["none", "6 3", "2 3", "8 2 2 2", "12 4", "1 5"][i] }));
    s.append(svg("text", { x: W - right + 6, y: y(values[values.length - 1]) + 4 }, name));
  });
  s.append(svg("text", { x: left, y: H - 6 }, String(said[0].row)));
  s.append(svg("text", { x: W - right, y: H - 6, "text-anchor": "end" }, String(said[said.length - 1].row)));
  return s;
}

export function table(head, rows) {
  const t = el("table", {}, el("thead", {}, el("tr", {}, ...head.map((h) => el("th", { scope: "col" }, h)))));
  const body = el("tbody");
  for (const row of rows) body.append(el("tr", {}, ...row.map((c) => el("td", {}, String(c)))));
  t.append(body);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": head.join(", ") }, t);
}
