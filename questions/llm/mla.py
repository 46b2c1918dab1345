"""Experiment, draws and evidence for mla.md."""


def worked():
    layers, heads, width, latent, rotary = 60, 128, 128, 512, 64
    mine, full = latent + rotary, 2 * heads * width
    return [
        f"{mine}",
        f"{full:,}",
        f"{full / mine:.1f}",
        f"{mine * layers * 2 / 1024:.1f} KiB",
        f"{full * layers * 2 / 1024:,.0f} KiB",
        f"{2 * 8 * width:,}",
        f"{width + rotary}",
    ]


def _rotation(width, position):
    import torch

    angle = position * 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    turn = torch.zeros(width, width, dtype=torch.float64)
    even = torch.arange(0, width, 2)
    turn[even, even] = turn[even + 1, even + 1] = angle.cos()
    turn[even, even + 1], turn[even + 1, even] = -angle.sin(), angle.sin()
    return turn


def _misfit(seed, distances, rotate=True, width=64, latent=48):
    """Relative error of the one matrix that comes closest to R(Δ)·W_uk for all Δ below `distances`."""
    import torch

    g = torch.Generator().manual_seed(seed)
    up = torch.randn(width, latent, generator=g, dtype=torch.float64)
    wanted = torch.stack([_rotation(width, p * rotate) @ up for p in range(distances)])
    best = wanted.mean(0)  # least squares
    return ((wanted - best).norm() / wanted.norm()).item()


def experiment(off=False):
    counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    runs = [[_misfit(seed, n, rotate=not off) for n in counts] for seed in range(3)]
    for run in runs:
        assert run[0] < 1e-12, "for one distance a fixed matrix is exact"
        if off:
            assert max(run) < 1e-12, "without rotation one matrix serves all distances"
        else:
            assert all(a < b for a, b in zip(run, run[1:], strict=False)), (
                "the more distances, the worse it fits"
            )
            assert run[-1] > 0.7, "in the end most of the matrix is lost"
    mean = [sum(run[i] for run in runs) / len(runs) for i in range(len(counts))]
    if off:
        says = (
            f"Without rotation the best fixed matrix is exact for all {counts[-1]} distances (largest error "
            f"{max(map(max, runs)):.0e}): the content part of MLA can be absorbed.",
            f"不旋转时，固定矩阵对全部 {counts[-1]} 个距离都精确（最大误差 {max(map(max, runs)):.0e}）：MLA 的内容部分可以吸收。",
        )
    else:
        says = (
            f"The fixed matrix that fits best is exact for one distance; its relative error is {mean[1]:.2f} for 2, "
            f"{mean[4]:.2f} for 16 and {mean[-1]:.2f} for {counts[-1]} distances (mean of 3 seeds, head width 64).",
            f"最好的固定矩阵对一个距离是精确的；对 2 个距离，相对误差为 {mean[1]:.2f}，16 个时为 {mean[4]:.2f}，{counts[-1]} 个时为 "
            f"{mean[-1]:.2f}（3 个随机种子的平均，head 宽 64）。",
        )
    return {
        "says": says,
        "off": ("keys are not rotated", "不旋转 key"),
        "title": ("Absorbing W_uk in spite of RoPE", "在 RoPE 下硬做吸收"),
        "chart": "curves",
        "x": counts,
        "log_x": True,
        "x_label": ("distances to be served", "要照顾的距离个数"),
        "y_label": ("relative error", "相对误差"),
        "series": [(("one fixed matrix", "一个固定矩阵"), mean)],
    }


def one_matrix_evidence():
    runs = [[_misfit(seed, n) for n in (1, 8, 64, 512)] for seed in (10, 11, 12)]
    zero = all(max(run) < 1e-9 for run in runs)
    half = all(0.4 < value < 0.6 for run in runs for value in run)
    grows = all(run[0] < 1e-9 and run[0] < run[1] < run[2] < run[3] and run[3] > 0.7 for run in runs)
    falls = all(run[0] > run[-1] for run in runs)
    return [zero, half, grows, falls]


def stored_evidence():
    """Recompute all scores and values of a decoding step from each kind of cache; count what is needed at least."""
    import torch

    g = torch.Generator().manual_seed(0)
    heads, width, latent, rotary, tokens = 8, 16, 12, 4, 9

    def normal(*shape):
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    down, up_k, up_v = normal(20, latent), normal(heads, latent, width), normal(heads, latent, width)
    to_rotary = normal(20, rotary)
    hidden = normal(tokens, 20)
    c, turned = (
        hidden @ down,
        torch.stack([_rotation(rotary, t) @ k for t, k in enumerate(hidden @ to_rotary)]),
    )
    q, q_turned = normal(heads, width), normal(heads, rotary)
    full_k, full_v = (torch.einsum("tl,hlw->htw", c, up) for up in (up_k, up_v))
    wanted = torch.einsum("hw,htw->ht", q, full_k) + q_turned @ turned.T
    weights = (wanted / (width + rotary) ** 0.5).softmax(-1)
    out = torch.einsum("ht,htw->hw", weights, full_v)
    # From one latent vector and one rotated key for all heads:
    absorbed = torch.einsum("hw,hlw->hl", q, up_k)
    scores = absorbed @ c.T + q_turned @ turned.T
    mine = torch.einsum("hl,hlw->hw", (scores / (width + rotary) ** 0.5).softmax(-1) @ c, up_v)
    enough = torch.allclose(mine, out)
    cached = c.numel() + turned.numel()
    sizes = [
        (heads * latent + heads * rotary) * tokens,
        (heads * latent + rotary) * tokens,
        (latent + heads * rotary) * tokens,
        (latent + rotary) * tokens,
    ]
    return [enough and size == cached for size in sizes]


def own_part_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 8, generator=g, dtype=torch.float64)
    turn = _rotation(8, 5)
    not_linear = not torch.allclose(turn @ (2 * a + b), 2 * (turn @ a) + turn @ b)
    varies = _misfit(0, 1) < 1e-9 and _misfit(0, 64) > 0.3
    return [not_linear, varies, None, None]


def cache_size_draw(rng):
    layers, heads, n = (
        rng.choice([27, 30, 60, 61]),
        rng.choice([16, 32, 128]),
        rng.choice([4096, 8192, 16384, 32768, 131072]),
    )
    r, dr = rng.choice([(512, 64), (256, 32), (512, 32), (384, 64)])
    unit = layers * n * 2 / 2**20
    return {
        "layers": layers,
        "heads": heads,
        "n": n,
        "r": r,
        "dr": dr,
        "answer": float(f"{(r + dr) * unit:.6g}"),
        "no_rope": float(f"{r * unit:.6g}"),
        "twice": float(f"{2 * (r + dr) * unit:.6g}"),
        "full": float(f"{2 * heads * 128 * unit:.6g}"),
    }


def cache_size_evidence(drawn):
    import torch

    kept = 0
    for _ in range(drawn["layers"]):
        for width in (drawn["r"], drawn["dr"]):
            kept += torch.empty(drawn["n"], width, dtype=torch.bfloat16, device="meta").nbytes
    return [abs(drawn[k] * 2**20 / kept - 1) < 0.01 for k in ("answer", "no_rope", "twice", "full")]


def too_large_evidence():
    import torch

    def cached(*shapes, kind=torch.bfloat16):
        numbers = [torch.empty(shape, dtype=kind, device="meta").nbytes for shape in shapes]
        return 60 * sum(numbers) / 2**20

    sizes = [
        cached((512,), (64,), kind=torch.float32),
        cached((128, 128), (128, 128)),
        cached((512,), (64,), (1536,)),
        cached((512,), (128, 64)),
    ]
    return [abs(size / 3.75 - 1) < 0.03 for size in sizes]


def break_even_draw(rng):
    dh, r, dr = rng.choice([64, 80, 96, 128]), rng.choice([512, 640, 768, 1024]), rng.choice([32, 64])
    return {
        "dh": dh,
        "r": r,
        "dr": dr,
        "answer": float(f"{r * dh / (r - dh):.4g}"),
        "key_only": float(f"{2 * r * dh / (r - dh):.4g}"),
        "no_saving": float(f"{2 * r * dh / (2 * r + dr):.4g}"),
        "rank": float(r),
    }


def break_even_evidence(drawn):
    dh, r, dr = drawn["dh"], drawn["r"], drawn["dr"]

    def building(queries):
        return 2 * r * dh + queries * (dh + dr + dh)

    def absorbing(queries):
        return queries * (r + dr + r)

    first = next(m for m in range(1, 10**5) if building(m) <= absorbing(m))
    return [
        first - 1 < drawn[k] + 0.06 and drawn[k] - 0.06 <= first
        for k in ("answer", "key_only", "no_saving", "rank")
    ]
