"""Runs the claims about the KV cache."""


def _counter():
    """A mode that counts the multiplications of the matrix products inside it."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Counter(TorchFunctionMode):
        products = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if func in (torch.Tensor.matmul, torch.Tensor.__matmul__):
                self.products += result.numel() * args[0].shape[-1]
            return result

    return Counter()


def _layers(count=2, width=8, seed=0):
    import torch

    g = torch.Generator().manual_seed(seed)
    return [
        tuple(torch.randn(width, width, generator=g, dtype=torch.float64) / width**0.5 for _ in range(4))
        for _ in range(count)
    ]


def _whole(layers, x, causal=True):
    """All tokens at once: the outputs, and each layer's q, k and v."""
    import torch

    n, width = x.shape
    hidden = torch.ones(n, n, dtype=torch.bool).triu(1) & torch.tensor(causal)
    inside = []
    for w_q, w_k, w_v, w_o in layers:
        q, k, v = x @ w_q, x @ w_k, x @ w_v
        scores = (q @ k.mT / width**0.5).masked_fill(hidden, float("-inf"))
        x = x + scores.softmax(-1) @ v @ w_o
        inside.append((q, k, v))
    return x, inside


def _token(layers, x, cache):
    """One new token; the cache, a pair of lists per layer, grows."""
    import torch

    scores_computed = 0
    for (w_q, w_k, w_v, w_o), (keys, values) in zip(layers, cache, strict=True):
        q, k, v = x @ w_q, x @ w_k, x @ w_v
        keys.append(k)
        values.append(v)
        scores = q @ torch.stack(keys).mT / x.shape[-1] ** 0.5
        weights = scores.softmax(-1)
        x = x + weights @ torch.stack(values) @ w_o
        scores_computed += scores.numel()
    return x, scores_computed // len(layers)


def _text(n, width=8, seed=1):
    import torch

    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, width, generator=g, dtype=torch.float64)


def _decoded(layers, x):
    import torch

    cache = [([], []) for _ in layers]
    return torch.stack([_token(layers, token, cache)[0] for token in x])


def not_q_evidence():
    import torch

    layers, x = _layers(), _text(7)
    _, before = _whole(layers, x[:6])
    out, after = _whole(layers, x)
    moved = any(not torch.allclose(old[0], new[0][:6]) for old, new in zip(before, after, strict=True))
    q, k, _ = after[0]
    # Keys that are equal must belong to equal queries if queries follow from keys.
    narrow = torch.randn(8, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    null = torch.linalg.svd(narrow.T).Vh[-1]  # a change of the hidden state that the key does not see
    same_key = torch.allclose((x[0] + null) @ narrow, x[0] @ narrow)
    same_query = torch.allclose((x[0] + null) @ layers[0][0], x[0] @ layers[0][0])
    enough = torch.allclose(_decoded(layers, x), out)  # it uses no query but the new one's
    return [moved, same_key and same_query, enough, q.numel() > k.numel()]


MODELS = [  # layers, query heads, K/V heads, d_head, billions of weights
    ("Llama-3-8B", 32, 32, 8, 128, 8.03),
    ("Mistral-7B", 32, 32, 8, 128, 7.24),
    ("Qwen2.5-7B", 28, 28, 4, 128, 7.62),
]


def _model(rng, models=MODELS):
    names = "model", "layers", "heads", "groups", "narrow", "billions"
    return dict(zip(names, rng.choice(models), strict=True))


def _cache_bytes(model, length, batch=1):
    """Allocates nothing: keys and values of all layers on the meta device."""
    import torch

    shape = batch, model["groups"], length, model["narrow"]
    layer = [torch.empty(shape, dtype=torch.bfloat16, device="meta") for _ in range(2)]
    return model["layers"] * sum(tensor.nbytes for tensor in layer)


def size_draw(rng):
    model = _model(rng, [*MODELS, ("Llama-2-70B", 80, 64, 8, 128, 69.0)])
    length, batch = rng.choice([1024, 2048, 4096, 8192]), rng.choice([1, 2, 4, 8, 16])
    answer = 4 * model["layers"] * model["groups"] * model["narrow"] * length * batch / 2**30
    values = {
        "answer": answer,
        "one_of_two": answer / 2,
        "by_query_heads": answer * model["heads"] / model["groups"],
        "in_float32": 2 * answer,
    }
    return {**model, "batch": batch, "length": length} | {n: float(f"{v:.4g}") for n, v in values.items()}


def size_evidence(drawn):
    gib = _cache_bytes(drawn, drawn["length"], drawn["batch"]) / 2**30
    names = "answer", "one_of_two", "by_query_heads", "in_float32"
    return [abs(drawn[name] / gib - 1) < 0.01 for name in names]


def sequences_draw(rng):
    while True:
        model, length = _model(rng), rng.choice([4096, 8192, 16_384])
        one = 2 * model["layers"] * model["groups"] * model["narrow"] * length * 2
        left = 80e9 - 2e9 * model["billions"]
        values = {
            "answer": left // one,
            "by_query_heads": left // (one * model["heads"] / model["groups"]),
            "no_weights": 80e9 // one,
            "keys_only": left // (one / 2),
        }
        if values["by_query_heads"] > 1:
            return {**model, "length": length} | {name: int(value) for name, value in values.items()}


def sequences_evidence(drawn):
    left, fit = 80e9 - 2e9 * drawn["billions"], 0
    while _cache_bytes(drawn, drawn["length"], fit + 1) <= left:
        fit += 1
    return [fit == drawn[name] for name in ("answer", "by_query_heads", "no_weights", "keys_only")]


def step_time_draw(rng):
    batch, length = rng.choice([4, 8, 16, 32]), rng.choice([4096, 8192, 16_384])
    weights, cache = 16.06e9 / 3.35e9, length * 2**17 / 3.35e9  # ms
    values = {
        "answer": weights + batch * cache,
        "weights_only": weights,
        "each_reads": batch * (weights + cache),
        "cache_only": batch * cache,
    }
    return {"batch": batch, "length": length} | {name: float(f"{v:.3g}") for name, v in values.items()}


def step_time_evidence(drawn):
    model = dict(zip(("model", "layers", "heads", "groups", "narrow", "billions"), MODELS[0], strict=True))
    read = 2e9 * model["billions"] + _cache_bytes(model, drawn["length"], drawn["batch"])
    ms = read / 3.35e12 * 1000
    names = "answer", "weights_only", "each_reads", "cache_only"
    return [abs(drawn[name] / ms - 1) < 0.02 for name in names]


def idle_evidence():
    model = dict(zip(("model", "layers", "heads", "groups", "narrow", "billions"), MODELS[0], strict=True))

    def rate(batch=1, flops=1e15, tokens=1, length=1000):
        """Tokens a second: reading or arithmetic, whichever takes longer. tokens: run through the model a step."""
        weights = 2e9 * model["billions"]
        seconds = (weights + _cache_bytes(model, length, batch)) / 3.35e12
        return batch / max(seconds, weights * tokens * batch / flops)

    base = rate()
    return [rate(flops=2e15) > 1.1 * base, None, rate(tokens=1000) > 1.1 * base, rate(batch=16) > 10 * base]


def work_evidence():
    ratio, same = [], []
    for seed in range(3):
        layers, x = _layers(2, 16, seed), _text(64, 16, seed + 5)
        cache = [([], []) for _ in layers]
        for token in x[:-1]:
            _token(layers, token, cache)
        with _counter() as short:
            out, _ = _token(layers, x[-1], cache)
        with _counter() as long:
            whole, _ = _whole(layers, x)
        ratio.append(long.products / short.products)
        same.append((out - whole[-1]).abs().max().item() < 1e-10)
    twice, many = ({round(r) for r in ratio} == {factor} for factor in (2, 64))
    return [twice and all(same), many and not all(same), many and all(same), twice and not all(same)]


def worked():
    small = dict(zip(("model", "layers", "heads", "groups", "narrow", "billions"), MODELS[0], strict=True))
    llama_2 = small | {"groups": 32}
    kib, gib = 2**10, 2**30
    weights = 2 * small["billions"] / 3.35
    cache = _cache_bytes(small, 8192) / 3.35e9
    return [
        f"{_cache_bytes(small, 1) // kib} KiB",
        f"{_cache_bytes(small, 8192) / gib:.2f} GiB",
        f"{_cache_bytes(llama_2, 1) // kib} KiB",
        f"{_cache_bytes(llama_2, 4096) / gib:.2f} GiB",
        f"{2 * small['billions']:.2f} GB",
        f"{weights:.2f} ms",
        f"{cache:.2f} ms",
        f"{weights + cache:.2f} ms",
        f"{weights + 32 * cache:.2f} ms",
    ]


def bidirectional_evidence():
    import torch

    layers, x = _layers(), _text(7)
    _, before = _whole(layers, x[:6], causal=False)
    _, after = _whole(layers, x, causal=False)

    def kept(layer):
        return all(torch.allclose(before[layer][i], after[layer][i][:6]) for i in (1, 2))

    return [kept(0) and not kept(1), kept(0) and kept(1), after[0][0].shape[0] != 7, not kept(0)]


def scores_draw(rng):
    n = rng.choice([10, 12, 16, 20, 24, 30, 40, 50, 60])
    return {
        "n": n,
        "more": n + 1,
        "answer": n * (n + 1) // 2,
        "squares": n * (n + 1) * (2 * n + 1) // 6,
        "square": n * n,
    }


def scores_evidence(drawn):
    layers = _layers(1)
    cache = [([], [])]
    computed = sum(_token(layers, token, cache)[1] for token in _text(drawn["n"]))
    return [value == computed for value in (drawn["answer"], drawn["squares"], drawn["square"], drawn["n"])]


def one_step_evidence():
    import torch

    layers, x = _layers(), _text(9)
    in_this_order = torch.allclose(_decoded(layers, x), _whole(layers, x)[0])
    return [in_this_order]


def experiment(off=False):
    import torch

    layers, x = _layers(2, 16), _text(64, 16)
    width = x.shape[-1]
    label = ("no causal mask: old tokens see the new one", "不用 causal mask：旧 token 看得到新 token")
    if off:
        apart = []
        for t in range(1, len(x) + 1):
            seen = _whole(layers, x[:t], causal=False)[0][-1]
            apart.append((_decoded(layers, x[:t])[-1] - seen).abs().max().item())
        assert apart[0] < 1e-12 and min(apart[1:]) > 1e-3, "without a causal mask a cache gives wrong outputs"
        return {
            "says": (
                f"Where old tokens see the new one, their keys and values change and the cache is out of date: from the second "
                f"token on the outputs are wrong, by {apart[1]:.2f} at token 2 and {apart[-1]:.2f} at token {len(x)}.",
                f"旧 token 看得到新 token 时，它们的 key 和 value 会变，cache 就过期了：从第 2 个 token 起输出就是错的，第 2 个 token "
                f"差 {apart[1]:.2f}，第 {len(x)} 个差 {apart[-1]:.2f}。",
            ),
            "off": label,
            "title": ("Error of the cached outputs", "用 cache 得到的输出的误差"),
            "chart": "curves",
            "x": list(range(1, len(x) + 1)),
            "x_label": ("token", "第几个 token"),
            "y_label": ("largest error", "最大误差"),
            "log_x": False,
            "log_y": False,
            "series": [(("with the cache", "用 cache"), apart)],
        }
    cache = [([], []) for _ in layers]
    cached, repeated, kept, worst = [], [], [], 0.0
    for t in range(1, len(x) + 1):
        with _counter() as short:
            out, _ = _token(layers, x[t - 1], cache)
        with _counter() as long:
            whole, _ = _whole(layers, x[:t])
        worst = max(worst, (out - whole[-1]).abs().max().item())
        cached.append(short.products)
        repeated.append(long.products)
        kept.append(sum(tensor.nbytes for pair in cache for tensors in pair for tensor in tensors))
    assert worst < 1e-12, "with and without a cache the outputs are the same"
    assert repeated[-1] == len(x) * cached[-1], "step t without a cache does the work of t cached steps"
    expected = 2 * len(layers) * width * len(x) * torch.float64.itemsize
    assert kept[-1] == expected, "the cache holds one key and one value a token and layer"
    every = slice(0, None, 3)
    return {
        "says": (
            f"Outputs agree to {worst:.0e}. Token {len(x)} takes {cached[-1]:,} multiplications with the "
            f"cache and {repeated[-1]:,} without; the cache has grown to {kept[-1] // 1024} KiB.",
            f"两者的输出相差不超过 {worst:.0e}。第 {len(x)} 个 token，用 cache 要 {cached[-1]:,} 次乘法，"
            f"不用要 {repeated[-1]:,} 次；此时 cache 已有 {kept[-1] // 1024} KiB。",
        ),
        "off": label,
        "title": ("Work of each new token", "生成每个新 token 的计算量"),
        "chart": "curves",
        "x": list(range(1, len(x) + 1))[every],
        "x_label": ("token", "第几个 token"),
        "y_label": ("multiplications", "乘法次数"),
        "log_x": False,
        "log_y": True,
        "series": [
            (("with the cache", "用 cache"), cached[every]),
            (("everything again", "每次全部重算"), repeated[every]),
        ],
    }
