"""Records what the Python package rwkv makes of texts: with a small vocabulary of the same form, vocab.txt, which is made here, and
with the package's own, of which the ids alone are kept.

    pip install rwkv==0.8.32
    python record.py
"""
import importlib.util, json, os, re
spec = importlib.util.find_spec("rwkv")
here = os.path.dirname(spec.origin)
module = importlib.util.spec_from_file_location("t", os.path.join(here, "rwkv_tokenizer.py"))
t = importlib.util.module_from_spec(module)
module.loader.exec_module(t)
source = open("../record.py", encoding="utf-8").read()
scope = {}
exec(source[source.index("TEXTS = ["):source.index("CORPUS")], scope)
TEXTS = [x for x in scope["TEXTS"] if x]
WORDS = ["the", " the", "quick", " b", "rown", "ow", "\n\n", "  ", "é", "Привет", "世界", "日本", "🙂", "'s", "\"", "\\", "ab", "abab", "xxxxxxxx", "\u200d", "12", "123"]
tokens = [bytes([i]) for i in range(256)] + [w.encode() for w in WORDS if len(w.encode()) > 1] + [b"\xe4\xbd", b"\xf0\x9f"]
with open("vocab.txt", "w", encoding="utf-8") as f:
    for i, b in enumerate(tokens):
        try:
            shown = repr(b.decode())
        except UnicodeDecodeError:
            shown = repr(b)
        f.write(f"{i + 1} {shown} {len(b)}\n")
out = {"small": [], "package": []}
for name, path in (("small", "vocab.txt"), ("package", os.path.join(here, "rwkv_vocab_v20230424.txt"))):
    tok = t.TRIE_TOKENIZER(path)
    for x in TEXTS:
        out[name].append({"text": x, "ids": tok.encode(x)})
json.dump(out, open("ids.json", "w"), ensure_ascii=True, separators=(",", ":"))
