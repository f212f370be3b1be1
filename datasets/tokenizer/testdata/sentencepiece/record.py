"""Trains small models of SentencePiece, and records the ids that it makes of hard texts, and the texts that it makes of ids.

    pip install sentencepiece==0.2.3 protobuf
    python record.py
"""
import json, os, random
import sentencepiece as sp
from sentencepiece import sentencepiece_model_pb2 as pb

here = os.path.dirname(os.path.abspath(__file__))
words = "the rest is in the house and he has the other one here, then there was naïve café größe ﬁne １２３ 日本語 мир 12345".split()
text = [" ".join(words[(i * 7 + j * j) % len(words)] for j in range(12)) for i in range(300)] + ["  two   spaces  in  a   row  "] * 20
TEXTS = ["", " ", "the rest", "  two  spaces ", "the<sep>house", "<sep><sep> x", "日本語 мир", "naïve cafe\u0301 ﬁne", "１２３ ㍿ Ⅷ", "emoji 🙂👨‍👩‍👧",
         "tab\tline\nend", "zzz qqq", "<unk> <s> </s>", "a▁b", "\u200bzero\u00a0width", "the the the the", "ABC xyz A", "ｶﾞ", "한국어", "...!!!",
         "<0x41> \x00 x", "there  then   the", " ▁ ▁▁the", "hAB heA\u2003he"]
rng = random.Random(5)
parts = list("the rstinhouadc,.▁<>sepuxyz0123４é̈ﬁ日本мир🙂\u200b\u00a0\t\n\x00㍿Ⅷ가ㄱ") + ["  ", "<sep>", "house", "the ", "▁the", " ", " "]
TEXTS += ["".join(rng.choice(parts) for _ in range(rng.randint(1, 40))) for _ in range(60)]

rules = os.path.join(here, "rules.tsv")
open(rules, "w").write("41\t61\n41 42\t62 20 62\n68 65\t48 45\nA0\t20\n2003\t\n")
KINDS = {
    "unigram": dict(vocab_size=90),  # with the rules that most models have, nmt_nfkc
    "unigram-bytes": dict(vocab_size=360, byte_fallback=True, remove_extra_whitespaces=False, normalization_rule_name="identity"),
    "bpe-bytes": dict(vocab_size=360, byte_fallback=True, normalization_rule_tsv=rules, denormalization_rule_tsv=rules, unk_surface="??"),
    "bpe": dict(vocab_size=180, split_by_whitespace=False, add_dummy_prefix=False, normalization_rule_name="identity", user_defined_symbols=["e h", "▁the"]),
    "bpe-llama": dict(vocab_size=380, byte_fallback=True, remove_extra_whitespaces=False, normalization_rule_name="identity"),  # as in GGUF
    "bpe-suffix": dict(vocab_size=150, treat_whitespace_as_suffix=True, normalization_rule_name="identity", control_symbols=["<c>"]),
}
for kind, settings in KINDS.items():
    prefix = os.path.join(here, kind)
    settings = {"user_defined_symbols": ["<sep>", "house"], **settings}
    sp.SentencePieceTrainer.train(sentence_iterator=iter(text), model_prefix=prefix, model_type=kind.split("-")[0], hard_vocab_limit=False,
                                  minloglevel=2, num_threads=1, **settings)
    os.remove(prefix + ".vocab")
    if kind == "bpe-suffix":  # some pieces that are merged through, but never used
        m = pb.ModelProto.FromString(open(prefix + ".model", "rb").read())
        for p in m.pieces:
            if p.type == 1 and rng.random() < 0.4:
                p.type = 5
        open(prefix + ".model", "wb").write(m.SerializeToString())
    m = sp.SentencePieceProcessor(model_file=prefix + ".model")
    ids = [m.encode(t) for t in TEXTS]
    ids += [[rng.randrange(m.get_piece_size()) for _ in range(rng.randint(1, 12))] for _ in range(60)]  # which no text has
    json.dump({"Texts": TEXTS, "IDs": ids, "Back": [m.decode(i) for i in ids]}, open(prefix + ".json", "w"))
    if kind == "bpe-llama":
        m2 = pb.ModelProto.FromString(open(prefix + ".model", "rb").read())
        fields = {"Pieces": [p.piece for p in m2.pieces], "Scores": [p.score for p in m2.pieces], "Types": [p.type for p in m2.pieces]}
        json.dump({"Texts": TEXTS, "IDs": ids, "Back": [m.decode(i) for i in ids], **fields}, open(prefix + ".json", "w"))
    print(kind, m.get_piece_size(), os.path.getsize(prefix + ".model"))
os.remove(rules)
