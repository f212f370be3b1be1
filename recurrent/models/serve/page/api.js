// What the page asks of the service.
export class Problem extends Error {}

function headers(kind) {
  const h = { Accept: "application/json" };
  if (kind) h["Content-Type"] = kind;
  const key = document.getElementById("key").value;
  if (key) h.Authorization = "Bearer " + key;
  return h;
}

async function checked(answer) {
  if (answer.ok) return answer;
  let text = await answer.text();
  try {
    const body = JSON.parse(text);
    text = (body.error && body.error.message) || body.message || body.error || text;
  } catch { /* it is no JSON, and told as it is */ }
  throw new Problem(text);
}

export async function get(path) { return (await checked(await fetch(path, { headers: headers() }))).json(); }

export async function post(path, body, signal, kind = "application/json") {
  if (body instanceof FormData) kind = ""; // the browser writes it, with what divides its parts
  const text = kind === "application/json" ? JSON.stringify(body) : body;
  return (await checked(await fetch(path, { method: "POST", headers: headers(kind), body: text, signal }))).json();
}

export async function remove(path) { await checked(await fetch(path, { method: "DELETE", headers: headers() })); }

// events posts JSON, or without any gets, and gives each server-sent event to a function, with its name.
export async function events(path, body, signal, each) {
  const request = body ? { method: "POST", headers: headers("application/json"), body: JSON.stringify(body), signal } : { headers: headers(), signal };
  const answer = await checked(await fetch(path, request));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const parts = rest.split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const fields = Object.fromEntries(part.split("\n").map((l) => [l.slice(0, l.indexOf(":")), l.slice(l.indexOf(":") + 2)]));
      if (!fields.data) continue; // a sign of life
      if (fields.data === "[DONE]") return;
      const v = JSON.parse(fields.data);
      if (v.error) throw new Problem(v.error.message);
      each(v, fields.event);
    }
  }
}
