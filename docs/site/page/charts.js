"use strict";
// Drawings as SVG: lines, the unrolled network, attention, small pictures. They take numbers and give elements.

const svgNS = "http://www.w3.org/2000/svg";

function svg(name, attributes = {}, ...children) {
  const e = document.createElementNS(svgNS, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

// decimal writes numbers as the page's language does: in Vietnamese with a comma.
function decimal(v) {
  return document.documentElement.lang === "vi" ? String(v).replace(/(\d)\.(\d)/g, "$1,$2") : String(v);
}

function short(v) {
  if (v === 0) return "0";
  const a = Math.abs(v);
  if (a >= 1e4 || a < 1e-3) return v.toExponential(0).replace("e+", "e");
  return decimal(Number(v.toPrecision(3)));
}

// ticks are round numbers from at most low to at least high, about so many.
function ticks(low, high, many, whole) {
  const rough = Math.max((high - low) / many, 1e-12), power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map(m => m * power).find(v => v >= rough);
  if (whole) step = Math.max(1, Math.round(step));
  const list = [];
  for (let i = Math.floor(low / step + 1e-9); ; i++) {
    list.push(Number((i * step).toPrecision(12)));
    if (i * step >= high - step * 1e-9) return list;
  }
}

// lineChart draws lines {name, x, y}; names are shown as given, and steps count from 1 where x is missing.
function lineChart(title, lines, { log = false, xLabel = "", yLabel = "" } = {}) {
  const W = Math.max(300, Math.min(640, innerWidth - 70)), H = 280, left = 64, right = 12, top = 12, bottom = 44;
  const points = lines.map(l => l.y.map((y, i) => [l.x ? l.x[i] : i + 1, log ? Math.log10(y) : y]).filter(p => Number.isFinite(p[1])));
  const all = points.flat();
  const figure = element("figure", { style: "margin:.6rem 0" });
  if (all.length === 0) return figure;
  let [x0, x1] = [Math.min(...all.map(p => p[0])), Math.max(...all.map(p => p[0]))];
  let [y0, y1] = [Math.min(...all.map(p => p[1])), Math.max(...all.map(p => p[1]))];
  if (x0 === x1) x1 = x0 + 1;
  if (!log && y0 > 0 && y0 < 0.6 * y1) y0 = 0;
  const yTicks = ticks(y0, y1, log ? 5 : 4, log), xTicks = ticks(x0, x1, W < 450 ? 3 : 5, true);
  y0 = Math.min(y0, yTicks[0]);
  y1 = Math.max(y1, yTicks[yTicks.length - 1]);
  const X = x => left + (x - x0) / (x1 - x0) * (W - left - right);
  const Y = y => H - bottom - (y - y0) / (y1 - y0) * (H - top - bottom);
  const s = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": title + ". " + lines.map((l, i) => `${l.name}: ${short(l.y[0])} → ${short(l.y[l.y.length - 1])}`).join("; ") });
  for (const y of yTicks) {
    s.append(svg("line", { class: "grid", x1: left, x2: W - right, y1: Y(y), y2: Y(y) }));
    const t = svg("text", { x: left - 6, y: Y(y) + 4, "text-anchor": "end" });
    t.textContent = short(log ? 10 ** y : y);
    s.append(t);
  }
  for (const x of xTicks.filter(v => v >= x0 && v <= x1)) {
    const t = svg("text", { x: X(x), y: H - bottom + 16, "text-anchor": "middle" });
    t.textContent = short(x);
    s.append(t);
  }
  s.append(svg("line", { class: "axis", x1: left, x2: W - right, y1: H - bottom, y2: H - bottom }));
  const xl = svg("text", { x: (left + W - right) / 2, y: H - 6, "text-anchor": "middle" });
  xl.textContent = xLabel;
  const yl = svg("text", { x: 12, y: (top + H - bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(top + H - bottom) / 2})` });
  yl.textContent = yLabel;
  s.append(xl, yl);
  points.forEach((p, i) => s.append(svg("polyline", { class: `curve s${i % 4}`, points: p.map(q => `${X(q[0]).toFixed(1)},${Y(q[1]).toFixed(1)}`).join(" ") })));
  figure.append(s, legend(lines.map(l => l.name)));
  return figure;
}

function legend(names) {
  const list = element("ul", { class: "legend" });
  names.forEach((n, i) => list.append(element("li", {}, svg("svg", { width: 34, height: 10, "aria-hidden": "true" }, svg("line", { class: `curve s${i % 4}`, x1: 0, x2: 34, y1: 5, y2: 5 })), n)));
  return list;
}

// shade is a colour for a value from -1 to 1: orange below 0, blue above; they differ for any colour vision.
function shade(v) {
  const a = Math.min(1, Math.abs(v)), from = [243, 245, 248], to = v < 0 ? [200, 84, 0] : [11, 87, 164];
  return `rgb(${from.map((c, i) => Math.round(c + (to[i] - c) * a)).join(",")})`;
}

// unrolled draws the network over time: a box of hidden units for each word, what it expects above, the word below. Steps after
// "until" are not yet read. With gradients, a ring tells the norm of each state's gradient.
function unrolled(r, until, gradients, texts) {
  const T = r.words.length, w = 112, H = 236, W = T * w + 20;
  const top = Math.max(...r.norms);
  const label = texts.unrolledLabel + " " + r.words.map((x, t) => `${x} → ${r.next[t][0].word}`).join(", ");
  const s = svg("svg", { viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: "img", "aria-label": label });
  for (let t = 0; t < T; t++) {
    const x = 10 + t * w, read = t <= until;
    const g = svg("g", { opacity: read ? 1 : 0.25 });
    const columns = 6, size = 11, units = r.states[t];
    const bx = x + 16, by = 84;
    const strength = top > 0 ? Math.max(0, 1 + Math.log10(r.norms[t] / top) / 6) : 0; // a millionth is nothing
    if (gradients) g.append(svg("rect", { x: bx - 7, y: by - 7, width: columns * size + 14, height: units.length / columns * size + 14, rx: 8, fill: "none", stroke: "rgb(200,84,0)", "stroke-width": 5, "stroke-opacity": strength.toFixed(3) }));
    units.forEach((v, i) => g.append(svg("rect", { x: bx + (i % columns) * size, y: by + Math.floor(i / columns) * size, width: size - 1, height: size - 1, fill: read ? shade(v) : "none", stroke: "none" })));
    g.append(svg("rect", { class: "edge", x: bx - 1, y: by - 1, width: columns * size + 1, height: units.length / columns * size + 1, rx: 2 }));
    if (t + 1 < T) g.append(svg("line", { class: "edge", x1: bx + columns * size + 4, x2: bx + w - 6, y1: by + 22, y2: by + 22 }), svg("path", { class: "arrow", d: `M${bx + w - 4},${by + 22} l-8,-4 v8 z` }));
    g.append(svg("line", { class: "edge", x1: bx + 33, x2: bx + 33, y1: 176, y2: 134 }), svg("path", { class: "arrow", d: `M${bx + 33},132 l-4,8 h8 z` }));
    g.append(svg("line", { class: "edge", x1: bx + 33, x2: bx + 33, y1: 80, y2: 58 }), svg("path", { class: "arrow", d: `M${bx + 33},56 l-4,8 h8 z` }));
    const word = svg("text", { x: bx + 33, y: 196, "text-anchor": "middle", "font-weight": "600" });
    word.textContent = r.words[t];
    const best = svg("text", { x: bx + 33, y: 34, "text-anchor": "middle" });
    best.textContent = read ? r.next[t][0].word : "?";
    const p = svg("text", { x: bx + 33, y: 49, "text-anchor": "middle" });
    p.textContent = read ? Math.round(100 * r.next[t][0].p) + " %" : "";
    g.append(word, best, p);
    if (gradients) {
      const n = svg("text", { x: bx + 33, y: 216, "text-anchor": "middle" });
      n.textContent = "‖∂L/∂h‖ " + short(r.norms[t]);
      g.append(n);
    }
    s.append(g);
  }
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": texts.unrolledGroup }, s);
}

// attentionMap draws weights [target][source].
function attentionMap(r, texts) {
  const size = 44, left = 60, top = 90, W = left + r.words.length * size + 10, H = top + r.targets.length * size + 10;
  const s = svg("svg", { viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: "img", "aria-label": texts.attentionLabel + " " + r.targets.map((t, i) => `${t}: ${r.words[r.weights[i].indexOf(Math.max(...r.weights[i]))]}`).join(", ") });
  r.words.forEach((w, j) => {
    const t = svg("text", { x: left + j * size + 26, y: top - 8, transform: `rotate(-45 ${left + j * size + 26} ${top - 8})` });
    t.textContent = w;
    s.append(t);
  });
  r.targets.forEach((w, i) => {
    const t = svg("text", { x: left - 12, y: top + i * size + 27, "text-anchor": "end", "font-weight": "600" });
    t.textContent = w;
    s.append(t);
    r.weights[i].forEach((v, j) => s.append(svg("rect", { x: left + j * size, y: top + i * size, width: size - 2, height: size - 2, fill: shade(v) })));
  });
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": texts.attentionLabel }, s);
}

// digit draws a picture of 8 x 8.
function digit(p, texts) {
  const s = svg("svg", { viewBox: "0 0 64 64", width: 56, height: 56, role: "img", "aria-label": texts.digitLabel + " " + p.truth });
  p.pixels.forEach((v, i) => s.append(svg("rect", { x: i % 8 * 8, y: Math.floor(i / 8) * 8, width: 8, height: 8, fill: shade(v) })));
  return element("figure", {}, s, element("figcaption", {}, "→ " + p.predicted));
}
