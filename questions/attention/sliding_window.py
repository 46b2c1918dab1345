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


def experiment():
    window = 64
    sizes = [64, 128, 256, 512, 1024, 2048]
    full, banded = [], []
    for n in sizes:
        full.append(_band(n, n).sum().item())
        banded.append(_band(n, window).sum().item())
    assert full[-1] > 3.9 * full[-2] and banded[-1] < 2.1 * banded[-2], "squared against linear"
    rows = []
    for layers in (1, 2, 4, 8):
        back = _reach(layers, 8)
        assert back == layers * 7, "every layer adds window − 1"
        rows.append([str(layers), back])
    return {
        "says": (
            f"At {sizes[-1]} tokens causal attention scores {full[-1]:,} pairs, a window of {window} only "
            f"{banded[-1]:,}. With a window of 8, 1 layer reaches {rows[0][1]} positions back and 8 layers {rows[-1][1]}.",
            f"{sizes[-1]} 个 token 时，因果注意力要给 {full[-1]:,} 对打分，窗口为 {window} 时只有 {banded[-1]:,} 对。"
            f"窗口为 8 时，1 层能往回看 {rows[0][1]} 个位置，8 层能看 {rows[-1][1]} 个。",
        ),
        "charts": [
            {
                "title": ("Pairs to score", "要打分的配对"),
                "chart": "curves",
                "x": sizes,
                "x_label": ("tokens n", "token 数 n"),
                "y_label": ("pairs", "配对数"),
                "log_x": True,
                "log_y": True,
                "series": [(("causal", "因果"), full), ((f"window {window}", f"窗口 {window}"), banded)],
            },
            {
                "title": ("Reach with a window of 8", "窗口为 8 时的范围"),
                "chart": "table",
                "columns": [("layers", "层数"), ("positions back", "往回的位置数")],
                "rows": rows,
            },
        ],
    }
