"""Word vectors as fastText and gensim write them, and the vectors that fastText gives.

    pip install fasttext-numpy2-wheel gensim
    python record.py
"""
import json, os, tempfile
import fasttext, numpy as np
from gensim.models import FastText, KeyedVectors
from gensim.models.fasttext import save_facebook_model

text = "the cat sat on the mat . der Hund läuft über die Straße . việt nam the cats sat . " * 8
words = ["the", "cat", "cats", "catty", "The", "HUND", "Hund", "läuft", "läufer", "việt", "</s>", ".", "x", "日本", "mat"]

with tempfile.TemporaryDirectory() as folder:
    g = FastText(sentences=[text.split()], vector_size=4, bucket=97, min_n=2, max_n=4, min_count=1, epochs=3, workers=1, seed=1)
    save_facebook_model(g, "skipgram.bin")
    m = fasttext.load_model("skipgram.bin")
    labelled = os.path.join(folder, "labelled.txt")
    open(labelled, "w").write("__label__a the cat\n__label__b der Hund\n" * 20)
    s = fasttext.train_supervised(labelled, dim=3, bucket=10, epoch=2, lr=0.01, thread=1)
    s.save_model("supervised.bin")

known = [w for w in m.get_words()]
kv = KeyedVectors(vector_size=4)
kv.add_vectors(known, np.stack([m.get_word_vector(w) for w in known]))
kv.save_word2vec_format("word2vec.txt", binary=False)
kv.save_word2vec_format("word2vec.bin", binary=True)
with open("glove.txt", "w") as f:
    for w in known:
        f.write(w + " " + " ".join("%.6g" % v for v in m.get_word_vector(w)) + "\n")
    f.write(". . . 1 2 3 4.5\n")  # as in glove.840B

json.dump({"words": words, "skipgram": [m.get_word_vector(w).tolist() for w in words],
           "known": {w: m.get_word_vector(w).tolist() for w in known},
           "supervised": {w: s.get_word_vector(w).tolist() for w in s.get_words()}}, open("recorded.json", "w"), ensure_ascii=False, indent=1)
