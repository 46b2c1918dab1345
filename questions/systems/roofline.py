"""Experiment, draws and evidence for roofline.md. No GPU: a CPU thread waits for memory as well, and bytes are counted."""

MODELS = {  # layers, width, K/V heads, feed-forward width, vocabulary; heads are 128 wide
    "Llama-2-7B": (32, 4096, 32, 11008, 32000),
    "Llama-2-13B": (40, 5120, 40, 13824, 32000),
    "Llama-3-8B": (32, 4096, 8, 14336, 128256),
}
PEAK, RATE = 989e12, 3.35e12  # an H100 in bf16


def _read(name):
    """Weights that a decoding step reads: all but the embedding table."""
    layers, d, heads, wide, words = MODELS[name]
    return layers * (2 * d * d + 2 * d * heads * 128 + 3 * d * wide + 2 * d) + d + words * d


def worked():
    weights = _read("Llama-2-7B")
    return [
        f"{PEAK / RATE:.0f} FLOPs",
        f"{312 / 2.04:.0f}",
        f"{2 * weights / 1e9:.2f} GB",
        f"{2 * weights / RATE * 1e3:.1f} ms",
        f"{2 * weights / PEAK * 1e3:.3f} ms",
    ]


BATCHES = [1, 2, 4, 8, 16]


def _times(shared, width=1024, repeats=15):
    """Least milliseconds for n vectors: through one matrix, or each through a matrix of its own."""
    from time import perf_counter

    import torch

    g = torch.Generator().manual_seed(0)
    vectors = torch.randn(width, 16, generator=g)
    if shared:
        matrix = torch.randn(width, width, generator=g)
        work = [lambda n=n: matrix @ vectors[:, :n] for n in BATCHES]
    else:
        matrices, columns = torch.randn(16, width, width, generator=g), vectors.T[:, :, None].contiguous()
        work = [lambda n=n: matrices[:n] @ columns[:n] for n in BATCHES]
    best = [float("inf")] * len(BATCHES)
    for _ in range(repeats):  # interleaved, so that a disturbance meets all of them
        for number, run in enumerate(work):
            start = perf_counter()
            run()
            best[number] = min(best[number], 1e3 * (perf_counter() - start))
    return best


def experiment(off=False):
    ms = _times(shared=not off)
    grown = [t / ms[0] for t in ms]
    if off:
        assert grown[-1] > 8, "sixteen matrices take many times as long as one"
        says = (
            f"With a matrix for each vector, as each sequence has a KV cache of its own, sixteen take {grown[-1]:.0f} times "
            "as long as one: bytes grow with the batch, and nothing is free any more.",
            f"每个向量各乘一个矩阵，就像每条序列各有自己的 KV cache：十六个的耗时是一个的 {grown[-1]:.0f} 倍。字节随 batch "
            "增长，就不再有便宜可占。",
        )
    else:
        assert grown[-1] < 6, "sixteen vectors through one matrix take far less than sixteen times as long"
        says = (
            f"Sixteen vectors through one matrix take {grown[-1]:.1f} times as long as one ({ms[-1]:.2f} against "
            f"{ms[0]:.2f} ms), for 16 times the FLOPs: the matrix is read once for all of them.",
            f"十六个向量一起乘同一个矩阵，耗时是一个的 {grown[-1]:.1f} 倍（{ms[-1]:.2f} 对 {ms[0]:.2f} ms），FLOPs 却是 16 "
            "倍：矩阵只读一遍，大家共用。",
        )
    return {
        "says": says,
        "off": (
            "every vector meets a matrix of its own, as in a KV cache",
            "每个向量各乘一个自己的矩阵，如同 KV cache",
        ),
        "title": ("Time for n vectors, relative to one", "n 个向量的耗时，以一个为 1"),
        "chart": "curves",
        "x": BATCHES,
        "x_label": ("n vectors", "n 个向量"),
        "y_label": ("times as long as one", "是一个向量的多少倍"),
        "log_x": True,
        "log_y": True,
        "series": [
            (("measured", "实测"), grown),
            (("if FLOPs decided", "假如由 FLOPs 决定"), [float(n) for n in BATCHES]),
        ],
    }


def batch_time_evidence():
    ms = _times(shared=True)
    grown = ms[-1] / ms[0]
    near = 11 < grown < 24
    return [near, near, 0.9 < grown < 6, grown < 0.9]


def intensity_draw(rng):
    while True:
        inner, outer = rng.choice([(4096, 4096), (4096, 11008), (5120, 5120), (8192, 8192), (4096, 14336)])
        tokens = rng.choice([128, 256, 512, 1024, 2048, 4096])
        value = tokens * inner * outer / (tokens * inner + inner * outer + tokens * outer)
        values = {"answer": value, "weights_only": tokens, "macs": value / 2, "numbers": 2 * value}
        if abs(values["numbers"] / tokens - 1) > 0.03:  # else two mistakes give the same number
            shown = {name: float(f"{v:.4g}") for name, v in values.items()}
            return {"tokens": tokens, "inner": inner, "outer": outer} | shown


def intensity_evidence(drawn):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def empty(*shape):
        return torch.empty(*shape, dtype=torch.bfloat16, device="meta")

    x, w = empty(drawn["tokens"], drawn["inner"]), empty(drawn["inner"], drawn["outer"])
    with FlopCounterMode(display=False) as counter:
        y = x @ w
    value = counter.get_total_flops() / sum(t.numel() * t.element_size() for t in (x, w, y))
    return [abs(drawn[name] / value - 1) < 0.01 for name in ("answer", "weights_only", "macs", "numbers")]


def decode_floor_draw(rng):
    while True:
        model, batch, length = (
            rng.choice(list(MODELS)),
            rng.choice([4, 8, 16, 32]),
            rng.choice([1024, 2048, 4096, 8192]),
        )
        layers, _d, heads, _wide, _words = MODELS[model]
        weights, one = 2 * _read(model), 2 * layers * heads * 128 * length * 2
        if weights + batch * one > 75e9 or one * batch < 0.1 * weights:
            continue
        values = {
            "answer": (weights + batch * one) / RATE,
            "weights_only": weights / RATE,
            "one_cache": (weights + one) / RATE,
            "arithmetic": weights * batch / PEAK,  # two FLOPs a weight, two bytes a weight
        }
        if abs(values["one_cache"] / values["weights_only"] - 1) < 0.03:
            continue
        told = {"weights": float(f"{weights / 1e9:.4g}"), "cache": float(f"{batch * one / 1e9:.3g}")}
        asked = {"model": model, "batch": batch, "length": length, "layers": layers, "heads": heads}
        return asked | told | {name: float(f"{1e3 * v:.4g}") for name, v in values.items()}


def decode_floor_evidence(drawn):
    import torch
    from torch import nn

    layers, d, heads, wide, words = MODELS[drawn["model"]]
    kv = heads * 128
    kind = {"bias": False, "device": "meta", "dtype": torch.bfloat16}
    sizes = [(d, d), (d, kv), (d, kv), (d, d), (d, wide), (d, wide), (wide, d)]
    layer = sum(nn.Linear(a, b, **kind).weight.nbytes for a, b in sizes)
    weights = layers * layer + nn.Linear(d, words, **kind).weight.nbytes
    cache = torch.empty(
        layers, 2, drawn["batch"], heads, drawn["length"], 128, dtype=torch.bfloat16, device="meta"
    )
    flops = weights * drawn["batch"]
    ms = 1e3 * max((weights + cache.nbytes) / RATE, flops / PEAK)
    return [
        abs(drawn[name] / ms - 1) < 0.02 for name in ("answer", "weights_only", "one_cache", "arithmetic")
    ]


def ridge_batch_draw(rng):
    peak, rate = rng.choice([(312, 2.0), (312, 1.6), (990, 3.3), (360, 1.2), (660, 3.0), (240, 0.8)])
    bits = rng.choice([4, 8])
    ridge = peak / rate
    values = {"answer": ridge * bits / 16, "ridge": ridge, "inverted": ridge * 16 / bits}
    return {"peak": peak, "rate": rate, "bits": bits, "bytes": bits / 8} | {
        k: round(v, 3) for k, v in values.items()
    }


def ridge_batch_evidence(drawn):
    k = m = 4096
    read = k * m * drawn["bits"] / 8 / (drawn["rate"] * 1e12)
    batch = 1.0
    while 2 * batch * k * m / (drawn["peak"] * 1e12) < read:
        batch += 0.25
    return [abs(drawn[name] / batch - 1) < 0.02 for name in ("answer", "ridge", "inverted")]


def prefill_evidence():
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    w = torch.empty(4096, 4096, dtype=torch.bfloat16, device="meta")

    def counted(tokens):
        x = torch.empty(tokens, 4096, dtype=torch.bfloat16, device="meta")
        with FlopCounterMode(display=False) as counter:
            y = x @ w
        flops = counter.get_total_flops()
        return flops / tokens, flops / (x.nbytes + w.nbytes + y.nbytes)

    (each, prefill), (alone, decoding) = counted(2048), counted(1)
    return [alone > 1.01 * each, None, prefill > 295 > 100 * decoding, None]


def long_context_evidence():
    layers, _d, heads, _wide, _words = MODELS["Llama-3-8B"]
    weights, one = 2 * _read("Llama-3-8B"), 2 * layers * heads * 128 * 16384 * 2

    def step(batch, caches=True, rereads=False):
        moved = weights * (batch if rereads else 1) + (batch * one if caches else 0)
        return 1e3 * max(moved / RATE, weights * batch / PEAK)

    said = (9.6, 19.9)

    def fits(**kind):
        return all(abs(step(batch, **kind) - ms) < 0.1 for batch, ms in zip((8, 24), said, strict=True))

    return [fits(caches=False), fits() and abs(one / 1e9 - 2.1) < 0.06, fits(rereads=True), None]


def _attention_intensity(batch=1, length=4096, queries=32, groups=32, drafted=1, bytes_each=2, d=128):
    flops = batch * queries * drafted * 2 * (2 * length * d)  # scores, and the weighted mean
    moved = batch * groups * length * 2 * d * bytes_each
    return flops / moved


def raise_evidence():
    usual = _attention_intensity()
    changed = [
        _attention_intensity(groups=4),
        _attention_intensity(batch=2),
        _attention_intensity(drafted=4),
        _attention_intensity(length=8192),
        _attention_intensity(bytes_each=1),
    ]
    return [value > 1.5 * usual for value in changed]


def aloud_evidence():
    weights = _read("Llama-2-7B")
    ms = 2 * weights / RATE * 1e3
    grown = _times(shared=True)
    return [
        prefill_evidence()[2],  # the intensity of a layer at batch 1, against a prompt's
        PEAK / RATE > 100,
        abs(ms - 4) < 0.1 and 240 < 1e3 / ms < 260,
        grown[-1] < 6 * grown[0],
        None,
    ]
