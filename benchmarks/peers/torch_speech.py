"""The network of unroll train --speech --decoder label, in PyTorch on one thread: log-mel energies, two convolutions that halve
their number, bidirectional GRUs, the mean over time, and a label for each recording. Settings are the command's defaults.

    OMP_NUM_THREADS=1 python3 torch_speech.py --train train.tsv --test test.tsv
"""
import argparse
import copy
import json
import math
import os
import random
import time
import wave

import numpy as np
import torch
from torch import nn


def mel_filters(rate, fft, bands):
    mel = np.linspace(0, 1127 * math.log1p(rate / 2 / 700), bands + 2)
    hz, bins = 700 * np.expm1(mel / 1127), np.arange(fft // 2 + 1) * rate / fft
    up = (bins - hz[:-2, None]) / (hz[1:-1] - hz[:-2])[:, None]
    down = (hz[2:, None] - bins) / (hz[2:] - hz[1:-1])[:, None]
    return torch.tensor(np.maximum(0, np.minimum(up, down)), dtype=torch.float32)


def log_mel(path, speed=1, bands=40):
    with wave.open(path) as f:
        rate, raw = f.getframerate(), f.readframes(f.getnframes())
    x = torch.tensor(np.frombuffer(raw, np.int16).astype(np.float32) / 32768)
    if speed != 1:
        x = nn.functional.interpolate(x[None, None], int(len(x) / speed), mode="linear")[0, 0]
    length, hop = rate // 40, rate // 100
    fft = 2 ** math.ceil(math.log2(length))
    frames = x.unfold(0, length, hop) * torch.hann_window(length)
    power = torch.fft.rfft(frames, fft).abs().square()
    return (power @ mel_filters(rate, fft, bands).T).clamp_min(1e-10).log()


def read(manifest, speeds=(1,)):
    """Recordings, each at all speeds, with their texts."""
    with open(manifest) as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    folder = os.path.dirname(manifest)
    return [([log_mel(os.path.join(folder, r[0]), speed) for speed in speeds], r[1]) for r in rows]


class Network(nn.Module):
    def __init__(self, bands, hidden, labels, dropout=0.2):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv1d(bands, hidden, 3, 2), nn.Conv1d(hidden, hidden, 3, 2)])
        self.rnn = nn.GRU(hidden, hidden, 2, bidirectional=True, dropout=dropout)
        self.drop, self.head = nn.Dropout(dropout), nn.Linear(2 * hidden, labels)

    def forward(self, x, lengths):  # [B, T, bands], T a multiple of 4
        x = x.transpose(1, 2)
        for conv in self.convs:
            x = torch.relu(conv(nn.functional.pad(x, (1, 0))))
        steps = (lengths + 3) // 4
        packed = nn.utils.rnn.pack_padded_sequence(x.permute(2, 0, 1), steps, enforce_sorted=False)
        y, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0])
        return self.head(self.drop(y.sum(0) / steps[:, None]))


def hide(x, rng):
    """SpecAugment: two stretches of up to 25 frames and a fifth of the recording, two bands of up to 8."""
    x, mean, T = x.clone(), x.mean(0), len(x)
    for _ in range(2):
        width = rng.randint(0, min(25, T // 5))
        begin = rng.randint(0, T - width)
        x[begin:begin + width] = mean
    for _ in range(2):
        width = rng.randint(0, x.shape[1] // 5)
        begin = rng.randint(0, x.shape[1] - width)
        x[:, begin:begin + width] = mean[begin:begin + width]
    return x


def normal(x, frames):
    return (x - frames.mean(0)) / frames.std(0, unbiased=False).clamp_min(1e-6)


def batches(data, labels, size, rng=None):
    order = sorted(range(len(data)), key=lambda i: len(data[i][0][0]))
    groups = [order[i:i + size] for i in range(0, len(order), size)]
    if rng:
        rng.shuffle(groups)
    for group in groups:
        xs = [hide(rng.choice(data[i][0]), rng) if rng else data[i][0][0] for i in group]
        lengths = torch.tensor([len(x) for x in xs])
        T = (int(lengths.max()) + 3) // 4 * 4
        yield (torch.stack([nn.functional.pad(x, (0, 0, 0, T - len(x))) for x in xs]), lengths,
               torch.tensor([labels.index(data[i][1]) for i in group]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", required=True)
    parser.add_argument("--valid", help="a tenth of the others unless given")
    parser.add_argument("--test", required=True)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--patience", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=96)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--speed", type=float, default=0)
    parser.add_argument("--normalise", choices=["corpus", "recording"], default="corpus")
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    rng = random.Random(a.seed)
    train, test = read(a.train, (1, 1 - a.speed, 1 + a.speed) if a.speed else (1,)), read(a.test)
    if a.valid:
        valid = read(a.valid)
    else:
        rng.shuffle(train)
        valid, train = train[:len(train) // 10], train[len(train) // 10:]
    labels = sorted({text for _, text in train})
    every = torch.cat([xs[0] for xs, _ in train])
    train, valid, test = ([([normal(x, x if a.normalise == "recording" else every) for x in xs], t) for xs, t in part]
                          for part in (train, valid, test))
    model = Network(every.shape[1], a.hidden, len(labels), a.dropout)
    adam = torch.optim.AdamW(model.parameters(), lr=a.rate, weight_decay=0.01)
    total = a.epochs * math.ceil(len(train) / a.batch)
    warm = min(200, total // 10 + 1)
    cosine = lambda step: 0.01 + 0.99 * (1 + math.cos(math.pi * step / total)) / 2  # noqa: E731
    schedule = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: 0.01 + 0.99 * step / warm if step < warm else cosine(step - warm))

    def judge(data):
        model.eval()
        loss = right = 0
        with torch.no_grad():
            for x, lengths, y in batches(data, labels, a.batch):
                logits = model(x, lengths)
                loss += nn.functional.cross_entropy(logits, y, reduction="sum").item()
                right += (logits.argmax(1) == y).sum().item()
        return loss / len(data), right / len(data)

    best, kept, since, begin = math.inf, None, 0, time.time()
    for epoch in range(a.epochs):
        model.train()
        for x, lengths, y in batches(train, labels, a.batch, rng):
            adam.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(model(x, lengths), y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            adam.step()
            schedule.step()
        loss, _ = judge(valid)
        since += 1
        if loss < best:
            best, kept, since = loss, copy.deepcopy(model.state_dict()), 0
        if since >= a.patience:
            break
    seconds = time.time() - begin
    model.load_state_dict(kept)
    print(json.dumps({"library": "torch " + torch.__version__, "test": a.test, "accuracy": judge(test)[1], "epochs": epoch + 1,
                      "seconds": round(seconds, 1), "val_loss": best}), flush=True)


main()
