"""Runs the claims about multi-head attention."""


def _counter():
    """A mode that counts what the matrix products inside it cost, at 2 FLOPs a multiplication."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Counter(TorchFunctionMode):
        flops = 0

        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if func in (torch.Tensor.matmul, torch.Tensor.__matmul__, torch.matmul):
                self.flops += 2 * result.numel() * args[0].shape[-1]
            return result

    return Counter()


def _attend(x, w_q, w_k, w_v, heads):
    """Each head's output, (heads, T, width), and the weights, (heads, T, T)."""
    tokens, width = x.shape
    q, k, v = ((x @ w).view(tokens, heads, width // heads).transpose(0, 1) for w in (w_q, w_k, w_v))
    weights = (q @ k.mT / (width // heads) ** 0.5).softmax(-1)
    return weights @ v, weights


def _cost(width, heads, tokens=16):
    """FLOPs of the matrix products, and numbers in the score matrices."""
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.randn(tokens, width, generator=g)
    matrices = [torch.full((width, width), 1 / width)] * 4
    with _counter() as counter:
        out, weights = _attend(x, *matrices[:3], heads)
        out.transpose(0, 1).reshape(tokens, width) @ matrices[3]
    return counter.flops, weights.numel()


def _full_head(tokens, width):
    """One head of the full width, projections and all."""
    import torch

    x, matrix = torch.ones(tokens, width), torch.full((width, width), 1 / width)
    q, k, v = x @ matrix, x @ matrix, x @ matrix
    return (q @ k.mT / width**0.5).softmax(-1) @ v @ matrix


def cost_draw(rng):
    heads = rng.choice([2, 4, 8, 16])
    narrow = rng.choice([32, 64, 128])
    return {"width": heads * narrow, "heads": heads, "narrow": narrow}


def cost_evidence(drawn):
    flops, scores = _cost(drawn["width"], 1)
    more_flops, more_scores = _cost(drawn["width"], drawn["heads"])
    grown = more_flops / flops, more_scores / scores
    h = drawn["heads"]
    return [grown == (1 / h, 1), grown == (1, 1), grown == (1, h), grown == (h, h)]


def why_several_evidence():
    import torch
    from torch import nn

    # Token 0 carries feature 0, token 1 carries feature 1; the query wants both at full strength.
    values = torch.eye(2)
    two_heads = torch.tensor([values[0, 0], values[1, 1]])
    shares = torch.linspace(0, 1, 101)[:, None]
    one_head = shares * values[0] + (1 - shares) * values[1]
    several_needed = (one_head - two_heads).norm(dim=-1).min().item() > 0.5

    sizes = {sum(p.numel() for p in nn.MultiheadAttention(24, h).parameters()) for h in (1, 2, 4)}
    g = torch.Generator().manual_seed(0)
    x = torch.randn(6, 24, generator=g)
    _, weights = _attend(x, *(torch.randn(24, 24, generator=g) / 5 for _ in range(3)), 4)
    torch.manual_seed(0)
    layer = nn.MultiheadAttention(24, 4, bias=False)
    projected = layer(x, x, x)[0]
    each, _ = _attend(x, *(w.T for w in layer.in_proj_weight.chunk(3)), 4)
    joined = each.transpose(0, 1).reshape(6, 24) @ layer.out_proj.weight.T
    averaged = each.mean(0).repeat(1, 4) @ layer.out_proj.weight.T
    assert torch.allclose(projected, joined, atol=1e-5), "torch joins the heads side by side"
    return [
        several_needed,
        len(sizes) > 1,
        bool((weights == 0).any()),  # a head that reads a part would leave some tokens out
        torch.allclose(projected, averaged, atol=1e-5),
    ]


def rank_draw(rng):
    narrow = rng.choice([16, 32, 64])
    heads = rng.choice([h for h in (4, 6, 8, 12) if h != narrow])
    n = rng.choice([100, 150, 200])
    return {"width": narrow * heads, "heads": heads, "n": n, "narrow": narrow, "answer": narrow}


def rank_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.randn(drawn["n"], drawn["width"], generator=g, dtype=torch.float64)
    w_q, w_k = torch.randn(2, drawn["width"], drawn["width"], generator=g, dtype=torch.float64)
    q, k = ((x @ w).view(drawn["n"], drawn["heads"], -1)[:, 0] for w in (w_q, w_k))
    rank = torch.linalg.matrix_rank(q @ k.mT).item()
    return [drawn[name] == rank for name in ("answer", "n", "width", "heads")]


def worked():
    d, n = 512, 1000
    return [
        f"{4 * 2 * n * d * d / 1e9:.2f}·10⁹",
        f"{2 * 2 * n * n * d / 1e9:.2f}·10⁹",
        f"{2 * n * n / 2**20:.2f} MiB",
        f"{8 * 2 * n * n / 2**20:.1f} MiB",
    ]


def output_projection_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    width, heads, tokens = 12, 3, 5
    x = torch.randn(tokens, width, generator=g)
    w_q, w_k, w_v, w_o = (torch.randn(width, width, generator=g) / 3 for _ in range(4))
    each, _ = _attend(x, w_q, w_k, w_v, heads)
    joined = each.transpose(0, 1).reshape(tokens, width)

    def heads_behind(project):
        """How many heads each output feature depends on."""
        behind = torch.zeros(width)
        for head in range(heads):
            silenced = each.clone()
            silenced[head] = 0
            change = project(silenced.transpose(0, 1).reshape(tokens, width)) - project(joined)
            behind += (change.abs().amax(0) > 1e-6).float()
        return behind

    alone, mixed = heads_behind(lambda y: y), heads_behind(lambda y: y @ w_o)
    diagonal_enough = torch.allclose(joined @ w_o, joined * w_o.diagonal(), atol=1e-3)
    linear = torch.allclose((2 * joined) @ w_o, 2 * (joined @ w_o))
    return [
        joined.shape[-1] != width,
        bool((alone == 1).all() and (mixed == heads).all()),
        diagonal_enough,  # would hold if W_o only scaled
        not linear,
    ]


def experiment(off=False):
    width, tokens = 256, 128
    label = ("every head as wide as the model", "每个 head 都与模型一样宽")
    if off:
        rows = []
        for heads in (1, 2, 4, 8):
            with _counter() as counter:
                for _ in range(heads):
                    _full_head(tokens, width)
            rows.append([str(heads), width, round(counter.flops / 1e6, 1), heads * tokens**2])
        assert all(abs(row[2] / rows[0][2] / int(row[0]) - 1) < 0.01 for row in rows), (
            "full-width heads cost h times as much"
        )
        return {
            "says": (
                f"If every head had the full width, the FLOPs would grow with their number: {rows[0][2]} million with one, "
                f"{rows[-1][2]} million with 8. They stay the same only because the heads share the width.",
                f"如果每个 head 都有全宽，FLOPs 就会随个数增长：1 个是 {rows[0][2] / 100:.2f} 亿，8 个是 {rows[-1][2] / 100:.2f} 亿。"
                "平时 FLOPs 不变，只是因为各 head 平分了宽度。",
            ),
            "off": label,
            "title": (f"{tokens} tokens of width {width}", f"{tokens} 个宽 {width} 的 token"),
            "chart": "table",
            "columns": [
                ("heads", "head 数"),
                ("width of one", "每个 head 的宽度"),
                "MFLOPs",
                ("scores", "分数个数"),
            ],
            "rows": rows,
        }
    rows, costs = [], []
    for heads in (1, 2, 4, 8, 16):
        flops, scores = _cost(width, heads, tokens)
        costs.append((flops, scores / heads))
        rows.append([str(heads), width // heads, 4 * width**2, round(flops / 1e6, 1), scores])
    assert len(set(costs)) == 1, "the FLOPs are the same for any number of heads, the scores grow with it"
    flops, first, last = rows[0][3], rows[0][4], rows[-1][4]
    return {
        "says": (
            f"With 1 head or 16, the matrix products take {flops} million FLOPs. The scores grow from "
            f"{first:,} to {last:,} numbers: {last // first} heads, {last // first} times the memory.",
            f"1 个 head 也好，16 个 head 也好，矩阵乘法都是 {100 * flops:.0f} 万 FLOPs。分数却从 {first:,} 个数涨到 {last:,} 个："
            f"{last // first} 个 head，{last // first} 倍显存。",
        ),
        "off": label,
        "title": (f"{tokens} tokens of width {width}", f"{tokens} 个宽 {width} 的 token"),
        "chart": "table",
        "columns": [
            ("heads", "head 数"),
            ("width of one", "每个 head 的宽度"),
            ("parameters", "参数量"),
            "MFLOPs",
            ("scores", "分数个数"),
        ],
        "rows": rows,
    }
