"""Experiment and evidence for softmax_dim.md."""


def _causal(x, dim):
    """Causal self-attention without projections, its softmax over the given dimension."""
    import torch

    length, width = x.shape[-2:]
    hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
    scores = (x @ x.mT / width**0.5).masked_fill(hidden, -torch.inf)
    return scores.softmax(dim) @ x


def _moved_by_last_token(dim, length=8):
    """How far the output at each position moves when only the last token is replaced."""
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.randn(100, length, 16, generator=g, dtype=torch.float64)
    other = x.clone()
    other[:, -1] = torch.randn(100, 16, generator=g, dtype=torch.float64)
    return (_causal(x, dim) - _causal(other, dim)).norm(dim=-1).mean(0).tolist()


def experiment():
    keys, queries = _moved_by_last_token(-1), _moved_by_last_token(-2)
    assert max(keys[:-1]) == 0.0, "over the keys no earlier position feels the last token"
    assert min(queries[:-1]) > 0.01, "over the queries every earlier position does"
    return {
        "says": (
            f"The last of 8 tokens was replaced, under a causal mask. Softmax over the keys: the first seven outputs moved "
            f"by {max(keys[:-1]):.0f}. Softmax over the queries: by {min(queries[:-1]):.2f} to {max(queries[:-1]):.2f}, "
            f"the future leaked.",
            f"在 causal mask 下，换掉 8 个 token 中的最后一个。softmax 沿 key：前七个输出变动 {max(keys[:-1]):.0f}；softmax 沿 "
            f"query：变动 {min(queries[:-1]):.2f} 到 {max(queries[:-1]):.2f}，未来泄漏了。",
        ),
        "title": (
            "Change of the outputs before it when token 8 is replaced",
            "换掉第 8 个 token，它之前各位置输出的变动",
        ),
        "chart": "curves",
        "x": list(range(1, 8)),
        "x_label": ("position", "位置"),
        "y_label": ("change", "变动"),
        "log_x": False,
        "log_y": False,
        "series": [(("over keys", "沿 key"), keys[:-1]), (("over queries", "沿 query"), queries[:-1])],
    }


def why_keys_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    q, k = torch.randn(5, 8, generator=g), 3 * torch.randn(40, 8, generator=g)
    v = torch.randn(40, 6, generator=g)
    scores = q @ k.T
    p = scores.softmax(-1)
    equal_use = (p.sum(0) - p.sum(0).mean()).abs().max().item() < 1e-3
    bounded_scores = scores.min().item() >= 0 and scores.max().item() <= 1
    twice = (torch.stack([q[0], q[0]]) @ k.T).softmax(-1)
    exclusive = not torch.allclose(twice[0] @ v, twice[1] @ v)
    out = p @ v
    in_range = bool(((out <= v.amax(0) + 1e-5) & (out >= v.amin(0) - 1e-5)).all())
    alone = torch.allclose((q[:1] @ k.T).softmax(-1) @ v, out[:1], atol=1e-5)
    return [equal_use, bounded_scores, exclusive, in_range and alone]


def leak_evidence():
    import torch

    moved = _moved_by_last_token(-2)
    later = min(moved[:-1]) > 1e-6
    x = torch.randn(1, 6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    other = x.clone()
    other[:, 0] += 1  # an earlier token
    earlier = (_causal(x, -2) - _causal(other, -2))[0, 3].norm().item() > 1e-6
    nothing = _causal(x, -2).isnan().any().item()
    return [earlier and not later, nothing, not earlier and not later, later]


def last_row_draw(rng):
    n = rng.choice([4, 5, 6, 8, 10, 12])
    values = {
        "answer": sum(1 / i for i in range(1, n + 1)),
        "first": 1 / n,
        "unmasked": (n - 1) / n + 1,
    }
    return {"n": n} | {name: float(f"{value:.3g}") for name, value in values.items()}


def last_row_evidence(drawn):
    import torch

    n = drawn["n"]
    hidden = torch.ones(n, n, dtype=torch.bool).triu(1)
    total = torch.zeros(n, n).masked_fill(hidden, -torch.inf).softmax(-2)[-1].sum().item()
    values = drawn["answer"], 1, drawn["first"], drawn["unmasked"]
    return [abs(value / total - 1) < 0.01 for value in values]


def worked():
    import math

    import torch

    scores = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])
    shown = [
        "(" + ", ".join(f"{w:.2f}" for w in row) + ")" for d in (-1, -2) for row in scores.softmax(d).tolist()
    ]
    return shown + [f"{total:.2f}" for total in scores.softmax(-2).sum(-1).tolist()]
