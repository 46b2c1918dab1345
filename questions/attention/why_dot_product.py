"""Runs the claims about the dot product as attention's score."""


def one_matmul_evidence():
    import torch
    from torch.overrides import TorchFunctionMode

    class Largest(TorchFunctionMode):
        """Keeps the size of the largest tensor that any function returned."""

        size = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                self.size = max(self.size, result.numel())
            return result

    n, m, d, h = 12, 15, 8, 8
    g = torch.Generator().manual_seed(0)
    q, k = torch.randn(n, d, generator=g), torch.randn(m, d, generator=g)
    w_q, w_k = torch.randn(d, h, generator=g), torch.randn(d, h, generator=g)
    w = torch.randn(h, generator=g)
    with Largest() as by_dot:
        scores = q @ k.mT
    with Largest() as by_network:
        hidden = torch.tanh((q @ w_q)[:, None] + (k @ w_k)[None])
        additive = hidden @ w
    bounded = scores.abs().max().item() <= 1
    cheaper = by_dot.size == n * m and by_network.size == n * m * h
    # Is additive scoring bilinear in q too, as a dot product of projections must be?
    doubled = torch.tanh((2 * q @ w_q)[:, None] + (k @ w_k)[None]) @ w
    as_expressive = torch.allclose(doubled, 2 * additive, atol=1e-3)
    return [bounded, None, cheaper, as_expressive]


def diagonal_draw(rng):
    n = rng.choice([8, 10, 16, 20, 25, 32, 40, 50])
    return {"n": n, "share": round(1 / n, 4), "others": n - 1}


def diagonal_evidence(drawn):
    import torch

    n, d = drawn["n"], 32
    own, other = [], []
    for seed in range(120):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(n, d, generator=g)
        w_q, w_k = torch.randn(2, d, d, generator=g) / d**0.5
        weights = torch.softmax((x @ w_q) @ (x @ w_k).mT / d**0.5, dim=-1)
        own.append(weights.diagonal().mean())
        other.append((weights.sum() - weights.diagonal().sum()) / (n * (n - 1)))
    mine, theirs = torch.stack(own).mean().item(), torch.stack(other).mean().item()
    return [
        mine > 1.2 * theirs,
        abs(mine / drawn["share"] - 1) < 0.12 and abs(mine / theirs - 1) < 0.12,
        abs(mine - 0.5) < 0.1,
        mine < 1e-6,
    ]


def cosine_cap_draw(rng):
    from math import e

    n = rng.choice([33, 50, 65, 101, 129, 201, 257, 513])
    return {
        "n": n,
        "answer": float(f"{e / (e + (n - 1) / e):.3g}"),
        "zero": float(f"{e / (e + n - 1):.3g}"),
        "uniform": float(f"{1 / n:.3g}"),
    }


def cosine_cap_evidence(drawn):
    import torch

    n = drawn["n"]
    key = torch.tensor([0.6, 0.8])
    keys = torch.cat([key[None], -key.expand(n - 1, 2)])  # one along the query, the others opposite
    query = torch.tensor([3.0, 4.0])
    most = torch.softmax(torch.cosine_similarity(query[None], keys, dim=-1), dim=-1).max().item()
    g = torch.Generator().manual_seed(n)
    for _ in range(200):  # no other arrangement gets above it
        scores = torch.rand(n, generator=g) * 2 - 1
        assert torch.softmax(scores, dim=-1).max().item() <= most + 1e-6
    values = [drawn["answer"], drawn["zero"], drawn["uniform"], 1.0]
    return [abs(value / most - 1) < 0.02 for value in values]


def freedom_draw(rng):
    d, r = rng.choice([(6, 2), (8, 2), (8, 3), (10, 2), (10, 3), (10, 4), (12, 3), (12, 4), (12, 5)])
    return {"d": d, "r": r, "answer": r * (2 * d - r), "both": 2 * d * r, "full": d * d, "one": d * r}


def freedom_evidence(drawn):
    import torch

    d, r = drawn["d"], drawn["r"]
    g = torch.Generator().manual_seed(0)
    w_q, w_k = torch.randn(2, r, d, generator=g, dtype=torch.float64)
    by_q, by_k = torch.autograd.functional.jacobian(lambda a, b: a.mT @ b, (w_q, w_k))
    slopes = torch.cat([by_q.reshape(d * d, -1), by_k.reshape(d * d, -1)], dim=1)
    dimension = torch.linalg.matrix_rank(slopes).item()
    return [dimension == drawn[name] for name in ("answer", "both", "full", "one")]


def worked():
    import torch

    w_q, w_k, x = torch.tensor([[1, 2]]), torch.tensor([[3, 1]]), torch.eye(2, dtype=torch.long)
    q, k = x @ w_q.T, x @ w_k.T
    scores = q @ k.T
    assert torch.equal(scores, w_q.T @ w_k) and scores[1, 0] > scores[1, 1]
    assert torch.linalg.matrix_rank(scores.double()) == 1
    return [f"{a}, {b}" for a, b in scores.tolist()[:1]]


def experiment(off=False):
    import torch

    d, sizes = 32, [2, 4, 8, 16, 32, 64, 128]
    own = {"random": [], "tied": [], "raw": []}
    for n in sizes:
        g = torch.Generator().manual_seed(n)
        draws = max(24, 2048 // n)
        x = torch.randn(draws, n, d, generator=g)
        w_q, w_k = torch.randn(2, draws, d, d, generator=g) / d**0.5
        q, k = x @ w_q, x @ w_k
        for name, scores in (("random", q @ k.mT), ("tied", q @ q.mT), ("raw", x @ x.mT)):
            weights = torch.softmax(scores / d**0.5, dim=-1)
            own[name].append(weights.diagonal(dim1=-2, dim2=-1).mean().item())
    chance = [1 / n for n in sizes]
    for mine, share in zip(own["random"], chance, strict=True):
        assert abs(mine / share - 1) < 0.15, "with random projections a token gives itself about 1/n"
    assert own["tied"][-1] > 10 * chance[-1], "tied query and key projections favour the diagonal"
    mine, tied, share = own["random"][-1], own["tied"][-1], chance[-1]
    axis = {
        "off": ("one projection for both: W_q = W_k", "query 和 key 共用一个投影：W_q = W_k"),
        "title": ("Weight a token gives itself", "token 分给自己的权重"),
        "chart": "curves",
        "x": sizes,
        "x_label": ("tokens n", "token 数 n"),
        "y_label": ("mean weight on itself", "分给自己的平均权重"),
        "log_x": True,
        "log_y": True,
    }
    if off:
        return {
            "says": (
                f"With one shared projection the diagonal is special after all: among {sizes[-1]} tokens a token gives itself "
                f"{tied:.2f}, {tied / share:.0f} times 1/n.",
                f"共用一个投影时，对角线就真的特殊了：{sizes[-1]} 个 token 中，一个 token 分给自己 {tied:.2f}，是 1/n 的 "
                f"{tied / share:.0f} 倍。",
            ),
            **axis,
            "series": [("W_q = W_k", own["tied"]), ("1/n", chance)],
        }
    return {
        "says": (
            f"Among {sizes[-1]} random tokens, a token gives itself {mine:.4f} on average, and 1/n is "
            f"{share:.4f}. With one shared projection, W_q = W_k, it would be {tied:.2f}.",
            f"在 {sizes[-1]} 个随机 token 中，一个 token 平均分给自己 {mine:.4f}，而 1/n 是 {share:.4f}。"
            f"如果 query 和 key 共用一个投影（W_q = W_k），就会是 {tied:.2f}。",
        ),
        **axis,
        "series": [
            (("separate W_q, W_k", "W_q、W_k 各自随机"), own["random"]),
            ("1/n", chance),
            ("W_q = W_k", own["tied"]),
            (("no projections", "不做投影"), own["raw"]),
        ],
    }
