"""Records what the Python package tokenizers makes of mixed lines.

    pip install tokenizers            # 0.23.3 made the files here
    python record.py                  # sample.txt, sample.json, tokenizer.json, merges.json
    python record.py LINES OUT        # 10,000 lines: those of LINES, filled up with generated ones; a larger vocabulary

sample.txt has one line a row; sample.json the ids of each under each variant of the tokenizer.
"""
import gzip, json, os, random, sys, unicodedata

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))

VIETNAMESE = ["Hôm nay trời đẹp quá", "Tôi đang học tiếng Việt", "Bạn có khoẻ không?", "Quyển sách này rất hay,",
              "chúng ta đi uống cà phê nhé!", "Mẹ nấu phở ngon lắm.", "Anh ấy ở Huế 20 năm", "thuyền về có nhớ bến chăng"]
EMOJI = ["😀", "👩‍🚀", "👍🏽", "🇻🇳", "❤️", "1️⃣", "🏳️‍🌈", "🥲🥲🥲", "☕", "™"]
ODD = ["don't they'll I'VE we're 'tis it's'd", "  two  blanks ", "\ttab\t\ttabs", "a\u00a0b\u2003c\u3000d", "x=3.14e-10;", "½ ² Ⅷ ٣٤",
       "naïve café", "cafe\u0301 Tie\u0302\u0301ng", "中文和日本語のテキスト", "Привет, мир!", "مرحبا بالعالم", "हिन्दी", "ไทย",
       "foo\rbar", "\u200b\u200d\ufeff", "__init__(self, *args)", "https://example.org/a?b=c&d=%20", "\x00\x01\x1f\x7f",
       "\u0085\u2028\u2029", "aaaaaaaaaaaaaaaaaaaaaaaaa", "<|endoftext|>", "a<|endoftext|> b", "<mask>", "x <mask>  y", "new york", "New york newyork",
       "𝒳 𐍈 𠜎", "e\u0301\u0323\u0302", "''''s", "' s", " 's", "I'm", "'llama", "a'b"]


def generated(rng, n):
    out = []
    for _ in range(n):
        parts = [rng.choice(rng.choice([VIETNAMESE, EMOJI, ODD])) for _ in range(rng.randint(1, 5))]
        line = rng.choice([" ", "", "  "]).join(parts)
        if rng.random() < 0.2:
            line = unicodedata.normalize("NFD", line)
        if rng.random() < 0.1:
            line = "".join(chr(rng.choice([rng.randint(0x20, 0x7e), rng.randint(0xa0, 0x2fff), rng.randint(0x1f300, 0x1faff)])) for _ in range(30)) + line
        out.append(line.replace("\n", " "))
    return out


def train(text, size, prefix_space=False, compose=False):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    t.decoder = decoders.ByteLevel()
    if compose:
        t.normalizer = normalizers.NFC()
    t.train_from_iterator([text], trainers.BpeTrainer(vocab_size=size, special_tokens=["<|endoftext|>"], show_progress=False,
                                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return t


def variants(data):
    """The same model under the settings that change ids."""
    def variant(change, *added):
        d = json.loads(data)
        change(d)
        t = Tokenizer.from_str(json.dumps(d))
        if added:
            t.add_tokens(list(added))
        return t
    # "ignore" has few merges, so that many words are tokens which merging does not reach.
    return {
        "plain": variant(lambda d: None),
        "prefix": variant(lambda d: d["pre_tokenizer"].update(add_prefix_space=True)),
        "whole": variant(lambda d: d["pre_tokenizer"].update(use_regex=False)),
        "nfc": variant(lambda d: d.update(normalizer={"type": "NFC"})),
        "ignore": variant(lambda d: d["model"].update(ignore_merges=True, merges=d["model"]["merges"][:100])),
        "added": variant(lambda d: (d.update(normalizer={"type": "NFC"}), d["pre_tokenizer"].update(add_prefix_space=True)),
                         AddedToken("<mask>", lstrip=True, rstrip=True), AddedToken("york", single_word=True), "caf", "café", "new york",
                         AddedToken("Tiếng", normalized=False), AddedToken("☕", normalized=False, rstrip=True)),
    }


def dump(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=False, separators=(",", ":"))


def main():
    rng = random.Random(1)
    kjv = gzip.open(os.path.join(HERE, "..", "..", "catalog", "kingjames", "kingjames.txt.gz"), "rt", encoding="utf-8").read()
    if len(sys.argv) == 3:
        out = sys.argv[2]
        given = [l.rstrip("\r\n") for l in open(sys.argv[1], encoding="utf-8", newline="\n") if l.strip()]
        lines, size = given + generated(rng, max(0, 10000 - len(given))), 8000
    else:
        out = HERE
        verses = [l for l in kjv.split("\n") if l]
        lines, size = ODD + [v[:120] for v in rng.sample(verses, 60)] + generated(rng, 300 - 60 - len(ODD)), 500
    text = "\n".join(lines + ([] if len(sys.argv) == 3 else kjv[:200000].split("\n")))
    t = train(text, size)
    with open(os.path.join(out, "sample.txt"), "w", encoding="utf-8", newline="\n") as f:
        f.write("".join(json.dumps(l, ensure_ascii=False) + "\n" for l in lines))
    with open(os.path.join(out, "train.txt"), "w", encoding="utf-8", newline="\n") as f:
        f.write(text if len(sys.argv) == 3 else kjv[:100000])
    if len(sys.argv) != 3:
        os.remove(os.path.join(out, "train.txt"))
        trained = json.loads(train(kjv[:100000], 600).to_str())["model"]
        dump(os.path.join(out, "merges.json"), {"vocab": trained["vocab"], "merges": trained["merges"]})
    t.save(os.path.join(out, "tokenizer.json"), pretty=False)
    recorded = {}
    for name, v in variants(t.to_str()).items():
        v.save(os.path.join(out, f"tokenizer-{name}.json"), pretty=False) if len(sys.argv) == 3 or name == "added" else None
        ids = [v.encode(l).ids for l in lines]
        recorded[name] = {"ids": ids, **({"decoded": [v.decode(i) for i in ids]} if name == "added" else {})}
    dump(os.path.join(out, "sample.json"), recorded)


if __name__ == "__main__":
    main()
