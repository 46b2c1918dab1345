"""Experiment, draws and evidence for augmentation.md."""


def _digits():
    from pathlib import Path

    import numpy as np
    import torch

    with np.load(Path(__file__).parents[2] / "tests" / "katas" / "data" / "digits.npz") as data:
        return torch.tensor(data["images"]).float() / 16, torch.tensor(data["labels"]).long()


def _shift(images):
    """Each image moved by −1, 0 or 1 pixel in either direction."""
    import torch

    n, rows = len(images), torch.arange(8)
    wide = torch.nn.functional.pad(images, (1, 1, 1, 1))
    down, right = torch.randint(3, (2, n, 1))
    return wide[torch.arange(n)[:, None, None], (down + rows)[:, :, None], (right + rows)[:, None, :]]


def _net(images, labels, seed, shifts, steps=400):
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
    for _ in range(steps):
        i = torch.randint(len(images), (64,))
        x = _shift(images[i]) if shifts else images[i]
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), labels[i]).backward()
        optimizer.step()
    return net


def _accuracies(seed, shifts, steps=400):
    """Trained on 200 centred digits: accuracy on unseen digits, centred and shifted."""
    import torch

    images, labels = _digits()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    train, unseen = order[:200], order[1000:]
    net = _net(images[train], labels[train], seed, shifts, steps)
    with torch.no_grad():
        return [
            (net(x).argmax(1) == labels[unseen]).float().mean().item()
            for x in (images[unseen], _shift(images[unseen]))
        ]


def experiment(off=False):
    runs = {shifts: [_accuracies(seed, shifts) for seed in range(3)] for shifts in (False, True)}
    which = 0 if off else 1
    plain, shifted = ([row[which] for row in runs[key]] for key in (False, True))
    if off:
        assert all(b < a + 0.02 for a, b in zip(plain, shifted, strict=True)), (
            "nothing is gained on centred ones"
        )
    else:
        assert all(b > a + 0.3 for a, b in zip(plain, shifted, strict=True)), (
            "shifted ones are read far better"
        )
    a, b = 100 * sum(plain) / 3, 100 * sum(shifted) / 3
    what = ("centred", "居中的") if off else ("shifted", "平移过的")
    return {
        "off": ("test images that are centred as the training images are", "测试图与训练图一样居中"),
        "says": (
            f"Accuracy on unseen {what[0]} digits after 400 steps on 200 centred ones (mean of 3 seeds): "
            f"{a:.0f} % without augmentation, {b:.0f} % with random shifts.",
            f"用 200 张居中的数字训练 400 步，在没见过的{what[1]}数字上的准确率（3 个种子平均）："
            f"不增强 {a:.0f} %，随机平移 {b:.0f} %。",
        ),
        "title": (f"Accuracy on {what[0]} digits", f"在{what[1]}数字上的准确率"),
        "chart": "bars",
        "unit": "%",
        "bars": [(("as they are", "原图"), a), (("with random shifts", "随机平移"), b)],
    }


def shifted_evidence():
    rows = [(_accuracies(seed, False), _accuracies(seed, True)) for seed in range(3)]
    better = [[b[i] > a[i] + 0.02 for a, b in rows] for i in (0, 1)]
    centred, moved = all(better[0]), all(better[1])
    not_centred, not_moved = not any(better[0]), not any(better[1])
    return [centred and moved, centred and not_moved, not_centred and moved, not_centred and not_moved]


def split_after_evidence():
    """Labels of chance for 150 images, twenty variants each: what looks like generalisation is recognition."""
    import torch

    leaks = []
    for seed in range(3):
        torch.manual_seed(seed)
        images, labels = _digits()
        chosen = torch.randperm(len(images))[:150]
        labels = labels[chosen][torch.randperm(150)]  # nothing to be learned about classes
        many = torch.cat([_shift(images[chosen]) + 0.05 * torch.randn(150, 8, 8) for _ in range(20)])
        source = torch.arange(150).repeat(20)
        accuracy = {}
        for name in ("after", "before"):
            held = torch.rand(3000) < 0.2 if name == "after" else source < 30
            # the nearest neighbour: no training needed
            near = torch.cdist(many[held].flatten(1), many[~held].flatten(1)).argmin(1)
            right = labels[source[~held][near]] == labels[source[held]]
            accuracy[name] = right.float().mean().item()
        leaks.append(accuracy["after"] > 0.6 and accuracy["before"] < 0.25)
    return [None, False, None, all(leaks)]


def worked():
    places = len(range(32 + 2 * 4 - 32 + 1))
    return [f"{places}·{places} = {places**2}", str(2 * places**2), "(W − x − w, y, w, h)"]


def digits_evidence():
    """Does a classifier that has learned upright digits still see the same class?"""
    import torch

    images, labels = _digits()
    train, unseen = images[:1000], images[1000:]
    net = _net(train, labels[:1000], 0, shifts=True)

    def right(x, only=None):
        keep = torch.ones(len(x), dtype=torch.bool) if only is None else torch.isin(labels[1000:], only)
        with torch.no_grad():
            return (net(x[keep]).argmax(1) == labels[1000:][keep]).float().mean().item()

    torch.manual_seed(0)
    grid = torch.nn.functional.affine_grid(
        torch.tensor([[[0.9848, -0.1736, 0], [0.1736, 0.9848, 0]]]).expand(len(unseen), 2, 3),
        [len(unseen), 1, 8, 8],
        align_corners=False,
    )
    turned = torch.nn.functional.grid_sample(unseen[:, None], grid, align_corners=False)[:, 0]
    six_nine, others = torch.tensor([6, 9]), torch.tensor([2, 3, 5, 7])
    return [
        right(_shift(unseen)) > 0.75,
        right(unseen.flip(2), others) > 0.7,
        right(turned) > 0.75,
        right(unseen.flip(1).flip(2), six_nine) > 0.7,
        right(unseen + 0.05 * torch.randn(unseen.shape)) > 0.75,
    ]


def box_draw(rng):
    while True:
        width = rng.choice([320, 416, 512, 640, 800])
        w, h, y = rng.randint(30, 150), rng.randint(30, 150), rng.randint(5, 150)
        x = rng.randint(10, width - w - 10)
        values = {"answer": width - x - w, "corner": width - x, "x": x, "width_only": width - w}
        got = list(values.values())
        if min(abs(a - b) for i, a in enumerate(got) for b in got[:i]) > 8:
            return values | {"width": width, "y": y, "w": w, "h": h, "edge": x + w}


def box_evidence(drawn):
    import torch

    mask = torch.zeros(drawn["width"])
    mask[drawn["x"] : drawn["x"] + drawn["w"]] = 1
    left = int(mask.flip(0).nonzero()[0])
    return [left == drawn[name] for name in ("answer", "corner", "x", "width_only")]


def variants_draw(rng):
    size, pad = rng.choice([24, 28, 32, 48, 64]), rng.choice([2, 3, 4, 6, 8])
    places = 2 * pad + 1
    return {
        "size": size,
        "pad": pad,
        "places": places,
        "answer": 2 * places**2,
        "once": places**2,
        "even": 2 * (2 * pad) ** 2,
        "one_way": 2 * places,
    }


def variants_evidence(drawn):
    import torch

    pad, small = drawn["pad"], 3  # the number does not depend on the size
    side = 2 * pad + small
    wide = torch.arange(side * side).view(side, side)  # every pixel another value
    seen = set()
    for top in range(side - small + 1):
        for left in range(side - small + 1):
            window = wide[top : top + small, left : left + small]
            seen |= {tuple(window.flatten().tolist()), tuple(window.flip(1).flatten().tolist())}
    return [len(seen) == drawn[name] for name in ("answer", "once", "even", "one_way")]


def train_only_evidence():
    import torch

    images, labels = _digits()
    net = _net(images[:1000], labels[:1000], 0, shifts=False, steps=200)
    before = [p.clone() for p in net.parameters()]
    results = []
    for seed in range(3):
        torch.manual_seed(seed)
        with torch.no_grad():
            z = net(_shift(images[1000:]))
        results.append(torch.nn.functional.cross_entropy(z, labels[1000:]).item())
    with torch.no_grad():
        plain = torch.nn.functional.cross_entropy(net(images[1000:]), labels[1000:]).item()
    learned = not all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    other_data = min(results) > 2 * plain and len(set(results)) == 3
    return [other_data, learned, None, None]
