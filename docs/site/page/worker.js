"use strict";
// The library in a worker: the page stays smooth while a network trains.

onmessage = async message => {
  const m = message.data;
  if (m.wasm) {
    try {
      const plain = new Response(new Blob([m.wasm]).stream().pipeThrough(new DecompressionStream("gzip")));
      const go = new Go();
      const { instance } = await WebAssembly.instantiate(await plain.arrayBuffer(), go.importObject);
      go.run(instance);
      postMessage({ ready: true });
    } catch (e) {
      postMessage({ broken: String(e) });
    }
    return;
  }
  if (m.cancel) {
    unrollCancel();
    return;
  }
  unrollRun(m.name, JSON.stringify(m.settings), event => postMessage({ id: m.id, event: JSON.parse(event) }), error => postMessage({ id: m.id, end: true, error }));
};
