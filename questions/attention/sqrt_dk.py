"""Experiment, draws and evidence for sqrt_dk.md."""


def _measure(d_k, scale, seed=0, queries=400, keys=16):
    """Random attention: variance of the scores, and means over queries of the largest weight, of ‖∂p/∂s‖ and of
    ‖∂L/∂q‖ for a fixed random gradient at the output."""
    import torch

    g = torch.Generator().manual_seed(seed)
    q, at_output = (torch.randn(queries, 1, d_k, generator=g) for _ in range(2))
    k, v = (torch.randn(queries, keys, d_k, generator=g) for _ in range(2))
    q.requires_grad_()
    scores = scale * (q @ k.mT)
    p = scores.softmax(-1)
    (to_q,) = torch.autograd.grad(p @ v, q, at_output)
    slopes = torch.diag_embed(p[:, 0]) - p.mT @ p  # ∂p/∂s, one matrix a query
    return {
        "variance": scores.var().item(),
        "largest": p.amax(-1).mean().item(),
        "jacobian": slopes.flatten(1).norm(dim=1).mean().item(),
        "median": slopes.flatten(1).norm(dim=1).median().item(),
        "to_q": to_q.norm(dim=-1).mean().item(),
    }


def _mean(d_k, scale):
    runs = [_measure(d_k, scale, seed) for seed in range(3)]
    return {key: sum(run[key] for run in runs) / 3 for key in runs[0]}, runs


def experiment(off=False):
    widths = [1, 2, 4] if off else [4, 16, 64, 256, 1024]
    raw, raw_runs = zip(*(_mean(d, 1.0) for d in widths), strict=True)
    scaled, scaled_runs = zip(*(_mean(d, d**-0.5) for d in widths), strict=True)
    for d, one, other in zip(widths, raw, scaled, strict=True):
        assert abs(one["variance"] / d - 1) < 0.15, "the variance of q·k is dₖ"
        assert abs(other["variance"] - 1) < 0.15, "divided by √dₖ it is 1"
    for one, other in zip(raw_runs[-1], scaled_runs[-1], strict=True):  # every seed
        if off:
            assert one["median"] > 0.2 and one["largest"] < 0.6, "in narrow heads softmax does not saturate"
        else:
            assert one["largest"] > 0.9 > 0.4 > other["largest"], "unscaled, the weights become one-hot"
            assert one["median"] < 1e-4 < 0.25 < other["median"], "and the median query's ∂p/∂s vanishes"
            assert one["to_q"] > other["to_q"], "but the mean gradient that reaches q is not smaller"

    def curves(key):
        return [
            (("unscaled", "不缩放"), [one[key] for one in raw]),
            (("divided by √dₖ", "除以 √dₖ"), [one[key] for one in scaled]),
        ]

    axis = {"chart": "curves", "x": widths, "x_label": "dₖ", "log_x": True, "log_y": True}
    last, same = raw[-1], scaled[-1]
    label = ("narrow heads, dₖ from 1 to 4", "很窄的 head，dₖ 从 1 到 4")
    if off:
        return {
            "says": (
                f"In a head of width 4 the scores' standard deviation is 2 at most: unscaled, the largest of 16 weights is "
                f"{last['largest']:.2f} on average and the median ‖∂p/∂s‖ {last['median']:.2f}; scaled {same['largest']:.2f} "
                f"and {same['median']:.2f}. Nothing saturates, and scaling hardly matters.",
                f"head 宽只有 4 时，分数的标准差至多是 2：不缩放，16 个权重中最大的平均为 {last['largest']:.2f}，‖∂p/∂s‖ 的中位数为 "
                f"{last['median']:.2f}；缩放后为 {same['largest']:.2f} 和 {same['median']:.2f}。没有饱和，缩不缩放差别不大。",
            ),
            "off": label,
            **axis,
            "title": ("The median query's Jacobian", "Jacobian 的中位数"),
            "y_label": ("median ‖∂p/∂s‖", "‖∂p/∂s‖ 的中位数"),
            "series": curves("median"),
        }
    return {
        "says": (
            f"Means of 3 seeds. At dₖ = 1024 the scores' variance is {last['variance']:.0f}, scaled {same['variance']:.2f}; the largest of 16 "
            f"weights is {last['largest']:.2f} on average, scaled {same['largest']:.2f}; ∂p/∂s has norm "
            f"{last['jacobian']:.3f} on average (median {last['median']:.0e}), scaled {same['jacobian']:.2f}. The gradient "
            f"reaching q is not smaller: {last['to_q']:.0f} on average, scaled {same['to_q']:.1f}.",
            f"dₖ = 1024 时，分数的方差为 {last['variance']:.0f}，缩放后为 {same['variance']:.2f}；16 个权重中最大的平均为 "
            f"{last['largest']:.2f}，缩放后为 {same['largest']:.2f}；∂p/∂s 的范数平均为 {last['jacobian']:.3f}（中位数 "
            f"{last['median']:.0e}），缩放后为 {same['jacobian']:.2f}。传到 q 的梯度并不更小：平均 {last['to_q']:.0f}，缩放后 "
            f"{same['to_q']:.1f}。",
        ),
        "off": label,
        "charts": [
            {
                **axis,
                "title": ("Variance of the scores", "分数的方差"),
                "y_label": ("variance", "方差"),
                "series": curves("variance"),
            },
            {
                **axis,
                "title": (
                    "Without scaling, the median query's Jacobian vanishes",
                    "不缩放，多数 query 的 Jacobian 趋近于零",
                ),
                "y_label": ("median ‖∂p/∂s‖", "‖∂p/∂s‖ 的中位数"),
                "series": curves("median"),
            },
            {
                **axis,
                "title": ("The gradient that reaches q does not", "传到 q 的梯度却没有"),
                "y_label": ("mean ‖∂L/∂q‖", "‖∂L/∂q‖ 的均值"),
                "series": curves("to_q"),
            },
        ],
    }


def worked():
    import torch

    shown = []
    for difference in (8.0, 1.0):
        p = torch.tensor([difference, 0.0], dtype=torch.float64).softmax(0)
        digits = 4 if difference > 1 else 3
        shown += [f"{v:.{digits}f}" for v in (*p.tolist(), (p[0] * p[1]).item())]
    return shown


def entropy_evidence():
    import torch

    causes = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        q, k = (torch.randn(128, 64, generator=g) for _ in range(2))
        causal = torch.ones(128, 128, dtype=torch.bool).tril()

        def entropy(scale, dropout=0.0, mask=causal, q=q, k=k, g=g):
            p = (q @ k.T * scale).masked_fill(~mask, float("-inf")).softmax(-1)
            p = p * (torch.rand(p.shape, generator=g) >= dropout) / (1 - dropout)
            return torch.special.entr(p).sum(-1).mean().item()

        low = 1.0
        reference, flat = entropy(1 / 8), entropy(0.0)
        assert 3 < reference < 3.8 and 3.7 < flat < 4
        causes.append([reference < low, None, entropy(1 / 8, 0.1) < low, entropy(1.0) < low])
    return [None if row[0] is None else all(row) for row in zip(*causes, strict=True)]


def purpose_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    q, k = (torch.randn(200, 256, generator=g, dtype=torch.float64) for _ in range(2))
    raw = q @ k.T
    scaled = raw / 256**0.5
    sums = [scores.softmax(-1).sum(-1) for scores in (raw, scaled)]
    only_scaled_sums = torch.allclose(sums[1], torch.ones(200).double()) and not torch.allclose(
        sums[0], sums[1]
    )
    cosines = scaled.abs().max().item() <= 1
    slope = {
        name: (p * (1 - p)).mean().item()
        for name, p in (("raw", raw.softmax(-1)), ("scaled", scaled.softmax(-1)))
    }
    steadies = abs(scaled.var().item() - 1) < 0.1 and slope["raw"] < 0.3 * slope["scaled"]
    v = torch.randn(200, 256, generator=g, dtype=torch.float64)
    grown = (raw.softmax(-1) @ v).var().item() > 2 * v.var().item()
    return [only_scaled_sums, cosines, steadies, grown]


def which_number_draw(rng):
    width, heads = rng.choice(
        [
            (512, 8),
            (768, 12),
            (1024, 16),
            (256, 4),
            (256, 8),
            (512, 4),
            (768, 8),
            (1280, 16),
            (1024, 8),
            (2048, 16),
            (384, 6),
        ]
    )
    head = width // heads
    return {
        "width": width,
        "heads": heads,
        "head": head,
        "answer": float(f"{head**0.5:.4g}"),
        "model": float(f"{width**0.5:.4g}"),
    }


def which_number_evidence(drawn):
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    g = torch.Generator().manual_seed(0)
    head = drawn["width"] // drawn["heads"]
    q = torch.randn(1, drawn["heads"], 1, head, generator=g, dtype=torch.float64)
    k = torch.randn(1, drawn["heads"], 2, head, generator=g, dtype=torch.float64)
    weights = scaled_dot_product_attention(
        q, k, torch.eye(2, dtype=torch.float64).expand(1, drawn["heads"], 2, 2)
    )
    odds = (weights[..., 0] / weights[..., 1]).log()  # the scaled difference of the two scores
    scores = (q @ k.mT)[..., 0, :]
    divisor = ((scores[..., 0] - scores[..., 1]) / odds[..., 0]).mean().item()
    return [abs(divisor / drawn[name] - 1) < 0.005 for name in ("answer", "head", "model", "width")]


def spread_draw(rng):
    while True:
        sq, sk, dk = (
            rng.choice([0.5, 1.5, 2, 3]),
            rng.choice([0.5, 1, 2, 3]),
            rng.choice([16, 25, 36, 49, 64, 100]),
        )
        root = round(dk**0.5)
        values = {
            "answer": sq * sk * root,
            "linear": sq * sk * dk,
            "unit": root,
            "variance": (sq * sk) ** 2 * dk,
        }
        if sq != sk and len(set(values.values())) == 4:
            return {"sq": sq, "sk": sk, "dk": dk} | {name: round(v, 4) for name, v in values.items()}


def spread_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    q, k = (sigma * torch.randn(20000, drawn["dk"], generator=g) for sigma in (drawn["sq"], drawn["sk"]))
    std = (q * k).sum(1).std().item()
    return [abs(std / drawn[name] - 1) < 0.03 for name in ("answer", "linear", "unit", "variance")]


def saturated_evidence():
    raw, scaled = _mean(1024, 1.0)[0], _mean(1024, 1024**-0.5)[0]
    vanishes = raw["median"] < 1e-4 and scaled["median"] > 0.25
    to_q, median = raw["to_q"] / scaled["to_q"], raw["median"] / scaled["median"]
    grows, unchanged = median > 1.1 and to_q > 1.1, abs(median - 1) < 0.1 and abs(to_q - 1) < 0.1
    return [vanishes and to_q < 0.9, vanishes and to_q > 2, grows, unchanged]


def divide_by_dk_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    q, k = (torch.randn(500, 256, generator=g, dtype=torch.float64) for _ in range(2))
    scores = q @ k[:16].T / 256
    p = scores.softmax(-1)
    std, largest = scores.std().item(), p.amax(-1).mean().item()
    usual = (q @ k[:16].T / 16).softmax(-1)
    return [
        abs(std - 1 / 16) < 0.01 and largest < 0.1,  # 1/16 = 0.0625 would be uniform
        abs(std - 16) < 2 and largest > 0.9,
        torch.allclose(p, usual, atol=0.01),
        abs(std - 1) < 0.1,
    ]
