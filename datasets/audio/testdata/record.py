"""Records what librosa and torchaudio make of a short sound, and of sounds made by formula.

pip install torch torchaudio librosa soundfile; python record.py
"""
import struct

import librosa
import numpy as np
import soundfile
import torch
import torchaudio.compliance.kaldi as kaldi
import torchaudio.functional as F
import torchaudio.transforms as T

RATE = 16000
torch.set_default_dtype(torch.float64)  # torchaudio makes filters and windows of this precision


def sound(n, rate=RATE):
    """Two tones that glide, and a click: the formula that record_test.go has, too."""
    t = np.arange(n) / rate
    x = 0.4 * np.sin(2 * np.pi * (200 * t + 900 * t * t)) + 0.2 * np.cos(2 * np.pi * 1700 * t) + 0.05
    x[n // 3] += 0.3
    return x.astype(np.float32)


def save(name, values):
    """A file: the number of axes, their lengths, the values; all little-endian, int32 and float64."""
    a = np.ascontiguousarray(np.asarray(values, dtype=np.float64))
    with open(name + ".f64", "wb") as f:
        f.write(struct.pack("<i", a.ndim) + struct.pack("<%di" % a.ndim, *a.shape) + a.tobytes())


x = sound(2000)
x64 = x.astype(np.float64)
w = torch.from_numpy(x64)[None]

# librosa: centred with silence beyond the ends, Slaney's scale and areas
S = np.abs(librosa.stft(x64, n_fft=512, hop_length=160, win_length=400, window="hann", dtype=np.complex128))
save("librosa_magnitude", S.T)
mel = librosa.feature.melspectrogram(S=S**2, sr=RATE, n_mels=40, dtype=np.float64)
save("librosa_mel", mel.T)
db = librosa.power_to_db(mel, top_db=None)
save("librosa_decibel", db.T)
save("librosa_top_db", librosa.power_to_db(mel, top_db=30).T)
save("librosa_mfcc", librosa.feature.mfcc(S=db, n_mfcc=13, lifter=22).T)
S = np.abs(librosa.stft(x64, n_fft=400, hop_length=160, win_length=320, window="blackman", center=False, dtype=np.complex128))
save("librosa_edges", S.T)

# torchaudio: centred with the sound mirrored, HTK's scale
mels = T.MelSpectrogram(RATE, n_fft=400, hop_length=200, f_min=50, f_max=7000, n_mels=30, window_fn=torch.hamming_window).double()
save("torchaudio_mel", mels(w)[0].T)
mfcc = T.MFCC(RATE, n_mfcc=12, log_mels=True, melkwargs=dict(n_fft=512, win_length=400, hop_length=160, n_mels=26)).double()
save("torchaudio_mfcc", mfcc(F.preemphasis(w, 0.97))[0].T)

# Kaldi's conventions
k = dict(dither=0.0, sample_frequency=RATE)
save("kaldi_fbank", kaldi.fbank(w, **k))
save("kaldi_fbank_energy", kaldi.fbank(w * 32768, use_energy=True, energy_floor=1.0, num_mel_bins=40, high_freq=-400.0, **k))
save("kaldi_fbank_late", kaldi.fbank(w, use_energy=True, raw_energy=False, energy_floor=0.0, use_power=False, window_type="hamming",
                                     snip_edges=False, **k))
save("kaldi_mfcc", kaldi.mfcc(w * 32768, **k))
save("kaldi_mfcc_energy", kaldi.mfcc(w * 32768, use_energy=True, num_ceps=20, num_mel_bins=30, snip_edges=False,
                                     frame_length=20.0, window_type="blackman", remove_dc_offset=False, **k))

# Frames: slopes and normalisation
frames = torch.from_numpy(np.fromfunction(lambda t, j: np.sin(0.3 * t + j) + 0.01 * t * j, (50, 3)).astype(np.float32)).double()
save("frames", frames)
save("deltas", F.compute_deltas(frames.T, win_length=7).T)
for centre in (False, True):
    for scale in (False, True):
        save("sliding_%d%d" % (centre, scale), F.sliding_window_cmn(frames, 12, 5, centre, scale))

# Resampling and speed
for a, b in ((16000, 8000), (8000, 16000), (44100, 16000), (11025, 16000), (192000, 16000)):
    s = torch.from_numpy(sound(1500, a).astype(np.float64))
    save("resample_%d_%d" % (a, b), F.resample(s, a, b))
save("speed", F.speed(torch.from_numpy(sound(1200, 8000).astype(np.float64)), 8000, 1.1)[0])
noise = torch.cos(torch.arange(2000, dtype=torch.float64) * 1.3).float().double()[None]
save("noise", F.add_noise(w, noise, torch.tensor([7.0], dtype=torch.float64))[0])

# Windows
for name, f in dict(hann=torch.hann_window, hamming=torch.hamming_window, blackman=torch.blackman_window,
                    bartlett=torch.bartlett_window).items():
    save("window_" + name, torch.stack([f(11, periodic=True, dtype=torch.float64), f(11, periodic=False, dtype=torch.float64)]))

# Files of libsndfile, with what it reads from them
stereo = np.stack([sound(300, 8000), -0.5 * sound(300, 8000)], 1)
for kind, sub in dict(u8="PCM_U8", s16="PCM_16", s24="PCM_24", s32="PCM_32", f32="FLOAT", f64="DOUBLE", mulaw="ULAW", alaw="ALAW").items():
    soundfile.write(kind + ".wav", stereo, 8000, subtype=sub, format="WAV")
    save(kind, soundfile.read(kind + ".wav", dtype="float64")[0])
soundfile.write("extensible.wav", stereo, 8000, subtype="PCM_24", format="WAVEX")
for sub in ("PCM_16", "PCM_24"):
    name = "flac_" + sub[-2:]
    soundfile.write(name + ".flac", stereo, 8000, subtype=sub, format="FLAC")
    save(name, soundfile.read(name + ".flac", dtype="float64")[0])
