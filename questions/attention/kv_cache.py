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


def size_draw(rng):
    layers, groups = rng.choice([16, 24, 28, 32, 40]), rng.choice([4, 8])
    narrow, length = rng.choice([64, 128]), rng.choice([1024, 2048, 4096, 8192])
    batch, heads = rng.choice([1, 2, 4, 8]), 32
    answer = 2 * layers * groups * narrow * length * batch * 2 // 2**20
    return {
        "layers": layers,
        "heads": heads,
        "groups": groups,
        "narrow": narrow,
        "batch": batch,
        "length": length,
        "answer": answer,
        "one_of_two": answer // 2,
        "by_query_heads": answer * heads // groups,
        "in_float32": 2 * answer,
    }


def size_evidence(drawn):
    import torch

    kept = 0
    for _ in range(drawn["layers"]):
        shape = drawn["batch"], drawn["groups"], drawn["length"], drawn["narrow"]
        keys, values = (torch.empty(shape, dtype=torch.bfloat16, device="meta") for _ in range(2))
        kept += keys.nbytes + values.nbytes
    names = "answer", "one_of_two", "by_query_heads", "in_float32"
    return [abs(drawn[name] * 2**20 / kept - 1) < 0.01 for name in names]


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


def experiment():
    import torch

    layers, x = _layers(2, 16), _text(64, 16)
    width = x.shape[-1]
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
