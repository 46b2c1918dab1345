"""Experiment, draws and evidence for sinusoidal.md."""


def _table(positions, d):
    import torch

    angles = positions.double()[:, None] / 10000 ** (torch.arange(0, d, 2, dtype=torch.float64) / d)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def worked():
    import torch

    row = _table(torch.tensor([2]), 4)[0]
    return [
        "(" + ", ".join(f"{v:.3f}".replace("-", "−") for v in row.tolist()) + ")",
        "6.28",
        f"{2 * torch.pi * 1e4:,.0f}",
    ]


def _one_matrix(random, seed, d=16, shift=7, count=4000, fitted=300):
    """Error of one fitted matrix for p → p + shift at positions it was not fitted to, relative to a row's length."""
    import torch

    g = torch.Generator().manual_seed(seed)
    table = _table(torch.arange(count + shift), d)
    if random:
        table = torch.randn(count + shift, d, generator=g, dtype=torch.float64) / 2**0.5
    positions = torch.randperm(count, generator=g)
    some, others = positions[:fitted], positions[fitted:]
    matrix = torch.linalg.lstsq(table[some], table[some + shift]).solution
    error = (table[others] @ matrix - table[others + shift]).norm(dim=1)
    return (error / table[others].norm(dim=1)).mean().item()


def experiment(off=False):
    import torch

    shifts = [1, 7, 50]
    errors = [[_one_matrix(off, seed, shift=k) for seed in range(3)] for k in shifts]
    least, most = min(map(min, errors)), max(map(max, errors))
    if off:
        assert least > 0.9, "no matrix carries random rows to their successors"
        says = (
            f"For a table of random rows, as a learned one starts, the best matrix errs by {least:.2f} to {most:.2f} of a "
            f"row's length: nothing links a row to its neighbour.",
            f"换成随机的行（可学习的表一开始就是这样），最好的矩阵误差也有行长的 {least:.2f} 到 {most:.2f}：一行与邻行毫无联系。",
        )
    else:
        assert most < 1e-9, "one matrix serves all positions"
        says = (
            f"Fitted to 300 positions, one matrix carries the 3,700 others by 1, 7 and 50 tokens with a relative error of at most "
            f"{most:.0e}: rounding. Three seeds.",
            f"用 300 个位置拟合的矩阵，把另外 3,700 个位置平移 1、7、50 个 token，相对误差至多 {most:.0e}，只是舍入误差。三个种子。",
        )
    rows = torch.arange(0, 24)
    g = torch.Generator().manual_seed(0)
    shown = torch.randn(24, 32, generator=g) / 2**0.5 if off else _table(rows, 32)
    return {
        "says": says,
        "off": ("random rows in place of sinusoids", "用随机的行代替正弦编码"),
        "charts": [
            {
                "chart": "table",
                "title": ("Error of one matrix at positions not fitted", "同一个矩阵在未拟合位置上的误差"),
                "columns": [("shift", "平移"), *((f"seed {s}", f"种子 {s}") for s in range(3))],
                "rows": [[k, *(f"{e:.1e}" for e in row)] for k, row in zip(shifts, errors, strict=True)],
            },
            {
                "chart": "picture",
                "title": ("The table: 24 positions, 32 features", "编码表：24 个位置，32 个特征"),
                "values": shown.clamp(-1, 1).tolist(),
                "rows": [str(p) for p in rows.tolist()],
                "low": -1,
                "high": 1,
            },
        ],
    }


def indices_evidence():
    import torch

    row = _table(torch.arange(6), 8)
    p = torch.arange(6, dtype=torch.float64)
    by_feature = torch.allclose(row[:, 0], p.sin()) and torch.allclose(row[:, 1], p.cos())
    by_token = torch.allclose(row[1::2, 0], p[1::2].cos())  # odd tokens with a cosine in their first feature?
    halves = torch.allclose(row[:, 4:], row[:, :4].pow(2).mul(-1).add(1).clamp(min=0).sqrt())
    return [by_token, halves, by_feature, None]


def value_draw(rng):
    from math import cos, radians, sin

    while True:
        d, p = rng.choice([4, 6, 8, 10, 12]), rng.randint(2, 60)
        j = rng.randint(2, d - 1)
        i = j // 2
        omega, slow = 10000 ** (-2 * i / d), 10000 ** (-i / d)
        mine, other = (cos, sin) if j % 2 else (sin, cos)
        values = [mine(omega * p), other(omega * p), mine(slow * p), mine(radians(omega * p))]
        if min(abs(a - b) for n, a in enumerate(values) for b in values[:n]) < 0.05 or abs(values[0]) < 0.1:
            continue
        shown = dict(
            zip(("answer", "swapped", "slow", "degrees"), (round(v, 4) for v in values), strict=True)
        )
        name = "cos" if j % 2 else "sin"
        return {
            "d": d,
            "p": p,
            "j": j,
            "i": i,
            "omega": float(f"{omega:.4g}"),
            "angle": float(f"{omega * p:.4g}"),
            "name": name,
        } | shown


def value_evidence(drawn):
    import torch

    value = _table(torch.tensor([drawn["p"]]), drawn["d"])[0, drawn["j"]].item()
    return [abs(value / drawn[name] - 1) < 0.02 for name in ("answer", "swapped", "slow", "degrees")]


def one_matrix_evidence():
    errors = [_one_matrix(False, seed) for seed in range(3)]
    rounding = max(errors) < 1e-9
    return [min(errors) > 0.5, 0.02 < min(errors) < 0.5, False if rounding else None, rounding]


def flat_half_evidence():
    import torch

    short, long = _table(torch.arange(50), 512), _table(torch.arange(5000), 512)
    slow = slice(342, 512)
    constant = (short[:, slow].amax(0) - short[:, slow].amin(0)).amax().item() < 0.11
    moves = (long[:, slow].amax(0) - long[:, slow].amin(0)).median().item() > 0.9
    # two positions that the fast part nearly confuses, and the slow part does not
    apart = torch.cdist(long[::7, slow], long[::7, slow])
    far = torch.arange(0, 5000, 7)
    told = apart[(far[:, None] - far).abs() > 1000].amin().item() > 0.5
    shorter = _table(torch.arange(50), 256).norm(dim=1)
    equally_long = (shorter - shorter[0]).abs().amax().item() < 1e-9  # with fewer pairs, too
    single = (short[:, slow] - short[:, slow].float().double()).abs().amax().item() > 1e-3
    return [constant and moves and told, None, None if equally_long else True, single]


def slow_pairs_draw(rng):
    from math import log, pi

    while True:
        d, length = (
            rng.choice([64, 128, 256, 512, 768, 1024]),
            rng.choice([50, 100, 200, 512, 1024, 2048, 4096]),
        )
        bound = d / 2 * log(length / (2 * pi)) / log(10000)
        radians = d / 2 - 1 - int(d / 2 * log(length) / log(10000))
        pairs, answer = d // 2, d // 2 - 1 - int(bound)
        if len({answer, pairs - answer, 2 * answer, radians}) == 4 and bound % 1 > 0.02:
            return {
                "d": d,
                "length": length,
                "pairs": pairs,
                "last": pairs - 1,
                "bound": round(bound, 1),
                "answer": answer,
                "fast": pairs - answer,
                "features": 2 * answer,
                "radians": int(radians),
            }


def slow_pairs_evidence(drawn):
    import torch

    # follow each hand token by token and add up how far it has turned
    table = _table(torch.arange(drawn["length"] + 1), drawn["d"]).unflatten(1, (-1, 2))
    angle = torch.atan2(table[..., 0], table[..., 1])
    steps = (angle[1:] - angle[:-1]) % (2 * torch.pi)
    count = (steps.sum(0) < 2 * torch.pi).sum().item()
    return [count == drawn[name] for name in ("answer", "fast", "features", "radians")]


def dot_products_evidence():
    import torch

    table = _table(torch.arange(400), 128)
    s = table @ table.T
    same = abs((s[3, 8] - s[103, 108]).item()) < 1e-9
    even = abs((s[50, 45] - s[50, 55]).item()) < 1e-9
    falls = bool((s[0, 1:301] < s[0, :300]).all())
    assert s[0, 12] > s[0, 11]
    own = torch.allclose(s.diagonal(), torch.full((400,), 64.0, dtype=torch.float64))
    negative = (s[0, 1:301] < 0).double().mean().item() > 0.5
    return [same, even, falls, own, negative]
