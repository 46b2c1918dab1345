"""Metrics on the digits: what the share of positives changes, and what it does not."""


def _detector(seed):
    """Scores of 897 held-out images by a linear detector of eights, and which of them are eights."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    from dlkata.suite import digits

    images, labels = digits()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(seed))
    x, y = images.flatten(1)[order], (labels == 8)[order]
    w = torch.zeros(65, requires_grad=True)
    optimizer = torch.optim.LBFGS([w], max_iter=30)

    def closure():
        optimizer.zero_grad()
        loss = binary_cross_entropy_with_logits(x[:900] @ w[:64] + w[64], y[:900].float())
        loss = loss + 1e-3 * w[:64].square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return (x[900:] @ w[:64] + w[64]).detach(), y[900:]


def _auc(scores, positive):
    import torch

    ranks = torch.empty(len(scores), dtype=torch.float64)
    ranks[scores.argsort()] = torch.arange(1, len(scores) + 1, dtype=torch.float64)
    n = int(positive.sum())
    return (ranks[positive].sum().item() - n * (n + 1) / 2) / (n * (len(scores) - n))


def _average_precision(scores, positive):
    import torch

    hit = positive[scores.argsort(descending=True)].double()
    return ((hit.cumsum(0) / torch.arange(1, len(hit) + 1)) * hit).sum().item() / hit.sum().item()


def _thinned(seed, share, both=False, times=20):
    """Means of AUC and average precision when `share` of the eights (or of `both` classes) are kept."""
    import torch

    scores, positive = _detector(seed)
    g = torch.Generator().manual_seed(100 + seed)
    found = []
    for _ in range(times):
        keep = torch.ones(len(scores), dtype=torch.bool)
        for one in (True, False) if both else (True,):
            members = (positive == one).nonzero().flatten()
            members = members[torch.randperm(len(members), generator=g)]
            keep[members[round(share * len(members)) :]] = False
        found.append((_auc(scores[keep], positive[keep]), _average_precision(scores[keep], positive[keep])))
    return [sum(column) / times for column in zip(*found, strict=True)]


def thinned_evidence():
    auc_stays, precision_stays = [], []
    for seed in range(3):
        (auc, ap), (auc_thin, ap_thin) = _thinned(seed, 1.0, times=1), _thinned(seed, 0.1)
        auc_stays.append(abs(auc - auc_thin) < 0.03)
        precision_stays.append(abs(ap - ap_thin) < 0.1)
    stays = all(auc_stays), any(precision_stays)
    return [stays == pair for pair in ((False, True), (True, True), (False, False), (True, False))]


def prevalence_draw(rng):
    while True:
        tpr, fpr = rng.choice([0.8, 0.9, 0.95]), rng.choice([0.02, 0.03, 0.05, 0.1])
        pi = rng.choice([0.001, 0.01, 0.02])
        precision = pi * tpr / (pi * tpr + (1 - pi) * fpr)
        values = [precision, tpr, 1 - precision, tpr / (tpr + fpr)]
        if min(abs(a / b - 1) for i, a in enumerate(values) for b in values[:i]) > 0.015:
            break
    return {
        "tpr": tpr,
        "fpr": fpr,
        "pi": f"{100 * pi:g} %",
        "share": pi,
        "answer": float(f"{values[0]:.3g}"),
        "false": float(f"{values[2]:.3g}"),
        "balanced": float(f"{values[3]:.3g}"),
        "tp": round(100_000 * pi * tpr),
        "fp": round(100_000 * (1 - pi) * fpr),
    }


def prevalence_evidence(drawn):
    ill = round(1_000_000 * drawn["share"])
    true, false = round(ill * drawn["tpr"]), round((1_000_000 - ill) * drawn["fpr"])
    precision = true / (true + false)
    return [abs(drawn[name] / precision - 1) < 0.01 for name in ("answer", "tpr", "false", "balanced")]


def f1_draw(rng):
    while True:
        tp, fp, fn, tn = rng.randint(20, 60), rng.randint(5, 90), rng.randint(5, 90), rng.randint(300, 900)
        p, r = tp / (tp + fp), tp / (tp + fn)
        values = {
            "answer": 2 * p * r / (p + r),
            "mean": (p + r) / 2,
            "jaccard": tp / (tp + fp + fn),
            "accuracy": (tp + tn) / (tp + fp + fn + tn),
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.03:
            shown = {name: f"{value:.3f}" for name, value in values.items()}
            return shown | {
                "n": tp + fp + fn + tn, "tp": tp, "fp": fp, "fn": fn, "tn": tn, "p": f"{p:.3f}", "r": f"{r:.3f}",
            }  # fmt: skip


def f1_evidence(drawn):
    import torch

    said = torch.tensor([1] * drawn["tp"] + [1] * drawn["fp"] + [0] * drawn["fn"] + [0] * drawn["tn"]).bool()
    true = torch.tensor([1] * drawn["tp"] + [0] * drawn["fp"] + [1] * drawn["fn"] + [0] * drawn["tn"]).bool()
    both = (said & true).sum().item()
    inverse = (said.sum().item() / both + true.sum().item() / both) / 2  # mean of the inverses
    return [
        abs(float(drawn[name]) * inverse - 1) < 0.005 for name in ("answer", "mean", "jaccard", "accuracy")
    ]


def alarms_evidence():
    import torch

    pi, never = 1 / 500, 1 - 1 / 500
    g = torch.Generator().manual_seed(0)
    down, up = torch.randn(400_000, generator=g), torch.randn(800, generator=g)
    told_by_auc, told_by_recall = [], []
    for shift, spread in ((2.9, 1.0), (5.5, 2.5)):  # two detectors with nearly the same AUC
        scores = torch.cat([down, shift + spread * up])
        positive = torch.arange(len(scores)) >= len(down)
        threshold = (shift + spread * up).quantile(0.2)
        precision = 0.8 * pi / (0.8 * pi + never * (down > threshold).float().mean().item())
        told_by_auc.append((_auc(scores, positive), precision))
    (one, low), (other, high) = told_by_auc
    same_auc = abs(one - other) < 0.01 and high > 2 * low
    told_by_recall = 0.8 == 0.8 and high > 2 * low  # both find 80 %, and differ all the same
    false_rate = 0.8 * pi * 19 / never
    assert 0.028 < false_rate < 0.033
    return [round(never, 3) != 0.998, not same_auc, high > 2 * low, not told_by_recall]


def threshold_evidence():
    found = set()
    for seed in range(3):
        scores, positive = _detector(seed)
        hit = positive[scores.argsort(descending=True)].double()
        true = hit.cumsum(0).tolist()
        for alarms in range(2, len(true) + 1):
            for kept in range(max(1, alarms - 4), alarms):  # up to four alarms are withdrawn
                recall = true[kept - 1] - true[alarms - 1]
                precision = true[kept - 1] / kept - true[alarms - 1] / alarms
                found.add(((recall > 0) - (recall < 0), (precision > 1e-12) - (precision < -1e-12)))
    return [pair in found for pair in ((-1, 1), (-1, -1), (0, 1), (1, -1), (1, 1))]


def worked():
    tpr, fpr = 0.9, 0.05
    half, rare = (pi * tpr / (pi * tpr + (1 - pi) * fpr) for pi in (0.5, 0.01))
    return [f"{half:.3f}", f"{rare:.3f}", f"{2 * rare * tpr / (rare + tpr):.3f}"]


def experiment(off=False):
    shares, rows = (1.0, 0.5, 0.25, 0.1), []
    runs = {share: [_thinned(seed, share, both=off, times=20) for seed in range(3)] for share in shares}
    for share in shares:
        auc, ap = (sum(column) / 3 for column in zip(*runs[share], strict=True))
        pi = 0.1 if off else 0.1 * share / (0.9 + 0.1 * share)
        rows.append([f"{100 * pi:.1f} %", round(auc, 3), round(ap, 3)])
    for full, thin in zip(runs[1.0], runs[0.1], strict=True):
        assert abs(full[0] - thin[0]) < 0.03, "AUC does not depend on the share of positives"
        if off:
            assert abs(full[1] - thin[1]) < 0.08, "both classes thinned alike: nothing changes"
        else:
            assert full[1] - thin[1] > 0.1, "average precision falls with the share of positives"
    (_pi, auc, ap), (pi, auc_thin, ap_thin) = rows[0], rows[-1]
    if off:
        says = (
            f"Both classes thinned to a tenth: eights stay 10 %, AUC goes from {auc} to {auc_thin}, average precision from {ap} "
            f"to {ap_thin}. What counts is the ratio, not the number.",
            f"两个类别都只留十分之一：8 仍占 10 %，AUC 从 {auc} 到 {auc_thin}，平均精确率从 {ap} 到 {ap_thin}。"
            "起作用的是比例，不是数量。",
        )
    else:
        says = (
            f"The same detector of eights: with eights 10 % of the images AUC is {auc} and average precision {ap}; "
            f"with {pi} they are {auc_thin} and {ap_thin} (3 detectors, 20 random thinnings each).",
            f"同一个检测 8 的模型：8 占 10 % 时，AUC 是 {auc}，平均精确率 {ap}；只占 {pi} 时，分别是 {auc_thin} 和 {ap_thin}"
            "（3 个检测器，各随机抽减 20 次）。",
        )
    return {
        "says": says,
        "off": ("both classes thinned alike", "两个类别同样抽减"),
        "title": ("Held-out digits, the eights thinned", "留出的手写数字，逐步减少 8"),
        "chart": "table",
        "columns": [("eights", "8 的占比"), "AUC", ("average precision", "平均精确率")],
        "rows": rows,
    }
