"use strict";
// What computes: the library in a worker of this browser, or the command that serves the page. Both run one lesson at a time:
// run(name, settings, onEvent) waits for those before it and resolves with the last event.

class WorkerEngine {
  constructor() {
    this.waiting = new Map();
    this.id = 0;
    this.worker = new Worker(URL.createObjectURL(new Blob([unrollWorker], { type: "text/javascript" })));
    this.ready = new Promise((resolve, reject) => {
      this.worker.onerror = e => reject(new Error(e.message));
      this.worker.onmessage = m => {
        if (m.data.ready) resolve();
        else if (m.data.broken) reject(new Error(m.data.broken));
        else this.receive(m.data);
      };
    });
    const text = atob(unrollWasm), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    this.worker.postMessage({ wasm: bytes.buffer }, [bytes.buffer]);
  }
  receive(m) {
    const w = this.waiting.get(m.id);
    if (!m.end) { w.onEvent(m.event); w.last = m.event; return; }
    this.waiting.delete(m.id);
    if (m.error) w.reject(new Error(m.error)); else w.resolve(w.last);
  }
  async start(name, settings, onEvent) {
    await this.ready;
    return new Promise((resolve, reject) => {
      const id = ++this.id;
      this.waiting.set(id, { onEvent, resolve, reject });
      this.worker.postMessage({ id, name, settings });
    });
  }
  cancel() { this.worker.postMessage({ cancel: true }); }
}

class ServerEngine {
  constructor() { this.ready = Promise.resolve(); }
  async start(name, settings, onEvent) {
    this.controller = new AbortController();
    const answer = await fetch("lesson/" + name, { method: "POST", body: JSON.stringify(settings), signal: this.controller.signal });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "", last;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        last = JSON.parse(line);
        if (last.error) throw new Error(last.error);
        onEvent(last);
      }
    }
    return last;
  }
  cancel() { this.controller.abort(); }
}

const engine = typeof unrollWasm === "undefined" ? new ServerEngine() : new WorkerEngine();
let queue = Promise.resolve();

function run(name, settings, onEvent) {
  const turn = queue.then(() => engine.start(name, settings, onEvent));
  queue = turn.catch(() => {});
  return turn;
}
