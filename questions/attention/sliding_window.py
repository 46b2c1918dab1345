"""Runs the claims about sliding-window attention."""


def _band(n, window):
    """Which key each query sees: its own and the ones before it, `window` in all."""
    import torch

    apart = torch.arange(n)[:, None] - torch.arange(n)
    return (apart >= 0) & (apart < window)


def _weights(layers, d=8, seed=0):
    import torch

    g = torch.Generator().manual_seed(seed)
    return torch.randn(layers, 3, d, d, generator=g, dtype=torch.float64) / d**0.5


def _model(layers, x, window):
    """Residual attention layers, each behind the band."""
    hidden = ~_band(len(x), window)
    for w_q, w_k, w_v in layers:
        scores = (x @ w_q) @ (x @ w_k).mT / x.shape[-1] ** 0.5
        x = x + scores.masked_fill(hidden, float("-inf")).softmax(-1) @ (x @ w_v)
    return x


def _text(n, d=8, seed=1):
    import torch

    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _reach(layers, window):
    """How far back the last output depends on the input, by its gradient."""
    import torch

    n = layers * window + 4
    x = _text(n).requires_grad_()
    out = _model(_weights(layers), x, window)
    (gradient,) = torch.autograd.grad(out[-1].sum(), x)
    first = int((gradient.abs().amax(-1) > 0).nonzero()[0])
    return n - 1 - first


def reach_draw(rng):
    while True:
        layers, window = rng.randint(2, 5), rng.choice([3, 4, 5, 6, 8, 9, 10])
        drawn = {
            "layers": layers,
            "window": window,
            "before": window - 1,
            "answer": layers * (window - 1),
            "by_window": layers * window,
            "power": (window - 1) ** layers,
        }
        if len({drawn[name] for name in ("answer", "by_window", "before", "power")}) == 4:
            return drawn


def reach_evidence(drawn):
    measured = _reach(drawn["layers"], drawn["window"])
    return [drawn[name] == measured for name in ("answer", "by_window", "before", "power")]


def mask_only_evidence():
    import torch
    from torch.overrides import TorchFunctionMode

    n, d, window = 32, 8, 4
    q, k, v = (_text(n, d, seed) for seed in range(3))

    class Largest(TorchFunctionMode):
        size = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor) and result.is_floating_point():
                self.size = max(self.size, result.numel())
            return result

    with Largest() as dense:
        weights = (q @ k.mT).masked_fill(~_band(n, window), float("-inf")).softmax(-1)
        out = weights @ v
    # The same without the rest of the matrix: each query with its own few keys.
    starts = torch.arange(n)[:, None] - torch.arange(window - 1, -1, -1)
    near, there = starts.clamp(min=0), starts >= 0
    with Largest() as banded:
        scores = torch.einsum("nd,nwd->nw", q, k[near]).masked_fill(~there, float("-inf"))
        same = torch.einsum("nw,nwd->nd", scores.softmax(-1), v[near])
    assert torch.allclose(out, same), "both ways give the same result"
    kept_weight = bool((weights[~_band(n, window)] != 0).any())
    all_scores = dense.size == n * n and scores.numel() == n * window and banded.size == n * window * d
    in_band = _band(n, window).sum().item()
    overlap_costs = in_band >= n * n  # would hold if the overlap made it as dear as the whole
    return [kept_weight, all_scores, None, overlap_costs]


def cache_evidence():
    import torch

    window, layers, x = 5, _weights(3), _text(40)
    wanted = _model(layers, x, window)
    cache = [([], []) for _ in layers]
    outputs, most_scores = [], 0
    for token in x:
        for (w_q, w_k, w_v), (keys, values) in zip(layers, cache, strict=True):
            keys.append(token @ w_k)
            values.append(token @ w_v)
            del keys[:-window], values[:-window]  # what has left the window is dropped
            scores = torch.stack(keys) @ (token @ w_q) / x.shape[-1] ** 0.5
            most_scores = max(most_scores, len(scores))
            token = token + scores.softmax(-1) @ torch.stack(values)
        outputs.append(token)
    exact = torch.allclose(torch.stack(outputs), wanted)
    kept = max(len(keys) for keys, _ in cache)
    # Would older keys be needed after all, the outputs without them would be wrong.
    return [
        kept == window and most_scores == len(x),
        most_scores == window and not exact,
        not exact and kept == len(x),
        exact and kept == most_scores == window,
    ]


def doubling_evidence():
    def grown(window=None):
        pairs = [_band(n, window or n).sum().item() for n in (1024, 2048)]
        return round(pairs[1] / pairs[0], 1)

    measured = grown(), grown(64)
    return [measured == pair for pair in ((2, 1), (2, 2), (4, 1), (4, 2))]


def _influence(layers=6, window=8, seeds=20):
    """By how much the last output reacts to the input so many positions back: mean norm of the gradient."""
    import torch

    n, total = layers * window, None
    for seed in range(seeds):
        g = torch.Generator().manual_seed(100 + seed)
        x, weights = _text(n, seed=seed).requires_grad_(), _weights(layers, seed=50 + seed)
        direction = torch.randn(x.shape[1], generator=g, dtype=torch.float64)
        (gradient,) = torch.autograd.grad(_model(weights, x, window)[-1] @ direction, x)
        norms = gradient.norm(dim=-1).flip(0)[: layers * (window - 1) + 1]
        total = norms if total is None else total + norms
    return (total / seeds).tolist()


def recall_test_evidence():
    near_far = []
    for start in range(3):
        influence = _influence(seeds=8 + start)
        one_hop, five_hops = influence[1:8], influence[29:36]
        near_far.append(sum(five_hops) < 0.2 * sum(one_hop))
    arrives = min(_influence(seeds=4)) > 0  # so the older token is not simply hidden or dropped
    return [not arrives, None, all(near_far) and arrives, not arrives]


def worked():
    import torch

    def gib(length):
        shape = 32, 2, 8, length, 128
        return torch.empty(shape, dtype=torch.bfloat16, device="meta").nbytes / 2**30

    pairs = [int(_band(8, window).sum()) for window in (3, 8)]
    return [
        *map(str, pairs),
        f"{32 * 4095:,}",
        f"{gib(1) * 2**20:.0f} KiB",
        f"{gib(4096):.2f} GiB",
        f"{gib(32_768):.2f} GiB",
    ]


def experiment(off=False):
    sizes = [64, 128, 256, 512, 1024, 2048]
    window = sizes[-1] if off else 64
    label = ("a window as long as the longest text", "窗口与最长的文本一样长")
    full = [_band(n, n).sum().item() for n in sizes]
    banded = [_band(n, window).sum().item() for n in sizes]
    pairs = {
        "title": ("Pairs to score", "要打分的配对"),
        "chart": "curves",
        "x": sizes,
        "x_label": ("tokens n", "token 数 n"),
        "y_label": ("pairs", "配对数"),
        "log_x": True,
        "log_y": True,
        "series": [(("causal", "因果"), full), ((f"window {window}", f"窗口 {window}"), banded)],
    }
    if off:
        assert banded == full, "a window that holds all of the text saves nothing"
        return {
            "says": (
                f"With a window of {window} nothing is saved up to {sizes[-1]} tokens: {banded[-1]:,} pairs either way. A window "
                "pays only where the text is longer than it.",
                f"窗口为 {window} 时，{sizes[-1]} 个 token 以内什么也没省：都是 {banded[-1]:,} 对。文本比窗口长，窗口才有用。",
            ),
            "off": label,
            **pairs,
        }
    assert full[-1] > 3.9 * full[-2] and banded[-1] < 2.1 * banded[-2], "squared against linear"
    for layers in (1, 2, 4, 8):
        assert _reach(layers, 8) == layers * 7, "every layer adds window − 1"
    influence = _influence()
    near, far = sum(influence[1:8]) / 7, sum(influence[29:36]) / 7
    assert far < 0.2 * near, "what arrives over five hops is weak"
    return {
        "says": (
            f"From {sizes[-2]} to {sizes[-1]} tokens causal attention goes from {full[-2]:,} to {full[-1]:,} pairs, a window of "
            f"{window} from {banded[-2]:,} to {banded[-1]:,}. Six random layers with a window of 8 reach 42 positions back, but "
            f"the influence over five hops is {100 * far / near:.0f} % of that over one.",
            f"从 {sizes[-2]} 个 token 到 {sizes[-1]} 个，因果注意力从 {full[-2]:,} 对增到 {full[-1]:,} 对，窗口为 {window} 时从 "
            f"{banded[-2]:,} 对增到 {banded[-1]:,} 对。窗口为 8 的六个随机层能触及往回 42 个位置，但隔五跳的影响只有隔一跳的 "
            f"{100 * far / near:.0f}%。",
        ),
        "off": label,
        "charts": [
            pairs,
            {
                "title": ("Influence by distance, six layers, window 8", "影响随距离的变化，六层，窗口 8"),
                "chart": "curves",
                "x": list(range(len(influence))),
                "x_label": ("positions back", "往回的位置数"),
                "y_label": ("mean ‖gradient‖", "梯度范数的均值"),
                "log_x": False,
                "log_y": True,
                "series": [(("measured", "实测"), influence)],
            },
        ],
    }
