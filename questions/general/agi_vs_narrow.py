"""Scores against capabilities, on the digits: whole strings, turned images, questions seen before."""


def _curve(seed, length, sizes, strings=4000):
    """1-NN on growing training sets: accuracy of a single digit, and of strings of that length."""
    import torch

    from dlkata.suite import digits

    images, labels = digits()
    g = torch.Generator().manual_seed(seed)
    order = torch.randperm(1797, generator=g)
    x, y = images.flatten(1)[order], labels[order]
    chosen = torch.randint(500, (strings, length), generator=g)
    single, whole = [], []
    for size in sizes:
        near = torch.cdist(x[:500], x[500 : 500 + size]).argmin(1)
        right = y[500:][near] == y[:500]
        single.append(right.double().mean().item())
        whole.append(right[chosen].all(1).double().mean().item())
    return single, whole


SIZES = [20, 40, 80, 160, 300, 600, 1200]


def jump_evidence():
    smooth, late, never, levels = [], [], [], []
    for seed in range(3):
        single, whole = _curve(seed, 20, SIZES)
        smooth.append(max(a - b for a, b in zip(single, whole, strict=True)) < 0.2)
        late.append(max(whole[:3]) < 0.1 and whole[-1] > 0.4 and single[2] > 0.7)
        never.append(max(whole) < 0.05)
        levels.append(whole[2] - whole[0] > whole[-1] - whole[-3])
    return [all(smooth), all(late), all(never), all(levels)]


def steps_draw(rng):
    n, goal = rng.choice([15, 20, 25, 30, 40, 50]), rng.choice([0.5, 0.8, 0.9])
    answer = goal ** (1 / n)
    return {
        "n": n,
        "goal": goal,
        "percent": f"{100 * goal:.0f} %",
        "tiny": f"{100 * goal**n:.2g} %",
        "answer": f"{answer:.4f}",
        "one_in": f"{1 - 1 / n:.4f}",
        "root": f"{goal**0.5:.4f}",
    }


def steps_evidence(drawn):
    import torch

    one = torch.linspace(0, 1, 1_000_001, dtype=torch.float64)
    least = one[(one ** drawn["n"] >= drawn["goal"]).nonzero()[0, 0]].item()
    return [abs(float(drawn[name]) - least) < 2e-4 for name in ("answer", "goal", "one_in", "root")]


def published_evidence():
    """1-NN on 20 digits, with and without the old questions among what it has stored."""
    import torch

    from dlkata.suite import digits

    images, labels = digits()
    leaked, clean = [], []
    for seed in range(3):
        order = torch.randperm(1797, generator=torch.Generator().manual_seed(seed))
        x, y = images.flatten(1)[order], labels[order]
        old, new, own = (torch.arange(a, b) for a, b in ((0, 40), (500, 1000), (1000, 1020)))

        def score(known, asked, x=x, y=y):
            return (y[known][torch.cdist(x[asked], x[known]).argmin(1)] == y[asked]).double().mean().item()

        with_old = torch.cat([old, own])
        leaked.append(score(with_old, old) - score(with_old, new) > 0.1)
        clean.append(abs(score(own, torch.arange(500)) - score(own, new)) < 0.1)
    noise = (0.95 * 0.05 / 2000 + 0.61 * 0.39 / 2000) ** 0.5
    return [3 * noise > 0.34, all(leaked) and all(clean), None, None]


def turned_evidence():
    import torch
    from torch.nn.functional import cross_entropy

    from dlkata.suite import digits

    images, labels = digits()
    sure, few, learned = [], [], []
    for seed in range(3):
        torch.manual_seed(seed)
        order = torch.randperm(1797)
        x, y = images[order], labels[order]
        net = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
        )
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(150):
            optimizer.zero_grad()
            cross_entropy(net(x[:1200]), y[:1200]).backward()
            optimizer.step()
        with torch.no_grad():
            upright, turned = net(x[1200:]).softmax(1), net(x[1200:].rot90(1, (1, 2))).softmax(1)
            learned.append(bool((net(x[:1200]).argmax(1) == y[:1200]).all()))
        right = [(p.argmax(1) == y[1200:]).double().mean().item() for p in (upright, turned)]
        few.append(right[0] > 0.95 and right[1] < 0.2)
        sure.append(turned.amax(1).mean().item() > 0.95)
    assert all(learned)  # true, and not the reason: unseen upright images are read as well
    return [None, not all(few), all(few) and all(sure), None]


def worked():
    return [f"{0.95**20:.3f}", f"{0.99**20:.3f}", f"{0.5 ** (1 / 50):.3f}"]


def experiment(off=False):
    length = 1 if off else 20
    runs = [_curve(seed, length, SIZES) for seed in range(3)]
    single, whole = ([sum(run[part][i] for run in runs) / 3 for i in range(len(SIZES))] for part in (0, 1))
    for one, string in runs:
        if off:
            assert max(abs(a - b) for a, b in zip(one, string, strict=True)) < 0.03, "scored singly, no jump"
        else:
            assert one[2] > 0.7 and string[2] < 0.1, "strings fail while digits are mostly right"
            assert string[-1] > 0.4, "and then they succeed"
    if off:
        says = (
            f"Scored one by one the two curves are the same: {100 * whole[0]:.0f} % with 20 training images, {100 * whole[-1]:.0f} % "
            "with 1,200, without a jump.",
            f"逐个打分，两条曲线重合：20 张训练图时 {100 * whole[0]:.0f} %，1,200 张时 {100 * whole[-1]:.0f} %，没有突变。",
        )
    else:
        says = (
            f"From 20 to 1,200 training images single digits go from {100 * single[0]:.0f} to {100 * single[-1]:.0f} %. Strings of 20 stay "
            f"at {100 * whole[2]:.0f} % with 80 images, and reach {100 * whole[-1]:.0f} % with 1,200.",
            f"训练图从 20 张增加到 1,200 张，单个数字从 {100 * single[0]:.0f} % 升到 {100 * single[-1]:.0f} %。20 个一串的，"
            f"80 张时还是 {100 * whole[2]:.0f} %，1,200 张时到 {100 * whole[-1]:.0f} %。",
        )
    return {
        "says": says,
        "off": ("digits scored one by one", "逐个打分"),
        "title": ("The same recogniser, scored in two ways", "同一个识别器，两种打分"),
        "chart": "curves",
        "x": SIZES,
        "x_label": ("training images", "训练图"),
        "y_label": ("share right", "正确比例"),
        "log_x": True,
        "series": [
            (("single digits", "单个数字"), single),
            ((f"strings of {length}", f"{length} 个一串"), whole),
        ],
    }
