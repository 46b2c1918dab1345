"""Few eights among many digits: what a weight changes, what a threshold does as well, and focal loss."""


def _trained(seed, weight, eights=20, others=None):
    """A linear detector from few eights: probabilities of held-out images, and which of them are eights."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    from dlkata.suite import digits

    images, labels = digits()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(seed))
    x, y = images.flatten(1)[order], (labels == 8)[order]
    kept = torch.cat([y[:900].nonzero().flatten()[:eights], (~y[:900]).nonzero().flatten()[:others]])
    w = torch.zeros(65, requires_grad=True)
    optimizer = torch.optim.LBFGS([w], max_iter=40)
    factor = torch.tensor(float(weight))

    def closure():
        optimizer.zero_grad()
        z = x[kept] @ w[:64] + w[64]
        loss = binary_cross_entropy_with_logits(z, y[kept].float(), pos_weight=factor)
        loss = loss + 1e-3 * w[:64].square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (x[900:] @ w[:64] + w[64]).detach().sigmoid(), y[900:]


def _found(p, positive, alarms=None):
    """Recall and precision at 0.5, or at the threshold that gives so many alarms; and the number of alarms."""
    import torch

    alarm = p > 0.5
    if alarms is not None:
        alarm = torch.zeros_like(alarm)
        alarm[p.topk(alarms).indices] = True
    hits = (alarm & positive).sum().item()
    return hits / positive.sum().item(), hits / max(1, alarm.sum().item()), int(alarm.sum())


def weights_or_threshold_evidence():
    shares, few = [], []
    for seed in range(3):
        (plain, positive), (weighted, _same) = _trained(seed, 1), _trained(seed, 40)
        recall, _precision, alarms = _found(weighted, positive)
        few.append(_found(plain, positive)[0] < 0.3 < 0.6 < recall)
        shares.append(_found(plain, positive, alarms)[0] / recall)
    assert all(few)
    return [max(shares) < 0.4, min(shares) > 0.4 and max(shares) < 0.6, min(shares) > 0.85 and max(shares) < 1.15,
            min(shares) > 1.3]  # fmt: skip


def weighted_output_draw(rng):
    w, percent = rng.choice([5, 10, 20, 50]), rng.choice([1, 2, 5, 10])
    odds = percent / (100 - percent)
    return {
        "w": w,
        "percent": f"{percent} %",
        "answer": round(odds * w / (1 + odds * w), 3),
        "p": percent / 100,
        "halfway": round(odds * w**0.5 / (1 + odds * w**0.5), 3),
        "down": round(odds / w / (1 + odds / w), 5),
    }


def weighted_output_evidence(drawn):
    import torch

    p = drawn["p"]
    z = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([z], max_iter=100, tolerance_grad=1e-12, line_search_fn="strong_wolfe")
    loss_of = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(float(drawn["w"]), dtype=torch.float64))

    def closure():
        optimizer.zero_grad()
        loss = p * loss_of(z, torch.ones_like(z)) + (1 - p) * loss_of(z, torch.zeros_like(z))
        loss.backward()
        return loss

    optimizer.step(closure)
    q = z.sigmoid().item()
    return [abs(drawn[name] / q - 1) < 0.01 for name in ("answer", "p", "halfway", "down")]


def focal_draw(rng):
    import math

    p, gamma = rng.choice([0.1, 0.2, 0.3, 0.7, 0.8]), rng.choice([1, 2, 3])
    values = {
        "answer": -(p**gamma) * math.log(1 - p),
        "plain": -math.log(1 - p),
        "wrong": -((1 - p) ** gamma) * math.log(p),
        "other": -((1 - p) ** gamma) * math.log(1 - p),
    }
    return {"p": p, "gamma": gamma} | {name: float(f"{value:.3g}") for name, value in values.items()}


def focal_evidence(drawn):
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    z = torch.logit(torch.tensor([drawn["p"]], dtype=torch.float64))
    cost = binary_cross_entropy_with_logits(z, torch.zeros_like(z), reduction="none")
    p_true = torch.exp(-cost)
    value = ((1 - p_true) ** drawn["gamma"] * cost).item()
    return [abs(drawn[name] / value - 1) < 0.01 for name in ("answer", "plain", "wrong", "other")]


def focal_why_evidence():
    import torch

    def focal(p, y, gamma=2.0):
        p_true = torch.where(y.bool(), p, 1 - p)
        return -((1 - p_true) ** gamma) * p_true.log(), -p_true.log()

    p = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
    positive, cost = focal(p, torch.ones_like(p))
    negative, _ce = focal(1 - p, torch.zeros_like(p))
    by_class = not torch.allclose(positive, negative)
    dearer = bool((positive > cost).any())
    easy, hard = (
        torch.full((100_000,), 0.01, dtype=torch.float64),
        torch.full((10,), 0.6, dtype=torch.float64),
    )
    zeros = torch.zeros_like
    of_easy, of_hard = focal(easy, zeros(easy)), focal(hard, zeros(hard))
    flood = of_easy[1].sum() > 10 * of_hard[1].sum() and of_easy[0].sum() < 0.2 * of_hard[0].sum()
    assert bool((positive.diff() < 0).all()) and bool((cost.diff() < 0).all())  # both fall as pₜ rises
    return [by_class, dearer, bool(flood), None]


def copies_evidence():
    import torch

    from dlkata.suite import digits

    images, labels = digits()
    before, after, noisier = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        order = torch.randperm(1797, generator=g)
        eights, others = order[labels[order] == 8][:30], order[labels[order] != 8][:1200]

        def recall(first_copy, noise, g=g, eights=eights, others=others):
            source = torch.cat([eights.repeat(40), others])
            x = images.flatten(1)[source] + noise * torch.randn(len(source), 64, generator=g)
            number = torch.arange(1797)[source]
            chance = torch.rand(len(source) if first_copy else 1797, generator=g)
            held = (chance if first_copy else chance[number]) < 0.2
            wanted = held & (labels[source] == 8)
            near = torch.cdist(x[wanted], x[~held]).argmin(1)
            return (labels[source][~held][near] == 8).float().mean().item()

        before.append(recall(True, 0.1))
        after.append(recall(False, 0.1))
        noisier.append(recall(True, 0.2))
    return [False, min(noisier) < 0.9, None, min(before) > 0.97 and sum(after) / 3 < 0.9]


def worked():
    import math

    odds = 0.02 / 0.98 * 49
    easy, middle = -math.log(0.9), -math.log(0.5)
    return [
        f"q = {odds / (1 + odds):.1f}",
        f"{0.01 * easy:.5f}",
        f"{easy:.3f}",
        f"{0.25 * middle:.3f}",
        f"{middle:.3f}",
        f"−{math.log(0.99 / 0.01):.3f}",
    ]


def experiment(off=False):
    eights, others, weight = (80, 80, 1) if off else (20, None, 40)
    names = {
        "plain": ("plain, at 0.5", "不加权，阈值 0.5"),
        "weighted": (f"weight {weight}, at 0.5", f"加权 {weight}，阈值 0.5"),
        "moved": ("plain, as many alarms", "不加权，警报数相同"),
    }
    found = {name: [] for name in names}
    for seed in range(3):
        plain, positive = _trained(seed, 1, eights, others)
        weighted, _same = _trained(seed, weight, eights, others)
        alarms = _found(weighted, positive)[2]
        for name, p, number in (
            ("plain", plain, None),
            ("weighted", weighted, None),
            ("moved", plain, alarms),
        ):
            found[name].append(_found(p, positive, number)[:2])
        plain_recall, recall, moved = (found[name][-1][0] for name in names)
        if off:
            assert plain_recall > 0.7, "with as many eights as others 0.5 is the right bar"
        else:
            assert plain_recall < 0.3 < 0.6 < recall, "at 0.5 the weight decides"
            assert abs(moved / recall - 1) < 0.15, "with as many alarms the plain one finds as many eights"
    means = {name: [sum(column) / 3 for column in zip(*runs, strict=True)] for name, runs in found.items()}
    plain, weighted, moved = (100 * means[name][0] for name in names)
    if off:
        says = (
            f"80 eights and 80 other digits: there is nothing to weigh, and at 0.5 the plain detector finds {plain:.0f} % "
            "of the unseen eights.",
            f"80 个 8 和 80 个其他数字：没有什么可加权的，阈值 0.5 下不加权的检测器就找到没见过的 8 的 {plain:.0f} %。",
        )
    else:
        says = (
            f"20 eights among 830 digits. At 0.5 the plain detector finds {plain:.0f} % of the unseen eights, the weighted one "
            f"{weighted:.0f} %. With as many alarms as that one the plain detector finds {moved:.0f} %.",
            f"830 个数字里有 20 个 8。阈值 0.5 时，不加权的找到没见过的 8 的 {plain:.0f} %，加权的找到 {weighted:.0f} %。"
            f"警报数与后者相同时，不加权的也找到 {moved:.0f} %。",
        )
    return {
        "says": says,
        "off": ("as many eights as other digits", "8 与其他数字一样多"),
        "title": (
            "Unseen images, a tenth of them eights (mean of 3 seeds)",
            "没见过的图，十分之一是 8（3 个种子平均）",
        ),
        "chart": "table",
        "columns": [("detector", "检测器"), ("recall", "召回率"), ("precision", "精确率")],
        "rows": [[names[name], *(round(value, 2) for value in means[name])] for name in names],
    }
