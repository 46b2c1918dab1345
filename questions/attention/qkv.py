"""Draws and evidence for qkv.md."""


def what_is_v_evidence():
    import torch
    from torch.nn.functional import scaled_dot_product_attention as attend

    g = torch.Generator().manual_seed(0)
    one, other, w_v = (torch.randn(n, 4, generator=g) for n in (5, 5, 4))
    q, k = torch.randn(3, 8, generator=g), torch.randn(5, 8, generator=g)
    v = one @ w_v
    weights = (q @ k.T / 8**0.5).softmax(-1)
    is_weights = v.shape == weights.shape
    is_matrix = torch.allclose(v, other @ w_v)  # a parameter would not change with the input
    is_content = torch.allclose(attend(q, k, v), weights @ v, atol=1e-5)
    sums = torch.allclose(v.sum(-1), torch.ones(5))
    return [is_content, is_matrix, is_weights, sums]


def output_shape_draw(rng):
    b = rng.randint(2, 4)
    tq, tk, dk, dv = rng.sample([5, 6, 7, 8, 9, 10, 12, 16, 20], 4)
    return {"b": b, "tq": tq, "tk": tk, "dk": dk, "dv": dv}


def output_shape_evidence(drawn):
    import torch
    from torch.nn.functional import scaled_dot_product_attention as attend

    b, tq, tk, dk, dv = (drawn[name] for name in ("b", "tq", "tk", "dk", "dv"))
    shape = tuple(attend(torch.zeros(b, tq, dk), torch.zeros(b, tk, dk), torch.zeros(b, tk, dv)).shape)
    return [shape == claim for claim in ((b, tq, tk), (b, tq, dk), (b, tk, dv), (b, tq, dv))]


def one_matrix_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x = (
        torch.randn(12, 16, generator=g, dtype=torch.float64)
        * torch.linspace(0.5, 2, 12, dtype=torch.float64)[:, None]
    )
    w = torch.randn(16, 16, generator=g, dtype=torch.float64) / 4
    scores = (x @ w) @ (x @ w).T / 4
    weights = scores.softmax(-1)
    itself = bool((weights.argmax(-1) == torch.arange(12)).all())
    return [
        itself,
        torch.allclose(weights, weights.T),
        torch.allclose(scores, scores.T),
        weights.amax(-1).median().item() > 0.99,
    ]


def _head(x, w_q, w_k, w_v, w_o):
    scores = (x @ w_q) @ (x @ w_k).mT / w_q.shape[1] ** 0.5
    return scores.softmax(-1) @ (x @ w_v) @ w_o


def absorbed_evidence():
    import torch

    d, same = 6, []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(5, d, generator=g, dtype=torch.float64)
        w_q, w_k, w_v, w_o = torch.randn(4, d, d, generator=g, dtype=torch.float64) / d**0.5
        one = torch.eye(d, dtype=torch.float64)
        out = _head(x, w_q, w_k, w_v, w_o)
        merged = [
            _head(x, w_q @ w_k.mT, one, w_v, w_o),
            _head(x, w_q, w_k, w_v @ w_o, one),
            _head(x, w_q, w_k @ w_v, one, w_o),
            _head(x, w_q @ w_o, w_k, w_v, one),
            _head(x, w_q @ w_v, w_k, one, w_o),
        ]
        same.append([torch.allclose(m, out) for m in merged])
    assert all(row == same[0] for row in same)
    return same[0]


def swapped_evidence():
    import torch

    rows = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(6, 8, generator=g, dtype=torch.float64)
        w_q, w_k = torch.randn(2, 8, 8, generator=g, dtype=torch.float64) / 8**0.5
        right, wrong = (x @ w_q) @ (x @ w_k).mT, (x @ w_k) @ (x @ w_q).mT
        before, after = right.softmax(-1), wrong.softmax(-1)
        other = torch.allclose(wrong, right.mT) and not torch.allclose(after, before.mT)
        same = torch.allclose(after, before)
        rows.append([torch.allclose(wrong, right), torch.allclose(after, before.mT), other, same])
    assert all(row == rows[0] for row in rows)
    return rows[0]


def worked():
    import torch

    x = torch.tensor([[1.0], [2.0]])
    weights = ((2 * x) @ x.T).softmax(-1)
    out = (weights @ (10 * x))[:, 0]
    return [*(f"{w:.3f}" for w in weights.flatten().tolist()), *(f"{v:.2f}" for v in out.tolist())]
