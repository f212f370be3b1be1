// The page of the service: what there is to do with a model depends on its kind.
import { words } from "./words.js";
import { get, post, remove, events, Problem } from "./api.js";
import { bars, el, fan, grid, heat, percent, shade, short, spoken, table, trace, visible } from "./draw.js";
import { envelope, record } from "./sound.js";

const $ = (id) => document.getElementById(id);
let language = "en", models = [], model = null, running = null;
let going = null; // the session that reads rows
let sound = null, recording = null; // a file to transcribe; what ends the recording that goes on

// say is a text in the language of the page.
function say(name, values = {}) {
  let text = name.split(".").reduce((w, part) => w && w[part], words[language]) || name;
  for (const [k, v] of Object.entries(values)) text = text.replaceAll("{" + k + "}", v);
  return text;
}

const kinds = {
  "language model": { about: "language", button: "write", label: "promptLabel", hint: "promptHint", run: write },
  "classifier of texts": { about: "classifier", button: "classify", label: "textLabel", hint: "", run: classify },
  translator: { about: "translator", button: "translate", label: "textLabel", hint: "", run: translate },
  "tagger of words": { about: "tagger", button: "tag", label: "textLabel", hint: "tagHint", run: tagText },
  forecaster: { about: "forecaster", button: "forecast", label: "seriesLabel", hint: "seriesHint", run: forecast },
  "recogniser of speech": { about: "recogniser", button: "transcribe", label: "file", hint: "", run: transcribe },
  "model of sequences": { about: "sequence", button: "predict", label: "rowsLabel", hint: "rowsHint", run: predictRows },
};
const network = { about: "network", button: "run", label: "tensorsLabel", hint: "", run: runNetwork };
const kindOf = (m) => kinds[m.kind] || network;

function speak() {
  document.documentElement.lang = language;
  for (const e of document.querySelectorAll("[data-say]")) e.textContent = say(e.dataset.say);
  if (model) show();
}

function show() {
  const k = kindOf(model);
  $("about").textContent = say("about." + k.about, { name: model.id, kind: model.kind });
  $("text-label").textContent = say(k.label);
  $("hint").textContent = k.hint ? say(k.hint, { columns: model.columns || "", id: model.idColumn || "id" }) : "";
  $("run").textContent = say(k.button);
  $("sound").hidden = k.about !== "recogniser";
  $("text").hidden = $("text-label").hidden = !$("sound").hidden;
  $("record").textContent = say(recording ? "endRecording" : "record");
  $("settings").hidden = k.about !== "language";
  $("live").hidden = !model.sessions || k.about !== "sequence";
}

async function choose(name) {
  if (recording) await endRecording();
  model = models.find((m) => m.id === name);
  clear();
  const k = kindOf(model);
  if (k === network || k.about === "forecaster" || k.about === "sequence") {
    const about = await get(`v2/models/${encodeURIComponent(name)}`);
    model.ports = about.inputs;
    const table = about.parameters || {};
    model.columns = (table.columns || []).join(", ");
    model.idColumn = table.id || "";
    model.target = table.target || "";
    model.sessions = table.sessions;
    if (k === network && !$("text").value) {
      $("text").value = JSON.stringify({ inputs: about.inputs.map((p) => ({ name: p.name, datatype: p.datatype, shape: (p.shape || []).map((d) => (d < 0 ? 1 : d)), data: [] })) }, null, 1);
    }
  }
  show();
}

function clear() {
  $("output").replaceChildren();
  $("inside-tools").replaceChildren();
  $("inside-view").replaceChildren();
  $("result").hidden = $("inside").hidden = true;
  $("problem").textContent = $("status").textContent = "";
}

// work runs what a button asks for, until it ends or is stopped.
async function work(run) {
  if (running) return;
  clear();
  running = new AbortController();
  $("run").disabled = $("live").disabled = true;
  $("stop").disabled = false;
  $("status").textContent = say("working");
  try {
    await run($("text").value, running.signal);
    $("status").textContent = say("done");
  } catch (e) {
    $("status").textContent = e.name === "AbortError" ? say("stopped") : "";
    if (e.name !== "AbortError") $("problem").textContent = e instanceof Problem ? e.message : String(e);
  }
  running = null;
  $("run").disabled = $("live").disabled = false;
  $("stop").disabled = true;
}

function result(...children) {
  $("result").hidden = false;
  $("output").replaceChildren(...children);
}

// write streams a text. Each token can be chosen, and shows what could have come in its place.
async function write(text, signal) {
  const out = el("div", { class: "written", role: "group", "aria-label": say("result"), tabindex: "0" });
  const side = el("div", {});
  out.append(el("span", { class: "prompt" }, text));
  result(el("p", { class: "hint" }, say("writtenHint")), el("div", { class: "two" }, out, side));
  const tokens = [];
  let at = -1;
  const pick = (i) => {
    if (i < 0 || i >= tokens.length) return;
    if (at >= 0) tokens[at].span.removeAttribute("aria-current");
    at = i;
    tokens[i].span.setAttribute("aria-current", "true");
    const list = Object.entries(tokens[i].top).map(([name, p]) => ({ name: visible(name), p: Math.exp(p) })).sort((a, b) => b.p - a.p);
    const chosen = visible(tokens[i].text);
    if (!list.some((x) => x.name === chosen)) list.push({ name: chosen, p: Math.exp(tokens[i].logprob) });
    side.replaceChildren(el("h3", {}, say("next")), bars(list, chosen));
  };
  out.addEventListener("keydown", (e) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (by) { e.preventDefault(); pick(at + by); }
  });
  out.addEventListener("click", (e) => { const i = tokens.findIndex((t) => t.span === e.target); if (i >= 0) pick(i); });
  const body = { model: model.id, prompt: text, max_tokens: Number($("tokens").value), temperature: Number($("temperature").value), logprobs: 8, stream: true };
  await events("v1/completions", body, signal, (v) => {
    const p = v.choices[0].logprobs;
    if (!p || !p.tokens) return;
    p.tokens.forEach((t, i) => {
      const span = el("span", { class: "token" }, t);
      shade(span, p.token_logprobs[i], 12); // the less likely, the more colour
      tokens.push({ span, text: t, logprob: p.token_logprobs[i], top: p.top_logprobs[i] });
      out.append(span);
    });
  });
  pick(0);
  inside(text + tokens.map((t) => t.text).join(""));
}

async function classify(text, signal) {
  const [found] = await post(`models/${model.id}/invocations`, [{ text }], signal);
  const list = Object.entries(found.probabilities).map(([name, p]) => ({ name, p })).sort((a, b) => b.p - a.p);
  result(el("p", {}, say("label") + ": ", el("strong", {}, found.label), " (" + percent(found.probability) + ")"), bars(list.slice(0, 12)));
  if (!text) return;
  const seen = await post(`v1/models/${model.id}/look`, { text: text.slice(0, 1800), show: "words" }, signal);
  const most = Math.max(...seen.words.map((w) => Math.abs(w.score)), 1e-9);
  const line = el("p", { class: "words" });
  for (const w of seen.words) {
    const span = el("span", { title: short(w.score) }, w.text);
    shade(span, w.score, most);
    line.append(span);
  }
  const rows = seen.words.map((w) => [w.text.trim(), short(w.score)]);
  $("output").append(el("h3", {}, say("wordsTitle")), el("p", { class: "hint" }, say("wordsHint", { label: seen.label })), line,
    el("details", {}, el("summary", {}, say("asTable")), table([say("word"), say("score")], rows)));
  inside(text);
}

async function translate(text, signal) {
  const [found] = await post(`models/${model.id}/invocations`, [{ text }], signal);
  result(el("p", { class: "written" }, found.translation));
  const seen = await post(`v1/models/${model.id}/look`, { text, show: "attention" }, signal);
  if (!seen.attention || !seen.attention.length) return;
  $("inside").hidden = false;
  $("inside-view").replaceChildren(grid(seen.attention, seen.pieces.map(visible), seen.source.map(visible), say("attention")));
}

async function tagText(text, signal) {
  const [found] = await post(`models/${model.id}/invocations`, [{ text }], signal);
  result(el("p", {}, ...found.tokens.map((t, i) => el("span", { class: "tagged" }, t, el("small", {}, found.tags[i])))));
}

async function transcribe(_, signal) {
  if (recording) await endRecording();
  if (!sound) throw new Problem(say("nothingHeard"));
  const form = new FormData();
  for (const [name, value] of [["model", model.id], ["response_format", "verbose_json"], ["timestamp_granularities[]", "word"], ["timestamp_granularities[]", "segment"]]) form.append(name, value);
  form.append("file", sound, sound.name || "recording.wav");
  const found = await post("v1/audio/transcriptions", form, signal);
  const parts = found.words || (found.segments || []).map((s) => ({ word: s.text, start: s.start, end: s.end }));
  const loud = await envelope(sound, 600);
  result(el("p", { class: "written" }, found.text || say("silence")), spoken(loud, parts, found.duration, say("said")),
    el("details", {}, el("summary", {}, say("asTable")), table([say("word"), say("from"), say("to")], parts.map((w) => [w.word, w.start.toFixed(2), w.end.toFixed(2)]))));
}

// hear takes a recording to transcribe, which can be listened to.
function hear(file) {
  sound = file;
  if ($("play").src) URL.revokeObjectURL($("play").src);
  $("play").hidden = !file;
  if (file) $("play").src = URL.createObjectURL(file); else $("play").removeAttribute("src");
}

async function startRecording() {
  clear();
  if (!navigator.mediaDevices) throw new Problem(say("nomicrophone"));
  recording = await record();
  $("record").textContent = say("endRecording");
  $("status").textContent = say("recording");
}

async function endRecording() {
  const end = recording;
  recording = null;
  $("record").textContent = say("record");
  $("file").value = "";
  hear(await end());
  $("status").textContent = say("recorded");
}

let switching = false; // a button that is disabled loses the focus

async function toggleRecording() {
  if (switching) return;
  switching = true;
  try { await (recording ? endRecording() : startRecording()); } catch (e) { $("problem").textContent = e.message; }
  switching = false;
}

// columnsOf reads CSV as far as the picture needs it: the service reads it whole.
function columnsOf(text) {
  const lines = text.trim().split(/\r?\n/).map((l) => l.split(","));
  return { head: lines[0] || [], rows: lines.slice(1) };
}

async function forecast(text, signal) {
  const list = await post(`models/${model.id}/invocations`, text, signal, "text/csv");
  const { head, rows } = columnsOf(text);
  const target = head.indexOf(model.target), id = head.indexOf(model.idColumn);
  const parts = list.map((f) => {
    const own = rows.filter((r) => id < 0 || r[id] === f.id).map((r) => (r[target] === undefined || r[target] === "" ? null : Number(r[target])));
    while (own.length && own[own.length - 1] === null) own.pop();
    const levels = Object.keys(f.quantiles);
    const lines = f.times.map((t, i) => [t, short(f.mean[i]), ...levels.map((q) => short(f.quantiles[q][i]))]);
    return el("div", {}, el("h3", {}, f.id), fan(own, f, say("fan", { id: f.id })),
      el("details", {}, el("summary", {}, say("asTable")), table([say("time"), say("mean"), ...levels], lines)));
  });
  result(...parts);
}

async function predictRows(text, signal) {
  const list = await post(`models/${model.id}/invocations`, text, signal, "text/csv");
  result(tableOfRows(list, say("sequence"), (r) => r.id));
}

function tableOfRows(list, first, name) {
  const numbers = list.length && list[0].number !== undefined;
  const rows = list.map((r) => (numbers ? [name(r), short(r.number)] : [name(r), r.label, percent(r.probability)]));
  return table(numbers ? [first, say("number")] : [first, say("label"), say("probability")], rows);
}

// rowByRow has a session read the rows of the first sequence one after the other, and draws what the network says after each as the
// stream tells it. Stopped, it goes on later where it was: the session is still there.
async function rowByRow(text, signal) {
  const { head, rows } = columnsOf(text);
  const id = head.indexOf(model.idColumn);
  const own = rows.filter((r) => id < 0 || r[id] === rows[0][id]);
  if (!going || going.model !== model.id || going.text !== text) {
    const session = await post("v1/sessions", { model: model.id }, signal);
    going = { path: `v1/sessions/${session.id}`, model: model.id, text, said: [] };
  }
  const last = () => (going.said.length ? going.said[going.said.length - 1].row : 0);
  const ended = new AbortController();
  signal.addEventListener("abort", () => ended.abort());
  let begun, told;
  const open = new Promise((resolve) => { begun = resolve; });
  const stream = events(`${going.path}/stream?after=${last()}`, null, ended.signal, (v, name) => {
    if (name === "session") { begun(v.tokens); return; }
    if (name) return;
    going.said.push(v);
    result(el("h3", {}, say("afterEach")), trace(going.said, say("afterEach")), el("details", {}, el("summary", {}, say("asTable")), tableOfRows(going.said, say("row"), (r) => r.row)));
    if (told) told();
  });
  const broken = stream.then(() => { throw new Problem(say("brokeOff")); });
  for (let i = await Promise.race([open, broken]); i < own.length; i++) {
    const row = Object.fromEntries(head.map((name, k) => [name, own[i][k]]));
    const seen = new Promise((resolve) => { told = resolve; });
    await post(`${going.path}/rows`, { rows: [row] }, signal);
    await Promise.race([seen, broken]);
  }
  broken.catch(() => {});
  ended.abort();
  await remove(going.path);
  going = null;
}

async function runNetwork(text, signal) {
  let body;
  try { body = JSON.parse(text); } catch (e) { throw new Problem(String(e.message)); }
  const found = await post(`v2/models/${model.id}/infer`, body, signal);
  result(el("pre", { tabindex: "0" }, JSON.stringify(found.outputs, null, 1)));
}

// inside offers the states and gates of a text.
function inside(text) {
  $("inside").hidden = false;
  const button = el("button", { type: "button" }, say("seeStates"));
  $("inside-tools").replaceChildren(button);
  button.addEventListener("click", async () => {
    try {
      const seen = await post(`v1/models/${model.id}/look`, { text: text.slice(0, 600), show: "states" });
      const layers = [...seen.layers, ...(seen.gates || [])];
      const select = el("select", {}, ...layers.map((l, i) => el("option", { value: String(i) }, l.name)));
      const draw = () => {
        const l = layers[Number(select.value)];
        const most = Math.max(...l.units.map((u) => Math.max(...u.map(Math.abs))), 1e-9);
        $("inside-view").replaceChildren(el("p", { class: "hint" }, say("statesHint")),
          heat(l.units, seen.pieces, l.name, (r, c, v) => say("at", { layer: l.name, unit: r, piece: visible(seen.pieces[c]), value: short(v) }), most));
      };
      select.addEventListener("change", draw);
      $("inside-tools").replaceChildren(el("label", {}, say("layer") + " ", select));
      draw();
      select.focus();
    } catch (e) {
      $("problem").textContent = e.message;
    }
  });
}

async function begin() {
  const stored = (k) => { try { return localStorage.getItem("unroll." + k); } catch { return null; } };
  const store = (k, v) => { try { localStorage.setItem("unroll." + k, v); } catch { /* it is asked again next time */ } };
  language = stored("language") || (navigator.language.startsWith("vi") ? "vi" : "en");
  $("language").value = language;
  $("language").addEventListener("change", () => { language = $("language").value; store("language", language); speak(); });
  const paint = () => { if ($("theme").value) document.documentElement.dataset.theme = $("theme").value; else delete document.documentElement.dataset.theme; };
  $("theme").value = stored("theme") || "";
  $("theme").addEventListener("change", () => { store("theme", $("theme").value); paint(); });
  paint();
  $("temperature").addEventListener("input", () => { $("temperature-value").value = $("temperature").value; });
  $("form").addEventListener("submit", (e) => { e.preventDefault(); work(kindOf(model).run); });
  $("live").addEventListener("click", () => work(rowByRow));
  $("record").addEventListener("click", toggleRecording);
  $("file").addEventListener("change", () => { clear(); hear($("file").files[0] || null); });
  $("stop").addEventListener("click", () => running && running.abort());
  $("text").addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) $("form").requestSubmit(); });
  speak();
  try {
    models = (await get("v1/models")).data;
    $("model").replaceChildren(...models.map((m) => el("option", { value: m.id }, m.id)));
    $("model").addEventListener("change", () => { $("text").value = ""; choose($("model").value); });
    if (!models.length) throw new Problem(say("nomodels"));
    await choose(models[0].id);
  } catch (e) {
    $("problem").textContent = e.message;
  }
}

begin();
