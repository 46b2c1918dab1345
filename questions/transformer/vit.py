"""Experiment, draws and evidence for vit.md."""


def _vit_base(patch=16, size=224, d=768, classes=1000):
    """Parameters of ViT-B: patch embedding, positions, layers, all; from modules without memory."""
    from torch import nn

    def count(module):
        return sum(p.numel() for p in module.parameters())

    tokens = (size // patch) ** 2 + 1
    embedding = count(nn.Conv2d(3, d, patch, patch, device="meta"))
    layers = 12 * count(nn.TransformerEncoderLayer(d, 12, 4 * d, device="meta"))
    return embedding, tokens * d, layers, embedding + tokens * d + layers + d + 2 * d + (d + 1) * classes


def worked():
    embedding, positions, layers, total = _vit_base()
    fine = _vit_base(patch=8)[1] // 768
    return [
        f"14 · 14 + 1 = {positions // 768}",
        f"16·16·3 = {16 * 16 * 3}",
        f"{embedding:,}",
        f"{positions:,}",
        f"{layers:,}",
        f"{total:,}",
        f"{fine} ",
        f"{(fine / 197) ** 2:.1f} ",
    ]


def _glyph_images(count, glyphs, g, size=12, noise=0.4):
    import torch

    wide = glyphs.shape[-1]
    x = noise * torch.randn(count, 1, size, size, generator=g)
    y = torch.randint(len(glyphs), (count,), generator=g)
    corners = torch.randint(size - wide + 1, (count, 2), generator=g).tolist()
    for image, glyph, (i, j) in zip(x, y, corners, strict=True):
        image[0, i : i + wide, j : j + wide] += 2 * glyphs[glyph]
    return x, y


def _glyph_run(kind, seed, shifted=False, steps=120, images=60, d=32, patch=4, size=12):
    """Trains on a few images. Per cent right on the training images and on new ones."""
    import torch
    from torch import nn

    class ViT(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(1, d, patch, patch)
            self.first = nn.Parameter(torch.zeros(1, 1, d))
            self.places = nn.Parameter(0.1 * torch.randn(1, (size // patch) ** 2 + 1, d))
            self.block = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
            self.head = nn.Linear(d, 4)

        def forward(self, x):
            h = torch.cat([self.first.expand(len(x), -1, -1), self.patches(x).flatten(2).mT], 1) + self.places
            return self.head(self.block(h)[:, 0])

    def cnn():
        return nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(16, 4),
        )

    g = torch.Generator().manual_seed(seed)
    glyphs = torch.randn(4, 4, 4, generator=g).sign()
    x, y = _glyph_images(images, glyphs, g)
    new_x, new_y = _glyph_images(400, glyphs, g)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = ViT() if kind == "vit" else cnn()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.05)
    for _ in range(steps):
        chosen = torch.randint(images, (24,), generator=g)
        seen = x[chosen]
        if shifted:
            seen = seen.roll(tuple(torch.randint(size, (2,), generator=g).tolist()), (2, 3))
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(seen), y[chosen]).backward()
        optimizer.step()
    with torch.no_grad():
        known, new = ((net(a).argmax(1) == b).float().mean().item() for a, b in ((x, y), (new_x, new_y)))
    return 100 * known, 100 * new


def experiment(off=False):
    steps = 250 if off else 120
    runs = {kind: [_glyph_run(kind, seed, off, steps) for seed in range(3)] for kind in ("vit", "cnn")}
    new = {kind: [run[1] for run in found] for kind, found in runs.items()}
    mean = {kind: sum(values) / 3 for kind, values in new.items()}
    assert min(new["cnn"]) > 95, "the CNN carries a glyph to any place"
    if off:
        assert min(new["vit"]) > 80, "random shifts teach the ViT what a CNN has built in"
        says = (
            f"With every batch shifted at random, the same 60 images bring the ViT to {mean['vit']:.0f} % on new ones, the CNN "
            f"to {mean['cnn']:.0f} %: the shifts showed it what a convolution assumes.",
            f"每个 batch 随机平移后，同样 60 张图让 ViT 在新图像上达到 {mean['vit']:.0f} %，CNN 为 {mean['cnn']:.0f} %："
            f"平移把卷积的假设演示给它看了。",
        )
    else:
        assert min(run[0] for found in runs.values() for run in found) > 97, "both know the training images"
        assert max(new["vit"]) < 60, "but the ViT does not know the glyph at another place"
        says = (
            f"Both name all 60 training images. On new ones the ViT is right in {mean['vit']:.0f} %, the CNN in "
            f"{mean['cnn']:.0f} % (3 seeds; chance is 25 %).",
            f"60 张训练图两者全对。新图像上 ViT 答对 {mean['vit']:.0f} %，CNN 答对 {mean['cnn']:.0f} %（3 个种子；随机为 25 %）。",
        )
    return {
        "says": says,
        "off": ("every batch is shifted at random", "每个 batch 随机平移"),
        "title": ("Right on new images, %", "新图像上的正确率，%"),
        "chart": "bars",
        "bars": [
            (f"{name}, #{i}", value)
            for kind, name in (("vit", "ViT"), ("cnn", "CNN"))
            for i, value in enumerate(new[kind], 1)
        ],
        "unit": "%",
    }


def tokens_draw(rng):
    p = rng.choice([8, 14, 16, 32])
    h, w = (p * rng.randint(7, 28) for _ in range(2))
    patches = h // p * (w // p)
    if patches == p * p or (h == w and rng.random() < 0.5):
        return tokens_draw(rng)
    return {
        "H": h,
        "W": w,
        "p": p,
        "answer": patches + 1,
        "bare": patches,
        "channels": 3 * patches + 1,
        "name": p * p + 1,
    }


def tokens_evidence(drawn):
    import torch
    from torch import nn

    embedding = nn.Conv2d(3, 4, drawn["p"], stride=drawn["p"], device="meta")
    h = embedding(torch.empty(1, 3, drawn["H"], drawn["W"], device="meta")).flatten(2).mT
    count = torch.cat([torch.empty(1, 1, 4, device="meta"), h], 1).shape[1]
    return [count == drawn[name] for name in ("answer", "bare", "channels", "name")]


def few_images_evidence():
    vit, cnn = (_glyph_run(kind, 1)[1] for kind in ("vit", "cnn"))
    low, high = (lambda share: share < 60), (lambda share: share > 95)
    return [low(vit) and high(cnn), low(vit) and low(cnn), high(vit) and high(cnn), high(vit) and low(cnn)]


def why_hungry_evidence():
    import torch
    from torch import nn

    # Attention whose weights sit at fixed offsets is a convolution: nine heads, one a tap.
    g = torch.Generator().manual_seed(0)
    image, taps = (torch.randn(1, 1, *shape, generator=g) for shape in ((6, 6), (3, 3)))
    want = nn.functional.conv2d(image, taps, padding=1).flatten()
    places = [(i, j) for i in range(6) for j in range(6)]
    total = torch.zeros(36)
    for a in (-1, 0, 1):
        for b in (-1, 0, 1):
            weights = torch.tensor([[float((i + a, j + b) == place) for place in places] for i, j in places])
            total += taps[0, 0, a + 1, b + 1] * (weights @ image.flatten())
    cannot = not torch.allclose(total, want, atol=1e-5)
    plain, shifted = _glyph_run("vit", 1), _glyph_run("vit", 1, shifted=True, steps=250)
    learns = plain[0] > 97 and plain[1] < 60 and shifted[1] > 80
    return [cannot, None, learns, None, None]


def macs_draw(rng):
    layers, d = rng.choice([(12, 384), (12, 768), (24, 1024), (32, 1280)])
    n = rng.choice([50, 197, 257, 577])
    matrix, pairs = 12 * n * d * d, 2 * n * n * d
    whole = layers * (matrix + pairs) / 1e9
    return {
        "L": layers,
        "d": d,
        "n": n,
        "answer": float(f"{whole:.4g}"),
        "flops": float(f"{2 * whole:.4g}"),
        "attention": float(f"{layers * (matrix / 3 + pairs) / 1e9:.4g}"),
        "scores": float(f"{layers * pairs / 1e9:.4g}"),
        "share": round(100 * pairs / (matrix + pairs), 1),
    }


def macs_evidence(drawn):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    n, d = drawn["n"], drawn["d"]
    x, square, up = (torch.empty(*s, device="meta") for s in ((n, d), (d, d), (d, 4 * d)))
    with FlopCounterMode(display=False) as layer:
        q, k, v = (x @ square for _ in range(3))
        x = ((q @ k.T).softmax(-1) @ v) @ square
        _ = (x @ up).relu() @ up.T
    giga = drawn["L"] * layer.get_total_flops() / 2 / 1e9
    return [abs(giga / drawn[name] - 1) < 0.02 for name in ("answer", "flops", "attention", "scores")]


def resolution_evidence():
    """A table whose vectors vary smoothly over the image: which proposal gives each new patch that of its place?"""
    import torch
    from torch.nn.functional import interpolate

    def table(side):
        along = (torch.arange(side) + 0.5) / side
        y, x = torch.meshgrid(along, along, indexing="ij")
        return torch.stack([torch.sin(3 * y), torch.cos(3 * x), y * x, y - x], -1)  # (side, side, features)

    old, want = table(14), table(24).flatten(0, 1)
    rows = old.flatten(0, 1)
    filled = torch.cat([rows, torch.zeros(576 - 196, 4)])
    stretched = interpolate(rows.T[None], size=576, mode="linear")[0].T
    resized = interpolate(old.permute(2, 0, 1)[None], size=(24, 24), mode="bicubic")[0].flatten(1).T
    errors = [(made - want).abs().mean().item() for made in (filled, stretched, resized)]
    patches = 27 * 27 * 3 == 16 * 16 * 3  # would the patch matrix fit?
    return [errors[0] < 0.02, errors[1] < 0.02, patches, errors[2] < 0.02]
