"""Experiment, draws and evidence for attention_cues.md."""


def beyond_pooling_evidence():
    import torch
    from torch.nn.functional import scaled_dot_product_attention as attend

    g = torch.Generator().manual_seed(0)
    k, v = (torch.randn(6, 4, generator=g, dtype=torch.float64) for _ in range(2))
    queries = torch.randn(3, 4, generator=g, dtype=torch.float64)
    weights = attend(queries, k, torch.eye(6, dtype=torch.float64))  # the mean of unit vectors
    average = attend(0 * queries, k, torch.eye(6, dtype=torch.float64))  # no wish: equal weights

    sums = not torch.allclose(average.sum(-1), weights.sum(-1))
    fixed = torch.allclose(weights[0], weights[1])
    outputs = attend(queries, k, v)
    varied = torch.pdist(outputs).min().item() > 0.1 and torch.allclose(average[0] @ v, v.mean(0))
    larger = v.clone()
    larger[2] *= 100
    drawn_to_it = not torch.allclose(attend(queries, k, larger), weights @ larger)
    return [sums, fixed, drawn_to_it, varied]


def worked():
    import math

    import torch

    keys, values = 2 * torch.eye(2), torch.tensor([10.0, 20.0])
    weights = [(keys @ torch.tensor(q)).softmax(0) for q in ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0))]
    shown = [f"{w:.3f}" for w in weights[0].tolist()] + [f"{(w @ values).item():.2f}" for w in weights]
    return shown + [f"{math.log(99 * (n - 1)):.2f}" for n in (10, 1000)]


def which_move_evidence():
    import torch

    moved = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        q = torch.randn(4, generator=g, dtype=torch.float64)
        k, v = (torch.randn(6, 4, generator=g, dtype=torch.float64) for _ in range(2))

        def weights(q, k, v, add=0.0):
            return (k @ q + add).softmax(0), v

        base = weights(q, k, v)[0]
        other = v.clone()
        other[2] += 1
        title = k.clone()
        title[2] += 1
        order = torch.tensor([3, 1, 5, 0, 2, 4])
        further = torch.cat([k, torch.randn(1, 4, generator=g, dtype=torch.float64)])
        now = [
            weights(q, k, other)[0],
            weights(q, title, v)[0],
            weights(2 * q, k, v)[0],
            weights(q, k[order], v[order])[0][order.argsort()],
            weights(q, further, v)[0][:6],
            weights(q, k, v, add=3.0)[0],
        ]
        moved.append([not torch.allclose(w, base) for w in now])
    assert all(row == moved[0] for row in moved)
    return moved[0]


def how_hard_draw(rng):
    import math

    n, percent = rng.choice([10, 20, 50, 100, 200, 500, 1000]), rng.choice([90, 95, 99])
    odds = {90: 9, 95: 19, 99: 99}[percent]
    values = {
        "answer": math.log(odds * (n - 1)),
        "pair": math.log(odds),
        "common": math.log10(odds * (n - 1)),
        "no_odds": math.log(n - 1),
    }
    if (
        abs(values["pair"] / values["no_odds"] - 1) < 0.03
        or abs(values["pair"] / values["common"] - 1) < 0.03
    ):
        return how_hard_draw(rng)
    if abs(values["common"] / values["no_odds"] - 1) < 0.03:
        return how_hard_draw(rng)
    sizes = {"n": n, "others": n - 1, "percent": percent, "share": percent / 100, "odds": odds}
    return sizes | {name: float(f"{value:.3g}") for name, value in values.items()}


def how_hard_evidence(drawn):
    import torch

    def share(score):
        scores = torch.zeros(drawn["n"], dtype=torch.float64)
        scores[0] = score
        return scores.softmax(0)[0].item()

    low, high = 0.0, 30.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) < drawn["share"] else (low, middle)
    return [abs(drawn[name] / low - 1) < 0.01 for name in ("answer", "pair", "common", "no_odds")]


def _find(mean_wanted=False, steps=300, seed=0):
    """Five objects of different kinds, each with a number; the number of one kind is asked for (or, if `mean_wanted`,
    the mean of all). Returns the squared errors of averaging and of attention, and some attention weights."""
    import torch

    kinds, count, d = 8, 5, 16
    g = torch.Generator().manual_seed(seed)
    w_q, w_k = (torch.randn(kinds, d, generator=g) / d**0.5 for _ in range(2))
    first, second = torch.randn(2 * kinds + 1, 64, generator=g) / 4, torch.randn(64, 1, generator=g) / 8
    bias = torch.zeros(64)
    groups = {"attention": [w_q, w_k], "average": [first, second, bias]}
    moments = {}
    for name, group in groups.items():
        for w in group:
            w.requires_grad_()
        moments[name] = [(torch.zeros_like(w), torch.zeros_like(w)) for w in group]

    def batch(size):
        kind = torch.rand(size, kinds, generator=g).argsort(1)[:, :count]
        number = torch.randn(size, count, generator=g)
        place = torch.randint(count, (size,), generator=g)
        asked = kind.gather(1, place[:, None])[:, 0]
        want = number.mean(1) if mean_wanted else number.gather(1, place[:, None])[:, 0]
        return kind, number, asked, want

    def answers(kind, number, asked):
        weights = (w_q[asked][:, None] * w_k[kind]).sum(-1).softmax(-1)
        shown = torch.nn.functional.one_hot(kind, kinds).float().mean(1)
        wish = torch.nn.functional.one_hot(asked, kinds).float()
        mean = torch.cat([shown, wish, number.mean(1, keepdim=True)], 1)
        average = ((mean @ first + bias).relu() @ second)[:, 0]
        return {"attention": (weights * number).sum(1), "average": average}, weights

    for step in range(1, steps + 1):
        kind, number, asked, want = batch(128)
        outputs, _ = answers(kind, number, asked)
        for name, group in groups.items():
            gradients = torch.autograd.grad((outputs[name] - want).square().mean(), group)
            with torch.no_grad():
                for w, gradient, (m, v) in zip(group, gradients, moments[name], strict=True):
                    m.lerp_(gradient, 0.1)
                    v.lerp_(gradient.square(), 0.01)
                    w -= 0.03 * (m / (1 - 0.9**step)) / ((v / (1 - 0.99**step)).sqrt() + 1e-8)
    with torch.no_grad():
        kind, number, asked, want = batch(2000)
        outputs, _ = answers(kind, number, asked)
        errors = {name: (out - want).square().mean().item() for name, out in outputs.items()}
        desk = torch.arange(count).expand(count, count)
        _, weights = answers(desk, torch.zeros(count, count), torch.arange(count))
    return errors, weights.tolist()


def find_one_evidence():
    errors = [_find(seed=seed)[0] for seed in range(3)]
    attention = all(error["attention"] < 0.1 for error in errors)
    average = all(error["average"] < 0.5 for error in errors)
    large = all(min(error.values()) > 0.5 for error in errors)
    return [attention and average, attention and not average, average and not attention, large]


def experiment(off=False):
    runs = [_find(off, seed=seed) for seed in range(3)]
    for errors, _ in runs:
        if off:
            assert errors["average"] < 0.03, "where the mean is asked for, averaging is enough"
            assert errors["attention"] < 0.03, "and attention learns to average"
        else:
            assert errors["attention"] < 0.1, "attention finds the object"
            assert errors["average"] > 0.5, "after averaging it is lost"
    average, attention = (sum(run[0][name] for run in runs) / 3 for name in ("average", "attention"))
    names = ["A", "B", "C", "D", "E"]
    says = (
        f"Squared error, mean of 3 seeds (the numbers have variance 1): {average:.2f} for averaging, {attention:.3f} for "
        "attention. Each wish finds its object.",
        f"平方误差，3 个种子平均（数的方差为 1）：平均是 {average:.2f}，注意力是 {attention:.3f}。每个意愿都找到了自己的物品。",
    )
    if off:
        says = (
            f"When the mean of all numbers is asked for, averaging is enough: squared error {average:.4f}, attention "
            f"{attention:.4f}, with weights near 1/5 whatever the wish.",
            f"要的是所有数的平均时，直接平均就够了：平方误差 {average:.4f}，注意力 {attention:.4f}，不论意愿是什么，"
            "权重都接近 1/5。",
        )
    return {
        "says": says,
        "off": ("the mean is asked for", "改为要所有数的平均"),
        "chart": "picture",
        "title": ("Weights of five objects (row: the kind asked for)", "五件物品的权重（行是所问的类别）"),
        "values": runs[0][1],
        "rows": names,
        "columns": names,
        "low": 0,
        "high": 1,
    }
