"use strict";
// The page itself: sections with their controls, what becomes of events, the two languages.

let language = (navigator.language || "en").startsWith("vi") ? "vi" : "en";
try { language = localStorage.getItem("language") || language; } catch { /* pages of files may have no storage */ }

const T = key => texts[language][key] ?? key;
const fill = (key, values) => T(key).replace(/\{(\w+)\}/g, (_, k) => decimal(values[k]));
// cell is what a table shows: a word of the page, or a name, or a number.
const cell = v => texts.en[v] ? T(v) : decimal(v);
const percent = v => Math.round(100 * v) + "\u00a0%";

// mistakes are the errors that a reader can cause, with what the page says of them.
const mistakes = [[/no words; write/, "noWords"], [/: (\d+) words; want 40/, "manyWords"], [/does not know (".*?")\. It knows: (.*)/, "unknownWord"], [/train the network of the first/, "trainFirst"]];

function explained(message) {
  for (const [pattern, key] of mistakes) {
    const found = message.match(pattern);
    if (found) return fill(key, { a: found[1], b: found[2] });
  }
  return message.replace(/^lessons: /, "");
}

// A block is one experiment: what it says, its controls, and how its result is shown.
const blocks = {
  memory: { show: (out, r, c) => { c.curves(); c.table(r.rows); c.say("memoryDone", { accuracy: percent(r.accuracy), answer: r.answer }); } },
  look: { button: "lookRun", sentence: "apple that we know is", show: showLook },
  one: { show: (out, r, c) => { c.curves(); c.say("oneDone", { accuracy: percent(r.accuracy) }); out.append(element("div", { class: "digits" }, ...r.pictures.map(p => digit(p, texts[language])))); } },
  many: { show: (out, r, c) => { c.curves(); c.say("manyDone", {}); c.table(r.rows); } },
  label: { sentence: "Nguyễn Minh", show: (out, r, c) => { c.curves(); c.say("labelDone", { accuracy: percent(r.accuracy), answer: r.answer, word: r.words[0] }); c.table([["language", "probability"], ...r.next[0].map(n => [n.word, percent(n.p)])]); } },
  tags: { sentence: "they watch the play", show: (out, r, c) => { c.curves(); c.table([["word", "tag"], ...r.words.map((w, t) => [w, `${r.next[t][0].word} ${percent(r.next[t][0].p)}`])]); c.say("tagsDone", { accuracy: percent(r.accuracy) }); } },
  translate: { sentence: "four hundred two", show: (out, r, c) => { c.curves(); c.say("translateDone", { accuracy: percent(r.accuracy), answer: r.answer }); out.append(attentionMap(r, texts[language])); } },
  gap: { show: (out, r, c) => { c.curves(); c.table(r.rows); c.say("gapDone", { accuracy: percent(r.accuracy) }); } },
  distance: { choices: { network: ["rnn", "lstm", "gru", "lstm-chrono", "gru-chrono"] }, ranges: { distance: ["distanceWords", 1, 100, 1, 5] },
    show: (out, r, c) => { c.curves(); c.say("distanceDone", { distance: c.settings.distance, network: T(c.settings.network), accuracy: percent(r.accuracy), answer: r.answer });
      if (r.lines) out.append(element("h3", {}, T("gatesTitle")), element("p", {}, T("gatesLook")), lineChart(T("gatesTitle"), r.lines.map(l => ({ ...l, name: T(l.name) })), { xLabel: T("step"), yLabel: T("open") })); } },
  flow: { ranges: { gain: ["gain", 0.2, 3, 0.1, 1] }, live: true,
    show: (out, r, c) => { out.append(lineChart(T("flowTitle"), r.lines.map(l => ({ ...l, name: T(l.name) })), { log: true, xLabel: T("stepsBack"), yLabel: T("normOf") }));
      c.table(r.rows); c.say("flowDone", { gain: c.settings.gain, factor: r.rows[1][1], verdict: T(r.rows[1][2]) }); } },
  clipping: { twice: [{ clip: false }, { clip: true }],
    show: (out, r, c) => { out.append(lineChart(T("loss"), c.results.map(x => ({ name: T(x.lines[0].name), y: x.lines[0].y })), { xLabel: T("step"), yLabel: T("loss") }));
      c.table([r.rows[0], ...c.results.map(x => x.rows[1])]); c.say("clippingDone", { loose: c.results[0].rows[1][1], held: r.rows[1][1] }); } },
  fit: { ranges: { hidden: ["hidden", 1, 128, 1, 64], dropout: ["dropout", 0, 0.8, 0.1, 0] },
    show: (out, r, c) => { out.append(lineChart(T("fitTitle"), r.lines.map(l => ({ ...l, name: T(l.name) })), { xLabel: T("step"), yLabel: T("loss") })); c.table(r.rows); c.say("fitDone", { hidden: c.settings.hidden, verdict: T(r.answer) }); } },
  cost: { show: (out, r, c) => { out.append(lineChart(T("milliseconds"), r.lines.map(l => ({ ...l, name: T(l.name) })), { log: true, xLabel: T("length"), yLabel: T("milliseconds") })); c.table(r.rows);
      const times = l => (l.y[l.y.length - 1] / l.y[0]).toFixed(0); c.say("costDone", { lstm: times(r.lines[0]), attention: times(r.lines[1]) }); } },
  order: { show: (out, r, c) => { c.curves(); c.table(r.rows); c.say("orderDone", {}); } },
  scan: { show: (out, r, c) => { c.table(r.rows); c.say("todayDone", {}); } },
  weights: { button: "countWeights", ranges: { steps: ["steps", 1, 300, 1, 30], layers: ["layers", 1, 4, 1, 1] },
    show: (out, r, c) => { c.table(r.rows); c.say("weightsDone", { ...c.settings, weights: r.answer }); } },
};

const sections = [
  { id: "memory", blocks: ["memory"] },
  { id: "look", blocks: ["look"] },
  { id: "kinds", blocks: ["one", "many", "label", "tags", "translate"], titled: true },
  { id: "gap", blocks: ["gap"] },
  { id: "distance", blocks: ["distance"] },
  { id: "flow", blocks: ["flow", "clipping"] },
  { id: "fit", blocks: ["fit"] },
  { id: "length", blocks: ["cost", "order"] },
  { id: "today", blocks: ["scan"] },
];

// what each block has shown last, to show it again in the other language
const shown = {};

function showLook(out, r, c) {
  const t = texts[language];
  let until = r.words.length - 1, gradients = false;
  const drawing = element("div");
  const draw = () => drawing.replaceChildren(unrolled(r, until, gradients, t));
  const button = (key, f, pressed) => {
    const b = element("button", { type: "button" }, T(key));
    b.onclick = () => { f(b); draw(); };
    if (pressed !== undefined) b.setAttribute("aria-pressed", pressed);
    return b;
  };
  out.append(element("div", { class: "controls" },
    button("back", () => { until = Math.max(0, until - 1); }), button("forward", () => { until = Math.min(r.words.length - 1, until + 1); }),
    button("gradients", b => { gradients = !gradients; b.setAttribute("aria-pressed", gradients); }, false)), drawing, element("p", {}, T("lookGradients")));
  draw();
  c.say("lookDone", { answer: r.answer });
}

function makeBlock(name, titled) {
  const b = blocks[name];
  const card = element("div", { class: "card", id: "lesson-" + name });
  if (titled) card.append(element("h3", {}, T(name + "Title")));
  if (texts.en[name + "Text"] && titled) card.append(element("p", {}, T(name + "Text")));
  const controls = element("div", { class: "controls" });
  const settings = shown[name]?.settings ?? {};
  const inputs = {};
  const labelled = (key, input, ...more) => element("label", {}, element("span", {}, T(key), ...more), input);
  if (b.sentence) {
    inputs.sentence = element("input", { type: "text", value: settings.sentence ?? b.sentence, maxlength: 120 });
    controls.append(labelled(name + "Sentence", inputs.sentence));
  }
  for (const [key, options] of Object.entries(b.choices ?? {})) {
    inputs[key] = element("select", {}, ...options.map(o => element("option", { value: o }, T(o))));
    inputs[key].value = settings[key] ?? options[1];
    controls.append(labelled(key, inputs[key]));
  }
  for (const [key, [label, min, max, step, start]] of Object.entries(b.ranges ?? {})) {
    const input = element("input", { type: "range", min, max, step, value: settings[key] ?? start });
    const value = element("output", {}, " " + decimal(input.value));
    input.oninput = () => { value.textContent = " " + decimal(input.value); };
    if (b.live) input.addEventListener("change", () => go());
    inputs[key] = input;
    controls.append(labelled(label, input, value));
  }
  const button = element("button", { type: "button", class: "run" }, T(b.button ?? "run"));
  controls.append(button);
  const status = element("p", { class: "status", role: "status" });
  const out = element("div");
  card.append(controls, status, out);

  const read = () => {
    const s = {};
    for (const [k, i] of Object.entries(inputs)) s[k] = k === "sentence" || i.tagName === "SELECT" ? i.value : Number(i.value);
    return s;
  };
  const show = state => {
    out.replaceChildren();
    const verdict = element("p", { class: "verdict" });
    const c = { settings: state.settings, results: state.results,
      curves: () => { const lines = state.curves; if (lines.length) out.append(lineChart(T("loss"), lines.map(l => ({ ...l, name: T(l.name) })), { xLabel: T("step"), yLabel: T("loss") })); },
      table: rows => out.append(element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": T(rows[0][0]) + " …" }, element("table", {}, element("thead", {}, element("tr", {}, ...rows[0].map(h => element("th", { scope: "col" }, T(h))))), element("tbody", {}, ...rows.slice(1).map(r => element("tr", {}, ...r.map(v => element("td", {}, cell(v))))))))),
      say: (key, values) => { verdict.textContent = fill(key, values); } };
    b.show(out, state.results[state.results.length - 1], c);
    out.prepend(verdict);
    if (texts.en[name + "Look"]) verdict.after(element("p", {}, T(name + "Look")));
    card.dataset.done = "true";
    card.dataset.result = JSON.stringify({ accuracy: state.results[state.results.length - 1].accuracy, answer: state.results[state.results.length - 1].answer });
  };
  let busy = false;
  const go = async () => {
    if (busy) { engine.cancel(); return; }
    busy = true;
    button.textContent = T("stop");
    delete card.dataset.done;
    status.className = "status";
    status.textContent = T("running");
    const state = { settings: read(), results: [], curves: [] };
    try {
      for (const more of b.twice ?? [{}]) {
        state.results.push(await run(name, { ...state.settings, ...more }, e => {
          if (e.done) return;
          status.textContent = `${T(e.series)}: ${T("step")} ${e.step}/${e.steps}, ${name === "cost" ? T("milliseconds") : T("loss")} ${short(e.loss)}` + (e.accuracy >= 0 ? `, ${T("accuracy")} ${percent(e.accuracy)}` : "");
          let line = state.curves.find(l => l.name === e.series);
          if (!line) state.curves.push(line = { name: e.series, x: [], y: [] });
          line.x.push(e.step);
          line.y.push(e.loss);
        }));
      }
      status.textContent = "";
      shown[name] = state;
      show(state);
    } catch (e) {
      const cancelled = /context canceled|abort/i.test(e.message);
      status.textContent = cancelled ? T("stopped") : explained(e.message);
      if (!cancelled) status.className = "status error";
    }
    busy = false;
    button.textContent = T(b.button ?? "run");
  };
  button.onclick = go;
  if (inputs.sentence) inputs.sentence.onkeydown = e => { if (e.key === "Enter") go(); };
  if (shown[name]) show(shown[name]);
  return card;
}

function build() {
  document.documentElement.lang = language;
  document.title = T("title");
  for (const e of document.querySelectorAll("[data-text]")) e.textContent = T(e.dataset.text);
  for (const b of document.querySelectorAll("[data-language]")) b.setAttribute("aria-pressed", b.dataset.language === language);
  const list = document.querySelector("#contents ol"), root = document.querySelector("#sections");
  list.replaceChildren();
  root.replaceChildren();
  for (const s of sections) {
    const section = element("section", { id: s.id, "aria-labelledby": s.id + "-title" }, element("h2", { id: s.id + "-title" }, T(s.id + "Title")));
    const alone = s.blocks.length === 1;
    if (texts.en[s.id + "Text"]) section.append(element("p", {}, T(s.id + "Text")));
    s.blocks.forEach((name, i) => {
      const first = i === 0 && (s.id === name || s.id === "length");
      if (first && s.id === "length") section.append(element("p", {}, T("costText")));
      section.append(makeBlock(name, !alone && !first));
    });
    root.append(section);
    list.append(element("li", {}, element("a", { href: "#" + s.id }, T(s.id + "Title"))));
  }
  const myths = element("section", { id: "myths", "aria-labelledby": "myths-title" }, element("h2", { id: "myths-title" }, T("mythsTitle")));
  for (let i = 1; i <= 6; i++) {
    myths.append(element("div", { class: "myth" }, element("p", { class: "said" }, T("myth" + i)), element("p", { class: "right" }, T("right" + i))));
    if (i === 1) myths.append(makeBlock("weights", false));
  }
  root.append(myths);
  list.append(element("li", {}, element("a", { href: "#myths" }, T("mythsTitle"))));
}

const served = typeof unrollWasm === "undefined";
const state = { key: "starting", detail: "" };
const tell = () => { document.querySelector("#engine").textContent = T(state.key) + state.detail; };
for (const b of document.querySelectorAll("[data-language]")) {
  b.onclick = () => {
    language = b.dataset.language;
    try { localStorage.setItem("language", language); } catch { /* see above */ }
    build();
    tell();
  };
}
build();
tell();
engine.ready.then(() => { state.key = served ? "readyServer" : "ready"; }, e => { state.key = "broken"; state.detail = e.message; })
  .then(() => { document.body.dataset.ready = state.key; tell(); });
