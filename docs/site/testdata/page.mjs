// Drives the page in Chromium, from a file, as a reader would: every experiment to the result that the page claims.
//
//	node page.mjs PAGE FOLDER-FOR-PICTURES (run in a folder with playwright-core and axe-core)
import { createRequire } from "module";
import fs from "fs";
const require = createRequire(process.cwd() + "/");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [, , file, pictures] = process.argv;

let failed = 0;
function check(ok, what) {
  if (!ok) failed++;
  console.log((ok ? "ok    " : "WRONG ") + what);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });

async function open(name, width, height, locale, scheme) {
  const context = await browser.newContext({ viewport: { width, height }, locale, colorScheme: scheme });
  const page = await context.newPage();
  const errors = [], requests = [];
  page.on("console", m => { if (m.type() === "error") errors.push(m.text()); });
  page.on("pageerror", e => errors.push(String(e)));
  page.on("request", r => { if (!/^(file|blob|data):/.test(r.url())) requests.push(r.url()); });
  const start = Date.now();
  await page.goto("file://" + file);
  await page.waitForFunction(() => document.body.dataset.ready, null, { timeout: 120000 });
  console.log(`${name}: ready after ${Date.now() - start} ms`);
  check(await page.evaluate(() => document.body.dataset.ready) === "ready", `${name}: the library runs in the page`);
  return { page, errors, requests };
}

async function lesson(page, name, settings = {}) {
  const card = page.locator("#lesson-" + name);
  for (const [selector, value] of Object.entries(settings)) {
    const input = card.locator(selector);
    if (selector.startsWith("select")) await input.selectOption(value);
    else await input.fill(value);
  }
  const begun = Date.now();
  await card.locator("button.run").click();
  await page.waitForFunction(n => document.querySelector("#lesson-" + n).dataset.done || document.querySelector(`#lesson-${n} .error`), name, { timeout: 300000 });
  const r = await page.evaluate(n => { const c = document.querySelector("#lesson-" + n); return { ...JSON.parse(c.dataset.result || "{}"), verdict: c.querySelector(".verdict")?.textContent, status: c.querySelector(".status").textContent, text: c.innerText }; }, name);
  console.log(`      ${name} in ${Date.now() - begun} ms: ${r.verdict || r.status}`);
  return r;
}

async function accessible(page, name) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await window.axe.run()).violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(" ")).slice(0, 3).join(", ")}`));
  check(violations.length === 0, `${name}: axe-core finds nothing ${violations.join("; ")}`);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(over <= 0, `${name}: nothing is wider than the window (${over})`);
}

const { page, errors, requests } = await open("wide", 1280, 900, "en-GB", "light");
let r = await lesson(page, "memory");
check(r.accuracy === 1 && r.answer === "red", "the network with memory knows that the apple is red");
check(/last word only\s+(\d|1\d) %/.test(r.text), "the one without does not");
r = await lesson(page, "look", { "input[type=text]": "banana that they want is" });
check(r.answer === "yellow", "the reader's own sentence");
await page.locator("#lesson-look button", { hasText: "◀" }).click();
await page.locator("#lesson-look button", { hasText: "backpropagation" }).click();
check((await page.locator("#lesson-look svg").innerHTML()).includes("‖∂L/∂h‖"), "gradients of hidden states are drawn");
r = await lesson(page, "look", { "input[type=text]": "zebra" });
check(/does not know "zebra"/.test(r.status), "an unknown word is an error that says so");
await lesson(page, "look", { "input[type=text]": "apple that we know is" });
await page.locator("#lesson-look button", { hasText: "backpropagation" }).click();
r = await lesson(page, "one"); check(r.accuracy > 0.9, "one to one");
r = await lesson(page, "many"); check(/Vietnamese/.test(r.text), "one to many");
r = await lesson(page, "label"); check(r.answer === "Vietnamese" && r.accuracy > 0.6, "many to one");
r = await lesson(page, "tags", { "input[type=text]": "the watch is old" }); check(r.accuracy > 0.99 && /watch\s+NOUN/.test(r.text), "many to many, in step");
r = await lesson(page, "translate"); check(r.answer === "402" && r.accuracy > 0.9, "many to many, of other lengths");
r = await lesson(page, "gap"); check(r.accuracy === 1 && /apple trees are tall/.test(r.text), "both directions");
r = await lesson(page, "distance", { "input[type=range]": "60", select: "rnn" }); check(r.accuracy < 0.5, "sixty words are too many for a plain network");
r = await lesson(page, "distance", { "input[type=range]": "100", select: "gru-chrono" }); check(r.accuracy > 0.95 && r.answer === "fish" && /reset gate/.test(r.text), "but not for gates that begin open");
r = await lesson(page, "flow", { "input[type=range]": "0.5" }); check(/vanishing/.test(r.verdict), "a gain of 0.5 vanishes");
r = await lesson(page, "flow", { "input[type=range]": "2.5" }); check(/exploding/.test(r.verdict), "a gain of 2.5 explodes");
r = await lesson(page, "clipping"); check(/ends at 1\.\d+, with clipping at 0\.\d+/.test(r.verdict), "clipping");
r = await lesson(page, "fit"); check(r.answer === "overfits", "a large network overfits");
r = await lesson(page, "cost"); check(/the LSTM takes \d+ times/.test(r.verdict), "cost of length");
r = await lesson(page, "order"); check(r.accuracy === 1, "order");
r = await lesson(page, "scan"); check(r.accuracy < 1e-5, "scan");
r = await lesson(page, "weights"); check(/3\s+1\s+\d+/.test(r.text) && /30 steps and layers: 1\. Weights: \d+/.test(r.verdict), "weights");
await page.evaluate(() => scrollTo(0, 0));
await accessible(page, "wide, English");
await page.screenshot({ path: pictures + "/wide-en.png", fullPage: true });
await page.locator("[data-language=vi]").click();
check(/Mạng nơ-ron hồi quy là gì/.test(await page.locator("h1").textContent()), "Vietnamese");
await accessible(page, "wide, Vietnamese");
check(await page.evaluate(() => Object.keys(texts.en).every(k => k in texts.vi) && Object.keys(texts.vi).every(k => k in texts.en)), "both languages have the same texts");
check(errors.length === 0, "no error in the console " + errors.join("; "));
check(requests.length === 0, "no request to anywhere " + requests.join("; "));

const phone = await open("phone", 390, 844, "vi-VN", "dark");
await lesson(phone.page, "memory");
await lesson(phone.page, "look");
await lesson(phone.page, "label", { "input[type=text]": "Kowalski" });
await lesson(phone.page, "flow");
let smooth = 0; // the page answers while a network trains
await phone.page.locator("#lesson-distance button.run").click();
for (let i = 0; i < 10; i++) { const t = Date.now(); await phone.page.evaluate(() => new Promise(requestAnimationFrame)); smooth = Math.max(smooth, Date.now() - t); }
console.log(`phone: a frame takes ${smooth} ms at most while training`);
await phone.page.locator("#lesson-distance button.run").click();
await phone.page.waitForFunction(() => /Đã dừng/.test(document.querySelector("#lesson-distance .status").textContent) || document.querySelector("#lesson-distance").dataset.done, null, { timeout: 60000 });
await phone.page.evaluate(() => scrollTo(0, 0));
await accessible(phone.page, "phone, Vietnamese, dark");
await phone.page.screenshot({ path: pictures + "/phone-vi.png", fullPage: true });
check(phone.errors.length === 0, "phone: no error in the console " + phone.errors.join("; "));
await browser.close();
process.exit(failed ? 1 : 0);
