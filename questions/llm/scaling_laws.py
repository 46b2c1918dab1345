"""Experiment, draws and evidence for scaling_laws.md."""

E, A, B, ALPHA, BETA = 1.82, 482, 2085, 0.348, 0.366


def worked():
    shown = []
    for n, d in ((70e9, 1.4e12), (8e9, 15e12)):
        size, data = A / n**ALPHA, B / d**BETA
        shown += [f"{size:.3f}", f"{data:.3f}", f"{E + size + data:.3f}"]
    return [*shown, f"{8 * 15 / (70 * 1.4):.2f}", f"{15e12 / 8e9:,.0f}"]


def _loss(n, d, tail, g, repeats):
    """Excess loss of least squares on the n most important features, from d samples.

    The features left out act as noise of variance tail(n), beside label noise of variance 0.3."""
    import torch

    noise = (0.3 + tail(n)) ** 0.5
    losses = []
    for _ in range(repeats):
        x = torch.randn(d, n, generator=g, dtype=torch.float64)  # each divided by its deviation
        error = torch.linalg.lstsq(x, noise * torch.randn(d, 1, generator=g, dtype=torch.float64)).solution
        losses.append(tail(n) + error.square().sum().item())
    return sum(losses) / repeats


def experiment(off=False):
    from math import inf

    import torch

    last = 4 if off else 4096  # the number of features that matter at all

    def tail(n):
        return sum(i**-2.0 for i in range(n + 1, last + 1))

    budgets, sizes = (2048, 8192, 32768), [2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64]
    curves, best = [], []
    for budget in budgets:
        per_seed = []
        for seed in range(3):
            g = torch.Generator().manual_seed(seed)
            per_seed.append(
                [_loss(n, budget // n, tail, g, 30) if 2 * n * n <= budget else inf for n in sizes]
            )
        bottoms = [sizes[min(range(len(sizes)), key=losses.__getitem__)] for losses in per_seed]
        curves.append([sum(column) / 3 for column in zip(*per_seed, strict=True)])
        best.append(bottoms)
    drawn = [[v if v < inf else None for v in curve] for curve in curves]
    lowest = [sizes[min(range(len(sizes)), key=curve.__getitem__)] for curve in curves]
    data = [budget // n for budget, n in zip(budgets, lowest, strict=True)]
    if off:
        assert all(n == 4 for bottoms in best for n in bottoms), "with four features the best size is four"
        says = (
            f"Only {last} features matter, and the best N is {lowest[0]} at each budget: all of the 16-fold budget goes "
            f"into samples, D = {data[0]} → {data[-1]}.",
            f"只有 {last} 个特征有用，每个预算下最优的 N 都是 {lowest[0]}：16 倍的预算全部用来增加样本，D = {data[0]} → {data[-1]}。",
        )
    else:
        assert max(best[0]) < min(best[2]), "in each of three seeds the best size has grown"
        assert all(1.4 < v[-1] / v[0] < 12 for v in (lowest, data)), "model and data both grow, neither alone"
        says = (
            f"With 16 times the budget the bottom of the valley moves from N = {lowest[0]}, D = {data[0]} to "
            f"N = {lowest[-1]}, D = {data[-1]}. Both grow; the shares follow from the exponents of this problem "
            "and are not those of language models.",
            f"预算变成 16 倍，谷底从 N = {lowest[0]}、D = {data[0]} 移到 N = {lowest[-1]}、D = {data[-1]}。两者都增大；"
            "各占多少由这个问题的指数决定，与语言模型的比例不同。",
        )
    return {
        "says": says,
        "off": ("only four features matter", "只有四个特征有用"),
        "title": ("Loss over model size, for three budgets N·D", "三个预算 N·D 下，loss 随模型大小的变化"),
        "chart": "curves",
        "x": sizes,
        "x_label": ("N, features used", "N，用到的特征数"),
        "y_label": ("loss above the noise", "高出噪声的 loss"),
        "log_x": True,
        "log_y": True,
        "series": [(f"N·D = {budget}", curve) for budget, curve in zip(budgets, drawn, strict=True)],
    }


def budget_draw(rng):
    mantissa, exponent = rng.choice([1.2, 1.9, 2.7, 3, 4.8, 5.9, 7.5]), rng.choice([21, 22, 23, 24])
    c = mantissa * 10**exponent
    n = (c / 120) ** 0.5 / 1e9
    values = {"answer": n, "tokens": 20 * n, "no_six": (c / 20) ** 0.5 / 1e9, "even": (c / 6) ** 0.5 / 1e9}
    return {"c": f"{mantissa:g}·10" + str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))} | {
        name: float(f"{value:.3g}") for name, value in values.items()
    }


def budget_evidence(drawn):
    mantissa, power = drawn["c"].split("·10")
    c = float(mantissa) * 10.0 ** int(power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
    spent = [
        6 * (n * 1e9) * (20 * n * 1e9) / c for n in (drawn[k] for k in ("answer", "tokens", "no_six", "even"))
    ]
    return [abs(share - 1) < 0.02 for share in spent]


def why_past_evidence():
    def loss(n, d):
        return E + A / n**ALPHA + B / d**BETA

    small = loss(8e9, 15e12)
    sizes = [8e9 * 1.02**i for i in range(-100, 400)]
    c = 6 * 8e9 * 15e12
    best = min(sizes, key=lambda n: loss(n, c / 6 / n))
    still_lower = loss(best, c / 6 / best) < small - 0.03  # a larger model would be better for this budget
    # a large model with the loss of the small one, and its price over a life of 20 trillion tokens
    large = next(n for n in sizes if n > 40e9 and loss(n, 20 * n) < small)
    life = 20e12
    cheaper = c + 2 * 8e9 * life < 6 * large * 20 * large + 2 * large * life
    c8 = 6 * 8e9 * 8e9 * 20
    ratio = min(sizes + [8e9 / 1.02**i for i in range(200)], key=lambda n: loss(n, c8 / 6 / n))
    more_for_small = c8 / 6 / ratio**2 > 100  # tokens per parameter at the best split
    return [not still_lower, cheaper, more_for_small, None]


def smaller_draw(rng):
    while True:
        a, k = rng.choice([0.28, 0.3, 0.32, 0.34, 0.36, 0.38]), rng.choice([2, 3, 4, 5])
        rest = 2 - k**a
        if rest < 0.3:
            continue
        d = rest ** (-1 / a)
        return {
            "a": a,
            "k": k,
            "grown": round(k**a, 3),
            "rest": round(rest, 3),
            "d": float(f"{d:.3g}"),
            "answer": float(f"{d / k:.3g}"),
            "same": float(f"{1 / k:.3g}"),
        }


def smaller_evidence(drawn):
    a, k = drawn["a"], drawn["k"]

    def excess(flops):  # two terms, 1 each at N = D = 1
        return k**a + (flops * k) ** -a

    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if excess(middle) > 2 else (low, middle)
    return [abs(value / low - 1) < 0.02 for value in (drawn["answer"], drawn["d"], 1, drawn["same"])]


def payback_draw(rng):
    while True:
        n, small = rng.choice([(70, 35), (70, 20), (34, 13), (30, 8), (13, 7), (70, 32), (40, 15)])
        d = round(n * 20 / 1000, 1)
        more = round(n * d * rng.uniform(1.15, 1.8) / small, 1)
        extra, saved = 6 * (small * more - n * d), 2 * (n - small)
        values = {
            "answer": extra / saved,
            "no_factor": extra / 6 / (saved / 2),
            "whole": 6 * small * more / saved,
            "tokens": more - d,
        }
        shown = {name: float(f"{value:.3g}") for name, value in values.items()}
        numbers = list(shown.values())
        if all(abs(v / w - 1) > 0.06 for i, v in enumerate(numbers) for w in numbers[:i]):
            return {"n": n, "d": d, "small": small, "more": more, "saved": saved} | {
                "extra": float(f"{extra:.4g}"),
                **shown,
            }


def payback_evidence(drawn):
    def total(n, d, served):
        return 6 * n * d + 2 * n * served

    large, small = (drawn["n"], drawn["d"]), (drawn["small"], drawn["more"])
    return [
        abs(total(*small, t) / total(*large, t) - 1) < 0.006
        for t in (drawn[name] for name in ("answer", "no_factor", "whole", "tokens"))
    ]


def valley_evidence():
    def best(budget):  # expected loss of least squares, in closed form
        def loss(n):
            tail = sum(i**-2.0 for i in range(n + 1, 4097))
            return tail + (0.3 + tail) * n / (budget / n - n - 1)

        return min(range(2, 40), key=loss)

    n, d = best(32768) / best(2048), 16 * best(2048) / best(32768)
    return [n > 12 and d < 1.3, n < 1.2 and d > 13, 1.2 < n < 13 and 1.2 < d < 13, n < 0.9]


def checkpoints_evidence():
    from math import cos, pi

    import torch

    def run(steps, seed, notes):
        """Noisy SGD on a quadratic, 64 copies at once, with one cosine schedule; the loss at the noted steps."""
        g = torch.Generator().manual_seed(seed)
        slopes = torch.arange(1.0, 33, dtype=torch.float64) ** -1.5
        w = torch.ones(64, 32, dtype=torch.float64)
        seen = {}
        for step in range(1, steps + 1):
            rate = 0.5 * 0.5 * (1 + cos(pi * step / steps))
            w = w - rate * slopes * (w + 0.7 * torch.randn(64, 32, generator=g, dtype=torch.float64))
            if step in notes:
                seen[step] = 0.5 * (slopes * w.square()).sum(1).mean().item()
        return seen

    points = (250, 500, 1000)
    higher, steeper = [], []
    for seed in range(3):
        one = run(1000, seed, points)
        own = {steps: run(steps, seed, (steps,))[steps] for steps in points}
        higher.append(all(one[p] > 1.1 * own[p] for p in points[:2]))
        steeper.append(one[250] / one[1000] > 1.1 * own[250] / own[1000])
    high, more = all(higher), all(steeper)
    return [high and not more, high and more, not high and not more, not high and more]


def read_law_evidence():
    def loss(n, d, a=ALPHA, b=BETA):
        return E + A / n**a + B / d**b

    def ratio(c, a, b):  # the best D/N, by search
        sizes = [10 ** (6 + i / 100) for i in range(700)]
        n = min(sizes, key=lambda n: loss(n, c / 6 / n, a, b))
        return c / 6 / n**2

    floor = all(loss(1e9, 10.0**e) > E + A / 1e9**ALPHA for e in range(6, 18))
    halves = abs((loss(2e9, 4e10) - E) / (loss(1e9, 2e10) - E) - 0.5) < 0.05
    constant = abs(ratio(1e23, 0.35, 0.35) / ratio(1e20, 0.35, 0.35) - 1) < 0.06
    grows = ratio(1e23, 0.3, 0.4) > 1.1 * ratio(1e20, 0.3, 0.4)
    same = abs(loss(70e9, 1e9) - loss(1e9, 70e9)) < 0.05
    return [floor, halves, constant, grows, same]
