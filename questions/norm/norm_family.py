"""Draws and evidence for norm_family.md."""


def means_draw(rng):
    while True:
        groups = rng.choice([2, 4, 8])
        n, c = rng.randint(3, 12), groups * rng.choice([3, 4, 6, 8])
        values = {"answer": n * groups, "groups": groups, "channels": c, "instance": n * c, "images": n}
        if len(set(values.values())) == len(values):
            return {"n": n, "c": c, "g": groups, "h": rng.randint(5, 9), "w": rng.randint(10, 14), **values}


def means_evidence(drawn):
    import torch

    n, c, h, w, g = (drawn[name] for name in "nchwg")
    x = torch.randn(n, c, h, w, generator=torch.Generator().manual_seed(0))
    _, computed, _ = torch.native_group_norm(x, None, None, n, c, h * w, g, 1e-5)
    different = len(computed.unique())  # what torch computed, counted
    return [different == drawn[name] for name in ("answer", "groups", "channels", "instance", "images")]


def exposure_evidence():
    import torch
    from torch import nn

    erased, kept = [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.rand(6, 1, 8, 8, generator=g, dtype=torch.float64)
        exposed = x * torch.linspace(0.5, 2, 6, dtype=torch.float64).view(6, 1, 1, 1) + 0.3
        conv = nn.Conv2d(1, 4, 3, bias=False, padding=1, padding_mode="circular", dtype=torch.float64)
        nn.init.normal_(conv.weight, generator=g)
        group, batch = (
            nn.GroupNorm(4, 4, eps=1e-12, dtype=torch.float64),
            nn.BatchNorm2d(4, dtype=torch.float64),
        )
        with torch.no_grad():
            erased.append(torch.allclose(group(conv(x)), group(conv(exposed)), atol=1e-6))
            kept.append(not torch.allclose(batch(conv(x)), batch(conv(exposed)), atol=1e-2))
            modes = torch.allclose(group(conv(x)), group.eval()(conv(x)))
            whole = torch.allclose(
                group(conv(x)), nn.GroupNorm(1, 4, dtype=torch.float64)(conv(x)), atol=1e-3
            )
    fewer = nn.GroupNorm(4, 4).weight.numel() < nn.BatchNorm2d(4).weight.numel()
    return [fewer, all(erased) and all(kept), not modes, whole]


def subtracted_draw(rng):
    while True:
        x = [rng.randint(0, 20) for _ in range(8)]
        values = [(x[0] + x[1]) / 2, sum(x[:4]) / 4, (x[0] + x[4]) / 2, (x[0] + x[1] + x[4] + x[5]) / 4]
        if min(abs(v - w) for i, v in enumerate(values) for w in values[:i]) > 0.4 and x[0] != values[0] > 0:
            return dict(zip("abcdefgh", x, strict=True)) | dict(
                zip(("answer", "layer", "batch", "both"), values, strict=True)
            )


def subtracted_evidence(drawn):
    import torch

    x = torch.tensor([float(drawn[name]) for name in "abcdefgh"]).view(2, 4, 1, 1)
    _, means, _ = torch.native_group_norm(x, None, None, 2, 4, 1, 2, 1e-5)
    mean = means[0, 0].item()
    return [abs(drawn[name] - mean) < 0.005 * mean for name in ("answer", "layer", "batch", "both")]


def worked():
    import torch

    x = torch.tensor([[1.0, 3.0, 5.0, 7.0], [11.0, 3.0, 5.0, 9.0]]).view(2, 4, 1, 1)
    batch = torch.nn.BatchNorm2d(4, momentum=1.0)
    batch(x)
    groups = [torch.native_group_norm(x, None, None, 2, 4, 1, g, 1e-5)[1][0, 0].item() for g in (1, 2, 4)]
    return [f"{mean:.1f}" for mean in (batch.running_mean[0].item(), *groups)]


def moved_tokens_evidence():
    import torch
    from torch import nn

    n, length, d = 3, 5, 8
    g = torch.Generator().manual_seed(0)
    x = torch.randn(n, d, length, generator=g, dtype=torch.float64) + torch.arange(length)

    def normalised(*dims):
        mean, var = x.mean(dims, keepdim=True), x.var(dims, correction=0, keepdim=True)
        return (x - mean) / (var + 1e-5).sqrt()

    now = nn.GroupNorm(1, d, dtype=torch.float64)(x)
    claims = [(1,), (2,), (1, 2), (0, 1, 2)]  # a mean for each token, feature and image, image, batch
    return [torch.allclose(now, normalised(*dims)) for dims in claims]


def no_buffers_evidence():
    import torch
    from torch import nn

    c = 6
    layers = [nn.LayerNorm([c, 4, 5]), nn.GroupNorm(2, c), nn.InstanceNorm2d(c, affine=True)]
    x = torch.randn(64, c, 4, 5, generator=torch.Generator().manual_seed(0))
    in_batch = [layer(x)[:1] for layer in layers]
    alone = [layer.eval()(x[:1]) for layer in layers]
    own = all(torch.allclose(a, b, atol=1e-6) for a, b in zip(in_batch, alone, strict=True))
    means = [
        torch.randn(300, c, 4, 5, generator=torch.Generator().manual_seed(1)).mean((2, 3)),
        x.mean((2, 3)),
    ]
    steadier = means[0].std() < torch.stack([m.mean(0) for m in means]).std()  # of instances; of batches
    skipped = all(torch.allclose(layer(x), layer.weight.mean() * x + layer.bias.mean()) for layer in layers)
    learned = any(set(dict(layer.named_parameters())) - {"weight", "bias"} for layer in layers)
    return [own, bool(steadier), skipped, learned]
