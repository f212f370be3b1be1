"""Trains small tokenizers of every kind and records what the Python package tokenizers makes of hard texts.

    pip install tokenizers==0.23.3
    python record.py
"""
import json
from tokenizers import Tokenizer, AddedToken, Regex, models, normalizers, pre_tokenizers, processors, decoders, trainers

TEXTS = [
    "", " ", "a", "Hello, world!", "  two  spaces   three ", "tabs\tand\nlines\r\n\r\n  end  \n", "don't WE'LL I'm you'RE it's",
    "1 12 123 1234 12345.678 ½ ٣٤ Ⅷ", "The quick brown fox jumps over the lazy dog.", "naïve café Ångström e\u0301 A\u030a",
    "Привет, мир! Ελληνικά שלום مرحبا", "你好，世界。日本語のテキスト 한국어", "हिन्दी தமிழ் ไทย", "🙂👩‍👩‍👧‍👦🇩🇪 x🙂y",
    "\x00\x01\x7f\u0085\u00a0\u2003\u3000\ufeff", "a\u200bb\u200dc", "<s>in</s> <|end|> <|end|>x<|end|>", "__init__(self): return x**2 // 3\n\n\n    pass",
    "¡¿§¶•ªº–≠‘’“”…«»", "ÀÉÎÕÜ ßſ İıŁ ǅ", "ab" * 60, "x" * 130, "\n\n\n", "word\n\nword", " \n \t x", "ﬁ ① Ｈｅｌｌｏ ㎏", "\U0001f600\U00020000\U0010ffff",
    "lower UPPER Title mIxEd", "e-mail: a.b@c.de https://x.y/z?q=1&r=2#s", "' '' ''' \" `", "'s 'S 't", "9" * 12, "a1b22c333d4444",
]
CORPUS = TEXTS * 3 + [
    "In the beginning God created the heaven and the earth. And the earth was without form, and void;",
    "def main():\n    for i in range(100):\n        print(i, i ** 2)\n", "über die Brücke gehen viele Leute, 1999 waren es 12345.",
    "Всё смешалось в доме Облонских.", "吾輩は猫である。名前はまだ無い。", "the they them there then these those this that",
] * 4

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEKKEN = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPECIAL = ["<s>", "</s>", "<unk>"]


def byte_bpe(pre, normalizer=None, **kw):
    t = Tokenizer(models.BPE(**kw))
    t.pre_tokenizer, t.decoder = pre, decoders.ByteLevel()
    if normalizer:
        t.normalizer = normalizer
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=420, special_tokens=["<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.add_tokens([AddedToken("<|end|>", normalized=False, special=True), AddedToken(" x", normalized=True)])
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", t.token_to_id("<s>"))])])
    return t


def sentencepiece(kind):
    bytes_ = [f"<0x{i:02X}>" for i in range(256)]
    t = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]) if kind == "llama" else normalizers.Replace(" ", "▁")
    if kind == "gemma":
        t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    if kind == "metaspace":
        t.normalizer = normalizers.NFKC()
        t.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="first")
    # a few characters only, so that the others fall back to bytes
    t.train_from_iterator([c for c in CORPUS if c.isascii()], trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIAL + bytes_, limit_alphabet=40))
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()] + ([decoders.Strip(" ", 1, 0)] if kind != "gemma" else []))
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    return t


def unigram(fallback):
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=220, special_tokens=SPECIAL, unk_token="<unk>"))
    t.decoder = decoders.Metaspace("▁", prepend_scheme="always")
    if fallback:
        j = json.loads(t.to_str())
        j["model"]["vocab"] = [p for p in j["model"]["vocab"] if p[0] in SPECIAL or p[0].isascii() or p[0].startswith("▁") and p[0][1:].isascii()] + [[f"<0x{i:02X}>", -12.0] for i in range(256)]
        j["model"]["byte_fallback"] = True
        j["decoder"] = json.loads(Tokenizer.from_str(t.to_str()).to_str())["decoder"]
        t = Tokenizer.from_str(json.dumps(j))
        t.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace("▁", prepend_scheme="always")])
    return t


def word_piece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=40))
    t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=300, limit_alphabet=80, special_tokens=["[UNK]", "[CLS]", "[SEP]"]))
    t.decoder = decoders.WordPiece()
    t.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return t


def word_level():
    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip()])
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.train_from_iterator(CORPUS, trainers.WordLevelTrainer(vocab_size=100, special_tokens=["[UNK]"]))
    return t


split = lambda r: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
ALL = {
    "gpt2": byte_bpe(pre_tokenizers.ByteLevel(add_prefix_space=True)), "neox": byte_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC()),
    "llama3": byte_bpe(split(LLAMA3), ignore_merges=True), "qwen2": byte_bpe(split(QWEN2), normalizers.NFC()), "tekken": byte_bpe(split(TEKKEN)),
    "falcon": byte_bpe(pre_tokenizers.Sequence([pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.Digits(False), pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])),
    "digits": byte_bpe(pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)])),
    "llama": sentencepiece("llama"), "gemma": sentencepiece("gemma"), "metaspace": sentencepiece("metaspace"),
    "unigram": unigram(False), "unigram-bytes": unigram(True), "wordpiece": word_piece(), "wordlevel": word_level(),
}
for name, t in ALL.items():
    out = {"tokenizer": json.loads(t.to_str()), "cases": []}
    for x in TEXTS:
        plain, prompt = t.encode(x, add_special_tokens=False).ids, t.encode(x).ids
        out["cases"].append({"text": x, "ids": plain, "prompt": prompt, "back": t.decode(plain)})
    json.dump(out, open(name + ".json", "w", encoding="utf-8"), ensure_ascii=True, separators=(",", ":"))
    print(name, t.get_vocab_size())
