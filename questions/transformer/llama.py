"""Experiment, draws and evidence for llama.md."""

#           layers, d, heads, kv heads, head, d_ff, vocabulary
LLAMA2_7B = (32, 4096, 32, 32, 128, 11008, 32000)
LLAMA3_8B = (32, 4096, 32, 8, 128, 14336, 128256)


def _weights(layers, d, heads, kv, head, ff, vocab, matrices=3):
    """Bytes of all weights in 16 bits, from tensors without memory."""
    import torch

    def size(*shapes):
        return sum(torch.empty(*shape, device="meta", dtype=torch.bfloat16).nbytes for shape in shapes)

    attention = size((d, heads * head), (d, kv * head), (d, kv * head), (heads * head, d))
    return layers * (attention + size(*[(d, ff)] * matrices, (2, d))) + size((vocab, d), (vocab, d), (1, d))


def _cache(layers, kv, head, n, batch, dtype="bfloat16"):
    """Bytes of keys and values."""
    import torch

    shape = (layers, batch, kv, n, head)
    return 2 * torch.empty(*shape, device="meta", dtype=getattr(torch, dtype)).nbytes


def _width(d, multiple=256):
    """The narrowest gated layer, in steps of `multiple`, with no fewer parameters than a plain one of width 4d."""
    width = multiple
    while 3 * d * width < 2 * d * 4 * d:
        width += multiple
    return width


def worked():
    layers, d, _heads, kv, head, ff, _vocab = LLAMA2_7B
    assert _width(d) == ff
    return [
        f"{8 * d / 3:,.1f}",
        f"{ff:,}",
        f"{4 * d * d + 3 * d * ff:,}",
        f"{_cache(layers, kv, head, 1, 1):,}",
        f"{_cache(32, 8, 128, 1, 1):,}",
    ]


def experiment(off=False):
    batch = 1 if off else 16
    lengths = [512, 1024, 2048, 4096, 8192, 16384]
    models = {"Llama-2-7B": LLAMA2_7B, "Llama-3-8B": LLAMA3_8B}
    weights = {name: _weights(*sizes) for name, sizes in models.items()}
    a_token = {name: _cache(sizes[0], sizes[3], sizes[4], 1, batch) for name, sizes in models.items()}
    even = {name: weights[name] / a_token[name] for name in models}
    old, new = even.values()
    assert weights["Llama-2-7B"] == 2 * 6_738_415_616 and weights["Llama-3-8B"] == 2 * 8_030_261_248
    if off:
        assert old > 4096 and new > 8192, "one sequence of trained length never outweighs the weights"
        says = (
            f"For a single sequence the cache catches up with the weights at {old:,.0f} and {new:,.0f} tokens, far past the "
            f"trained lengths of 4,096 and 8,192: there the weights rule the memory.",
            f"只有一条序列时，缓存要到 {old:,.0f} 和 {new:,.0f} 个 token 才赶上权重，远超训练长度 4,096 和 8,192："
            f"这时占显存的主要是权重。",
        )
    else:
        assert 1500 < old < 1700 and 7500 < new < 7800, "with a batch of 16 it does, far sooner without GQA"
        says = (
            f"With 16 sequences the cache outweighs Llama-2-7B's {weights['Llama-2-7B'] / 1e9:.1f} GB of weights from "
            f"{old:,.0f} tokens on, Llama-3-8B's {weights['Llama-3-8B'] / 1e9:.1f} GB from {new:,.0f}: GQA stores "
            f"{a_token['Llama-3-8B'] // batch:,} bytes a token in place of {a_token['Llama-2-7B'] // batch:,}.",
            f"16 条序列时，从 {old:,.0f} 个 token 起，缓存超过 Llama-2-7B 的 {weights['Llama-2-7B'] / 1e9:.1f} GB 权重；"
            f"Llama-3-8B（{weights['Llama-3-8B'] / 1e9:.1f} GB）要到 {new:,.0f} 个：GQA 每个 token 只存 "
            f"{a_token['Llama-3-8B'] // batch:,} 字节，而不是 {a_token['Llama-2-7B'] // batch:,}。",
        )
    return {
        "says": says,
        "off": ("one sequence instead of 16", "16 条序列改为 1 条"),
        "title": (f"KV cache for a batch of {batch}, GB", f"batch 为 {batch} 时的 KV cache，GB"),
        "chart": "curves",
        "x": lengths,
        "x_label": ("tokens", "token 数"),
        "y_label": "GB",
        "log_x": True,
        "log_y": True,
        "series": [
            *((f"{name}, KV cache", [a_token[name] * n / 1e9 for n in lengths]) for name in models),
            (("Llama-2-7B, weights", "Llama-2-7B，权重"), [weights["Llama-2-7B"] / 1e9] * len(lengths)),
        ],
    }


def ff_width_draw(rng):
    d = rng.choice([1024, 2048, 2560, 3200, 3584, 4096, 5120, 6656, 8192])
    width = _width(d)
    return {
        "d": d,
        "answer": width,
        "exact": f"{8 * d / 3:.1f}",
        "wide": 4 * d,
        "down": width - 256,
        "half": 2 * d,
    }


def ff_width_evidence(drawn):
    from torch import nn

    d = drawn["d"]
    plain = sum(nn.Linear(*s, bias=False, device="meta").weight.numel() for s in ((d, 4 * d), (4 * d, d)))
    fits = []
    for name in ("answer", "wide", "down", "half"):
        ff = drawn[name]
        gated = sum(
            nn.Linear(*s, bias=False, device="meta").weight.numel() for s in [(d, ff)] * 2 + [(ff, d)]
        )
        fits.append(ff % 256 == 0 and 0 <= gated - plain < 3 * d * 256)
    return fits


def why_two_thirds_evidence():
    import torch

    d, ff = 4096, 11008
    paid = abs(3 * d * ff / (2 * d * 4 * d) - 1) < 0.01
    g = torch.Generator().manual_seed(0)
    gate = torch.nn.functional.silu(torch.randn(100_000, generator=g))
    zeroed = abs((gate == 0).float().mean().item() - 1 / 3) < 0.1
    own = (
        3 * d * ff + 4 * d * d == 202_375_168
    )  # with a matrix for the gate, as the whole model's size confirms
    assert 32 * (202_375_168 + 2 * d) + 2 * 32000 * d + d == 6_738_415_616
    return [None, zeroed, None, own and paid]


def crossover_evidence():
    even = _weights(*LLAMA2_7B) / _cache(32, 32, 128, 1, 16)
    return [abs(even / guess - 1) < 0.05 for guess in (100, 1600, 7700, 26000)]


def cache_draw(rng):
    layers, heads, kv, head = rng.choice(
        [(32, 32, 8, 128), (80, 64, 8, 128), (28, 28, 4, 128), (16, 32, 8, 64), (36, 32, 8, 128)]
    )
    batch, n = rng.choice([4, 8, 16, 32]), rng.choice([2048, 4096, 8192, 16384])
    count = 2 * layers * head * n * batch / 2**30
    values = {"answer": 2 * kv, "full": 2 * heads, "single": kv, "wide": 4 * kv}
    sizes = {"L": layers, "heads": heads, "kv": kv, "head": head, "batch": batch, "n": n}
    return sizes | {name: round(count * value, 3) for name, value in values.items()}


def cache_evidence(drawn):
    size = _cache(drawn["L"], drawn["kv"], drawn["head"], drawn["n"], drawn["batch"]) / 2**30
    return [abs(size / drawn[name] - 1) < 0.02 for name in ("answer", "full", "single", "wide")]


def fits_evidence():
    """Weights and cache of each proposal, against 24 GB."""
    layers, d, heads, kv, head, ff, vocab = LLAMA2_7B
    cache = _cache(layers, kv, head, 4096, 8)
    assert _weights(*LLAMA2_7B) + cache > 24e9
    plain = _weights(layers, d, heads, kv, head, 4 * d, vocab, matrices=2) + cache
    grouped = _weights(layers, d, heads, 8, head, ff, vocab) + _cache(layers, 8, head, 4096, 8)
    wordy = _weights(layers, d, heads, kv, head, ff, 4 * vocab) + 0.85 * cache
    table = _weights(*LLAMA2_7B) + cache + 4096 * d * 2
    return [total < 24e9 for total in (plain, grouped, wordy, table)]


def steps_evidence():
    """The steps in this order, a token at a time with a cache, give what the whole sequence gives at once."""
    import torch
    from torch.nn.functional import rms_norm

    g = torch.Generator().manual_seed(0)
    n, d, heads, kv, head = 7, 32, 4, 2, 8
    shapes = ((d, heads * head), (d, kv * head), (d, kv * head), (heads * head, d))
    w_q, w_k, w_v, w_o = (torch.randn(*s, generator=g, dtype=torch.float64) / d**0.5 for s in shapes)
    x = torch.randn(n, d, generator=g, dtype=torch.float64)
    rates = 10000.0 ** (-torch.arange(0, head, 2, dtype=torch.float64) / head)

    def rotate(v, places):  # (heads, T, head)
        angle = places[:, None] * rates
        a, b = v[..., ::2], v[..., 1::2]
        turned = (a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos())
        return torch.stack(turned, -1).flatten(-2)

    def block(x, places, keys, values):
        seen = rms_norm(x, (d,))
        q, k, v = ((seen @ w).view(len(x), -1, head).transpose(0, 1) for w in (w_q, w_k, w_v))
        q, k = rotate(q, places), rotate(k, places)
        keys, values = torch.cat([keys, k], 1), torch.cat([values, v], 1)
        k, v = (t.repeat_interleave(heads // kv, 0) for t in (keys, values))
        scores = q @ k.mT / head**0.5
        later = torch.arange(k.shape[1]) > places[:, None]
        mixed = scores.masked_fill(later, float("-inf")).softmax(-1) @ v
        return x + mixed.transpose(0, 1).flatten(1) @ w_o, keys, values

    empty = torch.zeros(kv, 0, head, dtype=torch.float64)
    places = torch.arange(n, dtype=torch.float64)
    whole, _, _ = block(x, places, empty, empty)
    keys, values, rows = empty, empty, []
    for t in range(n):
        row, keys, values = block(x[t : t + 1], places[t : t + 1], keys, values)
        rows.append(row)
    return [torch.allclose(torch.cat(rows), whole) and keys.shape == (kv, n, head)]
