// Uses everything that the page of the service has, in a browser without a screen. TestPage runs it:
//
//   UNROLL_SERVE_BROWSER=FOLDER node page.mjs URL [FOLDER-FOR-PICTURES]
//
// It ends with status 1 at the first thing that is not as it should be, an error in the browser's console, a request to anywhere
// else, or something that axe-core objects to.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const tools = createRequire(path.resolve(process.env.UNROLL_SERVE_BROWSER, "package.json"));
const { chromium } = tools("playwright-core");
const axe = fs.readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");
const [, , url, pictures] = process.argv;

const days = Array.from({ length: 40 }, (_, i) => `a,${new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10)},${10 + (i % 7)}`);
const texts = {
  text: "the quick", mood: "a good day, but bad food", translator: "the cat eats", tagger: "Ann lives in Hanoi",
  sales: ["shop,date,sold", ...days].join("\n"), trend: "id,x,y\n" + Array.from({ length: 30 }, (_, i) => `s,${i % 5},${-i % 3}`).join("\n"),
  network: JSON.stringify({ inputs: [] }), // its shapes are put in by the script
  ...JSON.parse(process.env.UNROLL_SERVE_TEXTS || "{}"), // for pictures of other models
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox",
  "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"] }); // a microphone that beeps, and may be used

// visit opens the page as a person has it: a window, a language, colours.
async function visit({ width, height, language, theme }) {
  const context = await browser.newContext({ viewport: { width, height }, locale: language, colorScheme: theme });
  const page = await context.newPage();
  page.setDefaultTimeout(60000); // of a busy machine
  const wrong = [];
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") wrong.push("console: " + m.text()); });
  page.on("pageerror", (e) => wrong.push("error: " + e));
  page.on("request", (r) => { if (!r.url().startsWith(url) && !/^(data|blob):/.test(r.url())) wrong.push("asks " + r.url()); });
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector("#run").textContent);
  assert.equal(await page.getAttribute("html", "lang"), language, "the language is that of the browser");
  return { page, wrong, close: () => context.close() };
}

const done = (page) => page.waitForFunction(() => !document.querySelector("#run").disabled);

async function run(page, button = "#run") {
  await page.click(button);
  await done(page);
  assert.equal(await page.textContent("#problem"), "");
}

async function inspect(page, width, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await window.axe.run()).violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).slice(0, 3)));
  assert.deepEqual(found, [], name);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the window`);
  if (pictures) await page.screenshot({ path: path.join(pictures, `${name}-${width}.png`), fullPage: true });
}

// states asks what the units do, walks the picture by keys, and looks at every layer.
async function states(page) {
  await page.click("#inside-tools button");
  await page.waitForSelector("#inside-view canvas");
  const layers = await page.locator("#inside-tools option").count();
  assert.ok(layers > 1, "there are states and gates");
  for (let i = 0; i < layers; i++) await page.selectOption("#inside-tools select", String(i));
  await page.focus("#inside-view canvas");
  const before = await page.textContent("#inside-view [role=status]");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await page.textContent("#inside-view [role=status]"), before);
}

// What there is to do with each model, and what is to be seen then.
const uses = {
  async text(page) {
    await page.fill("#tokens", "60");
    await page.locator("#temperature").press("ArrowRight"); // 0.05 more
    assert.equal(await page.textContent("#temperature-value"), "0.75");
    await run(page);
    assert.equal(await page.locator(".token").count() > 30, true, "a text of many tokens");
    assert.equal(await page.locator(".bars dt").count() >= 8, true, "probabilities of what could have come");
    await page.locator(".token").nth(3).click();
    const at = () => page.evaluate(() => [...document.querySelectorAll(".token")].findIndex((t) => t.getAttribute("aria-current")));
    assert.equal(await at(), 3);
    await page.locator(".written").press("ArrowRight");
    assert.equal(await at(), 4);
    await states(page);
  },
  async mood(page) {
    await run(page);
    assert.equal(await page.locator(".bars dt").count() > 1, true, "a probability for each label");
    const colours = await page.locator(".words span").evaluateAll((list) => list.map((e) => getComputedStyle(e).backgroundColor));
    assert.ok(colours.length > 3 && new Set(colours).size > 1, "words have colours");
    await states(page);
  },
  async translator(page) {
    await run(page);
    assert.equal(await page.locator(".grid tbody tr").count() > 0, true, "attention");
  },
  async tagger(page) {
    await run(page);
    assert.equal(await page.locator(".tagged").count(), texts.tagger.split(" ").length);
  },
  async sales(page) {
    await run(page);
    assert.equal(await page.locator("svg .fan").count() > 1, true, "a fan of intervals");
    await page.click("#output summary");
  },
  async trend(page) {
    await run(page);
    assert.equal(await page.locator("#output tbody tr").count() > 0, true);
    // Row by row: stopped while the tenth is on its way, it goes on where it was.
    let sent = 0, stopped;
    const stop = new Promise((resolve) => { stopped = resolve; });
    await page.route("**/rows", async (route) => {
      if (++sent === 10) await stop;
      await route.continue().catch(() => {}); // it was given up
    });
    await page.click("#live");
    await page.waitForFunction(() => document.querySelectorAll("#output tbody tr").length === 9);
    await page.click("#stop");
    stopped();
    await done(page);
    const rows = () => page.locator("#output tbody td:first-child").allTextContents();
    const before = (await rows()).length;
    await run(page, "#live");
    const after = await rows();
    assert.equal(before, 9);
    assert.ok(after.length > 9);
    assert.deepEqual(after, after.map((_, i) => String(i + 1)), "no row is missed, and none comes twice");
    await page.unroute("**/rows");
  },
  async beeps(page) {
    assert.equal(await page.isVisible("#text"), false);
    await page.click("#run");
    await done(page);
    assert.notEqual(await page.textContent("#problem"), "", "there is nothing to hear yet");
    await page.setInputFiles("#file", process.env.UNROLL_SERVE_SOUND);
    await run(page);
    assert.equal(await page.textContent("#output .written"), "ab");
    assert.ok(await page.locator("svg .said").count() > 0, "words over the wave");
    assert.ok((await page.getAttribute("svg .wave", "points")).length > 1000, "the wave");
    const says = await page.textContent("#record");
    await page.focus("#record");
    await page.keyboard.press("Enter");
    await page.waitForFunction((before) => document.querySelector("#record").textContent !== before, says);
    await page.waitForTimeout(1500);
    await page.keyboard.press("Enter");
    await page.waitForFunction((before) => document.querySelector("#record").textContent === before, says);
    await page.waitForFunction(() => document.querySelector("#play").duration > 0.9); // the file from before is shorter
    await run(page);
    assert.ok((await page.getAttribute("svg .wave", "points")).length > 1000, "the wave of the recording");
    await page.setInputFiles("#file", process.env.UNROLL_SERVE_SOUND); // for the picture
    await run(page);
    await page.click("#output summary");
  },
  async network(page) {
    const text = JSON.parse(await page.inputValue("#text"));
    for (const input of text.inputs) input.data = Array(input.shape.reduce((a, b) => a * b, 1)).fill(input.datatype.startsWith("INT") ? 1 : 0.5);
    await page.fill("#text", JSON.stringify(text));
    await run(page);
    assert.match(await page.textContent("#output pre"), /"datatype"/);
    await page.fill("#text", "{");
    await page.click("#run");
    await done(page);
    assert.notEqual(await page.textContent("#problem"), "", "what is wrong is told");
  },
};

const problems = [];
for (const look of [
  { width: 1280, height: 900, language: "en", theme: "light" },
  { width: 390, height: 844, language: "vi", theme: "dark" },
]) {
  const { page, wrong, close } = await visit(look);
  const models = await page.locator("#model option").allTextContents();
  for (const name of models) {
    await page.evaluate(() => { document.querySelector("#about").textContent = ""; });
    await page.selectOption("#model", name); // the page asks about the model, and tells about it then
    await page.waitForFunction((name) => document.querySelector("#about").textContent.startsWith(name), name);
    if (!["network", "beeps"].includes(name)) await page.fill("#text", texts[name]);
    await uses[name](page);
    await inspect(page, look.width, name);
    console.log(name, look.width, "works");
  }
  // The other language and the other colours, both by choice.
  const label = await page.textContent("#run");
  await page.selectOption("#language", look.language === "en" ? "vi" : "en");
  assert.notEqual(await page.textContent("#run"), label);
  const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const colour = await back();
  await page.selectOption("#theme", look.theme === "light" ? "dark" : "light");
  assert.notEqual(await back(), colour);
  await inspect(page, look.width, "switched");
  await page.reload();
  await page.waitForFunction(() => document.querySelector("#run").textContent);
  assert.notEqual(await page.getAttribute("html", "lang"), look.language, "the choice is remembered");
  await close();
  problems.push(...wrong);
}

// Without a mouse: from the top of the page by Tab to the text, to the button, to what came.
{
  const { page, wrong, close } = await visit({ width: 1280, height: 900, language: "en", theme: "light" });
  const tab = async (selector) => {
    for (let i = 0; i < 25; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
    }
    assert.fail(`Tab does not reach ${selector}`);
  };
  await tab(".skip");
  await page.keyboard.press("Enter");
  await tab("#text");
  await page.keyboard.type("the quick");
  await tab("#run");
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none", "the focus is seen");
  await page.keyboard.press("Enter");
  await done(page);
  await tab(".written");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator(".token").nth(1).getAttribute("aria-current"), "true");
  await tab("#inside-tools button");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#inside-view canvas");
  await tab("#inside-view canvas");
  await page.keyboard.press("ArrowRight");
  assert.match(await page.textContent("#inside-view [role=status]"), /unit/);
  await close();
  problems.push(...wrong);
  console.log("the keyboard works");
}
await browser.close();
assert.deepEqual(problems, []);
