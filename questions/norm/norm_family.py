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


def one_per_channel_evidence():
    import torch
    from torch import nn

    c = 6
    x = torch.randn(3, c, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    pixels_last = x.permute(0, 2, 3, 1)  # (N, H, W, C)
    others = [
        nn.InstanceNorm2d(c)(x),
        nn.LayerNorm([c, 4, 5], elementwise_affine=False)(x),
        nn.BatchNorm2d(c, affine=False, dtype=torch.float64)(x),
        nn.LayerNorm(c, elementwise_affine=False)(pixels_last).permute(0, 3, 1, 2),
    ]
    grouped = nn.GroupNorm(c, c, affine=False)(x)
    same = [torch.allclose(grouped, other) for other in others]
    return [same[0] and torch.allclose(grouped, nn.InstanceNorm2d(c).eval()(x)), *same[1:]]


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
