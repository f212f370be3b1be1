// Sound: recording, as a WAV file that the service reads, and what is to be seen of it.

// record begins to record. The function that it returns ends that, and gives a WAV file.
export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  try {
    await context.audioWorklet.addModule("page/recorder.js");
  } catch (e) {
    stream.getTracks().forEach((t) => t.stop());
    await context.close();
    throw e;
  }
  const heard = [];
  const node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
  node.port.onmessage = (e) => heard.push(e.data);
  context.createMediaStreamSource(stream).connect(node);
  return async () => {
    stream.getTracks().forEach((t) => t.stop());
    const rate = context.sampleRate;
    await context.close();
    return wav(heard, rate);
  };
}

// wav is a file of 16 bits a sample and one channel.
function wav(parts, rate) {
  const n = parts.reduce((sum, p) => sum + p.length, 0);
  const data = new DataView(new ArrayBuffer(44 + 2 * n));
  const name = (at, text) => [...text].forEach((c, i) => data.setUint8(at + i, c.charCodeAt(0)));
  name(0, "RIFF"); data.setUint32(4, 36 + 2 * n, true); name(8, "WAVEfmt ");
  data.setUint32(16, 16, true); data.setUint16(20, 1, true); data.setUint16(22, 1, true); // PCM, one channel
  data.setUint32(24, rate, true); data.setUint32(28, 2 * rate, true); data.setUint16(32, 2, true); data.setUint16(34, 16, true);
  name(36, "data"); data.setUint32(40, 2 * n, true);
  let at = 44;
  for (const part of parts) for (const v of part) { data.setInt16(at, Math.round(32767 * Math.max(-1, Math.min(1, v))), true); at += 2; }
  return new Blob([data.buffer], { type: "audio/wav" });
}

// envelope is how loud a file is in each of n equal parts, from 0 to 1; null if the browser cannot read it.
export async function envelope(file, n) {
  let sound;
  try {
    sound = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(await file.arrayBuffer());
  } catch { return null; }
  const samples = sound.getChannelData(0), out = new Array(n).fill(0);
  samples.forEach((v, i) => { const k = Math.floor((i * n) / samples.length); out[k] = Math.max(out[k], Math.abs(v)); });
  return out;
}
