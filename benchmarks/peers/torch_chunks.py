"""A training step of language models of bytes with mLSTM, RWKV-7 or Mamba-2 of ten million weights, in plain PyTorch on the CPU.

    python torch_chunks.py [THREADS [SECONDS [NAME[/FORM] ...]]]      beside: go test -run xxx -bench Chunks ./benchmarks

2 sequences of 1,024 bytes, gradients, clipping, Adam. Two forms of each recurrence: `chunk`, 64 steps at once by products of
matrices, as the papers and transformers have it, and `loop`, one step after the other.
"""
import math, sys, time
import torch
import torch.nn as nn
import torch.nn.functional as F

T, B, V, CHUNK = 1024, 2, 256, 64


def heads(x, n):  # [B, T, N·D] -> [B, N, T, D]
    return x.view(x.shape[0], x.shape[1], n, -1).transpose(1, 2)


def joined(x):
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1)


def chunks(x):  # [B, N, T, D] -> [B, N, T/C, C, D]
    return x.view(*x.shape[:2], -1, CHUNK, *x.shape[3:])


def attend_loop(q, k, v, g):  # one decay a head: g [B, N, T]
    S, out, w = q.new_zeros(*q.shape[:2], q.shape[3], v.shape[3]), [], g.exp()
    for t in range(q.shape[2]):
        S = w[:, :, t, None, None] * S + k[:, :, t, :, None] * v[:, :, t, None]
        out.append((q[:, :, t, None] @ S)[:, :, 0])
    return torch.stack(out, 2)


def attend_chunk(q, k, v, g):
    q, k, v, g = chunks(q), chunks(k), chunks(v), chunks(g).cumsum(-1)
    D = (g[..., :, None] - g[..., None, :]).masked_fill(TRI, float("-inf")).exp()
    own = (q @ k.transpose(-1, -2) * D) @ v
    end = g[..., -1:]
    added = (k * (end - g).exp()[..., None]).transpose(-1, -2) @ v
    S, states, keep = torch.zeros_like(added[:, :, 0]), [], end.exp()
    for c in range(q.shape[2]):
        states.append(S)
        S = keep[:, :, c, :, None] * S + added[:, :, c]
    y = own + (q * g.exp()[..., None]) @ torch.stack(states, 2)
    return y.flatten(2, 3)


def rwkv_loop(r, k, v, g, a, b):  # S = w⊙S + b·aᵀ·S + k·vᵀ, a before the decay
    S, out, w = r.new_zeros(*r.shape[:2], r.shape[3], v.shape[3]), [], g.exp()
    for t in range(r.shape[2]):
        S = w[:, :, t, :, None] * S + b[:, :, t, :, None] * (a[:, :, t, None] @ S) + k[:, :, t, :, None] * v[:, :, t, None]
        out.append((r[:, :, t, None] @ S)[:, :, 0])
    return torch.stack(out, 2)


def rwkv_chunk(r, k, v, g, a, b):
    r, k, v, g, a, b = (chunks(x) for x in (r, k, v, g, a, b))
    G = g.cumsum(-2)
    before, mid, end = G - g, G[..., CHUNK // 2 - 1:CHUNK // 2, :], G[..., -1:, :]
    rd, ad, into = r * (G - mid).exp(), a * (before - mid).exp(), (mid - G).exp()
    kd, bd = (k * into).transpose(-1, -2), (b * into).transpose(-1, -2)
    tri = lambda x: x.masked_fill(TRI, 0)
    strict = lambda x: x.masked_fill(STRICT, 0)
    rk, rb, ak, ab = tri(rd @ kd), tri(rd @ bd), strict(ad @ kd), strict(ad @ bd)
    found = torch.linalg.solve_triangular(torch.eye(CHUNK) - ab, torch.cat([ak @ v, a * before.exp()], -1), upper=False, unitriangular=True)
    u, w = found.split([v.shape[-1], r.shape[-1]], -1)
    after = (end - G).exp()
    kT, bT = (k * after).transpose(-1, -2), (b * after).transpose(-1, -2)
    M, R = torch.diag_embed(end.exp()[..., 0, :]) + bT @ w, kT @ v + bT @ u
    S, states = torch.zeros_like(R[:, :, 0]), []
    for c in range(r.shape[2]):
        states.append(S)
        S = M[:, :, c] @ S + R[:, :, c]
    y = rk @ v + rb @ u + (r * G.exp() + rb @ w) @ torch.stack(states, 2)
    return y.flatten(2, 3)


class MLSTM(nn.Module):
    def __init__(self, H, N, form):
        super().__init__()
        self.N, self.H, self.form = N, H, form
        self.w = nn.Linear(H, 4 * H + 2 * N)

    def forward(self, x):
        H, N = self.H, self.N
        q, k, v, o, i, f = self.w(x).split([H, H, H, H, N, N], -1)
        i, f = i.transpose(1, 2), F.logsigmoid(f).transpose(1, 2)  # [B, N, T]
        b = f.double().cumsum(-1)
        m = (b + torch.maximum((i - b).cummax(-1).values, torch.zeros(()))).float()  # the stabiliser, from m = 0
        old = F.pad(m, (1, 0))[..., :-1]
        k = heads(k, N) / math.sqrt(H // N) * (i - m).exp()[..., None]
        v = heads(v, N)
        y = (attend_chunk if self.form == "chunk" else attend_loop)(heads(q, N), k, torch.cat([v, torch.ones_like(v[..., :1])], -1), f + old - m)
        y = y[..., :-1] / torch.maximum(y[..., -1:].abs(), (-m).exp()[..., None])
        return torch.sigmoid(o) * joined(y)


class Mamba2(nn.Module):
    def __init__(self, H, form, S=128, P=64, K=4):
        super().__init__()
        E = 2 * H
        self.E, self.S, self.N, self.form = E, S, E // P, form
        self.inp, self.out, self.norm = nn.Linear(H, 2 * E + 2 * S + self.N, bias=False), nn.Linear(E, H, bias=False), nn.RMSNorm(E)
        self.conv = nn.Conv1d(E + 2 * S, E + 2 * S, K, groups=E + 2 * S, padding=K - 1)
        self.dt, self.A, self.D = nn.Parameter(torch.full((self.N,), -4.0)), nn.Parameter(torch.arange(1, self.N + 1).log()), nn.Parameter(torch.ones(self.N))

    def forward(self, x):
        E, S, N = self.E, self.S, self.N
        z, u, dt = self.inp(x).split([E, E + 2 * S, N], -1)
        u = F.silu(self.conv(u.transpose(1, 2))[..., :x.shape[1]].transpose(1, 2))
        v, k, q = u.split([E, S, S], -1)
        dt = F.softplus(dt + self.dt).transpose(1, 2)  # [B, N, T]
        v, k, q = heads(v, N), k[:, None], q[:, None]
        g = -self.A.exp()[:, None] * dt
        if self.form == "chunk":  # keys and queries are shared by the heads
            y = attend_chunk(q, k, v * dt[..., None], g)
        else:
            y = attend_loop(q.expand(-1, N, -1, -1), k.expand(-1, N, -1, -1), v * dt[..., None], g)
        y = joined(y + self.D[:, None, None] * v)
        return self.out(self.norm(y * F.silu(z)))


class RWKV7(nn.Module):
    def __init__(self, C, first, form, K=64):
        super().__init__()
        self.N, self.first, self.form = C // K, first, form
        low = lambda d: nn.ParameterList([nn.Parameter(torch.zeros(C, d)), nn.Parameter(0.1 * torch.randn(d, C) / d ** 0.5)])
        self.w, self.a, self.v, self.g = low(32), low(32), low(32), low(64)
        self.mu, self.w0, self.a0, self.v0 = nn.Parameter(torch.rand(6, C)), nn.Parameter(torch.linspace(-6, 0, C)), nn.Parameter(torch.zeros(C)), nn.Parameter(torch.zeros(C))
        self.kk, self.ka, self.rk = nn.Parameter(torch.full((C,), 0.7)), nn.Parameter(torch.ones(C)), nn.Parameter(torch.zeros(self.N, 1, K))
        self.r_, self.k_, self.v_, self.o_ = (nn.Linear(C, C, bias=False) for _ in range(4))
        self.ln1, self.ln2, self.lnx = nn.LayerNorm(C), nn.LayerNorm(C), nn.GroupNorm(self.N, C, eps=64e-5)
        self.fx, self.fk, self.fv = nn.Parameter(torch.rand(C)), nn.Linear(C, 4 * C, bias=False), nn.Linear(4 * C, C, bias=False)

    def forward(self, x, values):
        h, N = self.ln1(x), self.N
        d = F.pad(h, (0, 0, 1, 0))[:, :-1] - h
        xr, xw, xk, xv, xa, xg = (h + d * mu for mu in self.mu)
        r, k, v = self.r_(xr), self.k_(xk), self.v_(xv)
        g = -math.exp(-0.5) * torch.sigmoid(self.w0 + torch.tanh(xw @ self.w[0]) @ self.w[1])
        a = torch.sigmoid(self.a0 + xa @ self.a[0] @ self.a[1])
        gate = torch.sigmoid(xg @ self.g[0]) @ self.g[1]
        kk = F.normalize(heads(k * self.kk, N), dim=-1)
        k = k * (1 + (a - 1) * self.ka)
        if not self.first:
            v = v + (values - v) * torch.sigmoid(self.v0 + xv @ self.v[0] @ self.v[1])
        r, k, v_, g, a = (heads(t, N) for t in (r, k, v, g, a))
        y = (rwkv_chunk if self.form == "chunk" else rwkv_loop)(r, k, v_, g, -kk, kk * a)
        y = self.lnx(joined(y).flatten(0, 1)).view_as(x) + joined((r * k * self.rk).sum(-1, keepdim=True) * v_)
        x = x + self.o_(y * gate)
        h = self.ln2(x)
        d = F.pad(h, (0, 0, 1, 0))[:, :-1] - h
        return x + self.fv(torch.relu(self.fk(h + d * self.fx)) ** 2), v


class Model(nn.Module):
    def __init__(self, name, form):
        super().__init__()
        width, layers = {"mlstm": (512, 9), "rwkv7": (384, 5), "mamba2": (512, 6)}[name]
        make = {"mlstm": lambda i: MLSTM(width, 8, form), "rwkv7": lambda i: RWKV7(width, i == 0, form), "mamba2": lambda i: Mamba2(width, form)}[name]
        self.emb, self.head, self.norm = nn.Embedding(V, width), nn.Linear(width, V), nn.RMSNorm(width)
        self.layers, self.norms = nn.ModuleList([make(i) for i in range(layers)]), nn.ModuleList([nn.RMSNorm(width) for _ in range(layers)])
        self.bare = name == "rwkv7"

    def forward(self, ids):
        x, values = self.emb(ids), None
        for layer, norm in zip(self.layers, self.norms):
            if self.bare:
                x, v = layer(x, values)
                values = v if values is None else values
            else:
                x = x + layer(norm(x))
        return self.head(self.norm(x))


def main(threads="1", seconds="6", *names):
    torch.set_num_threads(int(threads))
    global TRI, STRICT
    TRI = torch.ones(CHUNK, CHUNK, dtype=torch.bool).triu(1)
    STRICT = torch.ones(CHUNK, CHUNK, dtype=torch.bool).triu(0)
    for name in names or ("mlstm", "rwkv7", "mamba2"):
        losses = {}
        name, _, only = name.partition("/")
        for form in [only] if only else ("chunk", "loop"):
            torch.manual_seed(1)
            m = Model(name, form)
            opt = torch.optim.Adam(m.parameters(), 1e-3)
            ids, targets = torch.randint(V, (B, T)), torch.randint(V, (B, T))
            n, begin = -1, time.time()
            while n < 1 or time.time() - begin < float(seconds):
                if n == 0:
                    begin = time.time()
                opt.zero_grad()
                loss = F.cross_entropy(m(ids).flatten(0, 1), targets.flatten())
                loss.backward()
                nn.utils.clip_grad_norm_(m.parameters(), 1.0)
                opt.step()
                losses.setdefault(form, []).append(loss.item())
                n += 1
            rate = n * T * B / (time.time() - begin)
            print(f"{name} {form} {sum(p.numel() for p in m.parameters()) / 1e6:.1f} M, {threads} threads: {rate:.0f} tokens/s", flush=True)
        first = [own[0] for own in (losses.values() if not only else list(losses.values()) * 2)]
        assert abs(first[0] - first[1]) < 1e-4 * abs(first[0]), (name, first)  # both forms are the same model


if __name__ == "__main__":
    main(*sys.argv[1:])
