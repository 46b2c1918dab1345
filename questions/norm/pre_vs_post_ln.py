"""Experiment, draws and evidence for pre_vs_post_ln.md."""


def _gradients(pre, depth, seed=0):
    """Norms of ∂L/∂x after each layer, and of the last layer's weight gradient, at initialisation."""
    import torch
    from torch import nn

    d, length = 64, 16
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [
            nn.TransformerEncoderLayer(d, 4, 4 * d, dropout=0.0, batch_first=True, norm_first=pre)
            for _ in range(depth)
        ]
        head = nn.Linear(d, 50)
        for layer in layers:
            for w in layer.parameters():
                if w.dim() > 1:
                    nn.init.xavier_uniform_(w)
        x, target = torch.randn(4, length, d), torch.randint(50, (4 * length,))
    stream = []
    for layer in layers:
        x = layer(x)
        x.retain_grad()
        stream.append(x)
    final = nn.LayerNorm(d) if pre else nn.Identity()
    nn.functional.cross_entropy(head(final(x)).flatten(0, 1), target).backward()
    return [x.grad.norm().item() for x in stream], layers[-1].linear2.weight.grad.norm().item()


def _train(pre, rate, warmup, steps=250, depth=12):
    """Three stacks of residual layers (FFN sub-layers), one a seed, trained with Adam side by side: losses (step, seed)."""
    import torch
    from torch.nn.functional import cross_entropy, layer_norm

    d, seeds = 24, range(3)

    def drawn(salt, *shape):
        rows = [torch.randn(shape, generator=torch.Generator().manual_seed(1009 * s + salt)) for s in seeds]
        return torch.stack(rows)

    xavier = (2 / (3 * d)) ** 0.5
    up = [xavier * drawn(2 * i, d, 2 * d) for i in range(depth)]
    down = [xavier * drawn(2 * i + 1, 2 * d, d) for i in range(depth)]
    gamma, beta = ([torch.full((3, 1, d), float(v)) for _ in range(depth + pre)] for v in (1, 0))
    head, teacher = d**-0.5 * drawn(501, d, 4), drawn(502, d, 4)
    weights = [*up, *down, *gamma, *beta, head]
    for weight in weights:
        weight.requires_grad_()
    moments = [(torch.zeros_like(w), torch.zeros_like(w)) for w in weights]
    inputs = [torch.Generator().manual_seed(1009 * s + 7) for s in seeds]
    losses = []
    for step in range(1, steps + 1):
        x = torch.stack([torch.randn(64, d, generator=g) for g in inputs])
        want = (x @ teacher).argmax(-1)
        for i in range(depth):
            seen = layer_norm(x, (d,)) * gamma[i] + beta[i] if pre else x
            x = x + (seen @ up[i]).relu() @ down[i]
            x = x if pre else layer_norm(x, (d,)) * gamma[i] + beta[i]
        if pre:
            x = layer_norm(x, (d,)) * gamma[-1] + beta[-1]
        loss = cross_entropy((x @ head).mT, want, reduction="none").mean(1)
        losses.append(loss.detach())
        gradients = torch.autograd.grad(loss.sum(), weights)
        now = rate * min(1, step / warmup) if warmup else rate
        with torch.no_grad():
            for w, gradient, (m, v) in zip(weights, gradients, moments, strict=True):
                m.lerp_(gradient, 0.1)
                v.lerp_(gradient.square(), 0.001)
                w -= now * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
    return torch.stack(losses)


def experiment(off=False):
    rate, steps, every = (0.001 if off else 0.01), 200, 10
    names = {
        ("post", 0): ("post-norm, at once", "post-norm，不预热"),
        ("post", 100): ("post-norm, warm-up", "post-norm，预热"),
        ("pre", 0): ("pre-norm, at once", "pre-norm，不预热"),
        ("pre", 100): ("pre-norm, warm-up", "pre-norm，预热"),
    }
    runs = {key: _train(key[0] == "pre", rate, key[1], steps) for key in names}
    ends = {key: losses[-20:].mean(0) for key, losses in runs.items()}
    if off:
        for kind in ("post", "pre"):
            gap = (ends[kind, 0] - ends[kind, 100]).abs().max()
            assert gap < 0.1 and ends[kind, 0].max() < 0.6, (
                "at a tenth of the rate both train, with or without warm-up"
            )
    else:
        assert ends["post", 0].min() > 0.8, "post-norm without warm-up stays near guessing, with every seed"
        assert ends["post", 100].max() < 0.6, "with warm-up it trains"
        assert max(ends["pre", 0].max(), ends["pre", 100].max()) < 0.6, "pre-norm trains either way"
    mean = {key: end.mean().item() for key, end in ends.items()}
    curves = {key: losses.mean(1).view(-1, every).mean(1).tolist() for key, losses in runs.items()}
    figures = [mean[key] for key in names]
    says = (
        "Loss after {} steps at rate {:g}, 12 layers, mean of 3 seeds (guessing: 1.39): post-norm {:.2f} at once, {:.2f} after "
        "a warm-up of 100 steps; pre-norm {:.2f} and {:.2f}.",
        "12 层、学习率 {1:g}、训练 {0} 步后的 loss，3 个种子平均（随机猜是 1.39）：post-norm 不预热 {2:.2f}，预热 100 步 "
        "{3:.2f}；pre-norm 分别是 {4:.2f} 和 {5:.2f}。",
    )
    training = {
        "title": (f"Training loss at rate {rate:g}", f"学习率 {rate:g} 时的训练 loss"),
        "chart": "curves",
        "x": list(range(every, steps + 1, every)),
        "x_label": ("step", "步"),
        "y_label": ("loss", "loss"),
        "log_x": False,
        "log_y": False,
        "series": [(label, curves[key]) for key, label in names.items()],
    }
    said = [text.format(steps, rate, *figures) for text in says]
    label = ("a tenth of the learning rate", "学习率降到十分之一")
    if off:
        return {"says": tuple(said), "off": label, "charts": [training]}
    depth, paths = 12, {}
    for name, pre in (("post-norm", False), ("pre-norm", True)):
        streams = [_gradients(pre, depth, seed)[0] for seed in range(3)]
        paths[name] = [sum(values) / 3 for values in zip(*streams, strict=True)]
        fades = [stream[0] < 0.8 * stream[-1] for stream in streams]
        assert not any(fades) if pre else all(fades), (
            "on its way down the gradient fades in post-norm, not in pre-norm"
        )
    said[0] += " At initialisation the stream's gradient fades on its way down in post-norm, not in pre-norm."
    said[1] += "刚初始化时，残差流的梯度自上而下：post-norm 越来越小，pre-norm 没有变小。"
    stream = {
        "title": ("Gradient of the residual stream, by layer", "残差流的梯度，逐层"),
        "chart": "curves",
        "x": list(range(1, depth + 1)),
        "x_label": ("after layer (1 = bottom)", "第几层之后（1 = 底层）"),
        "y_label": ("‖∂L/∂x‖", "‖∂L/∂x‖"),
        "log_x": False,
        "log_y": True,
        "series": list(paths.items()),
    }
    return {"says": tuple(said), "off": label, "charts": [training, stream]}


def worked():
    return [f"{(1 + 2 * layers * 0.5) ** 0.5:.2f}" for layers in (2, 48)]


def warmup_evidence():
    trains = {
        (kind, warmup): bool((_train(kind == "pre", 0.01, warmup, 110)[-20:].mean(0) < 0.8).all())
        for kind in ("post", "pre")
        for warmup in (0, 80)
    }
    post, pre = ((trains[kind, 0], trains[kind, 80]) for kind in ("post", "pre"))
    only_later, either = (False, True), (True, True)
    return [
        post == pre == only_later,
        post == only_later and pre == either,
        pre == only_later and post == either,
        post == pre == either,
    ]


def untrained_head_evidence():
    import math

    import torch
    from torch import nn

    d, words = 32, 200
    causal = nn.Transformer.generate_square_subsequent_mask(16)

    def excess(depth, *, final, mask=causal, residual=True, seed=0):
        """The first loss above that of guessing."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            x = torch.randn(4, 16, d)
            for _ in range(depth):
                layer = nn.TransformerEncoderLayer(d, 4, 4 * d, 0.0, batch_first=True, norm_first=True)
                for w in layer.parameters():
                    if w.dim() > 1:
                        nn.init.xavier_uniform_(w)
                with torch.no_grad():
                    x = layer(x, src_mask=mask) if residual else 0.5 * x  # fades
            head = torch.randn(d, words) / d**0.5
            logits = (nn.LayerNorm(d)(x) if final else x) @ head
            target = torch.randint(words, (64,))
            return nn.functional.cross_entropy(logits.flatten(0, 1), target).item() - math.log(words)

    causes = {"mask": [], "norm": [], "fading": []}
    for seed in range(3):
        missing = excess(32, final=False, seed=seed)
        causes["norm"].append(
            missing > 3 * excess(2, final=False, seed=seed)
            and excess(32, final=True, seed=seed) < 0.3 * missing
        )
        causes["mask"].append(excess(32, final=True, mask=None, seed=seed) > 0.5 * missing)
        causes["fading"].append(excess(32, final=False, residual=False, seed=seed) > 0.5 * missing)
    return [all(causes["mask"]), all(causes["norm"]), None, all(causes["fading"])]


def gradient_path_evidence():
    import torch
    from torch.nn.functional import layer_norm

    g = torch.Generator().manual_seed(0)
    d, depth = 16, 10
    weights = [torch.randn(d, d, generator=g, dtype=torch.float64) / d**0.5 for _ in range(depth)]
    start = torch.randn(200, d, generator=g, dtype=torch.float64)

    def norm(v):
        return layer_norm(v, (d,))

    def run(pre, alone=False):  # alone: the gradient of the residual path alone, past all sub-layers
        x, entering, stream = start.clone().requires_grad_(), [], []
        first = x
        for w in weights:
            seen = norm(x) if pre else x
            entering.append(seen.std().item())
            branch = torch.relu(seen) @ w
            x = x + (branch.detach() if alone else branch)
            x = x if pre else norm(x)
            stream.append(x.std().item())
        (gradient,) = torch.autograd.grad(x[:, 0].sum(), first)
        whole = torch.zeros_like(gradient)
        whole[:, 0] = 1
        return entering, stream, torch.allclose(gradient, whole)

    (pre_in, grown, _), (post_in, post_stream, _) = run(True), run(False)
    pre_whole, post_whole = run(True, alone=True)[2], run(False, alone=True)[2]
    only_pre_unit = all(abs(s - 1) < 0.05 for s in pre_in) and any(abs(s - 1) > 0.05 for s in post_in[1:])
    norms_on_path = not pre_whole
    post_grows = post_stream[-1] > 1.5 and grown[-1] < 1.5
    return [pre_whole and not post_whole, norms_on_path, only_pre_unit, post_grows]


def final_norm_evidence():
    from itertools import pairwise

    import torch
    from torch import nn

    d = 32
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [
            nn.TransformerEncoderLayer(d, 4, 64, 0.0, batch_first=True, norm_first=True) for _ in range(8)
        ]
        for layer in layers:
            for w in layer.parameters():
                if w.dim() > 1:
                    nn.init.xavier_uniform_(w)
        x = torch.randn(4, 10, d)
    stds, entering = [], []
    layers[-1].linear1.register_forward_pre_hook(lambda _, args: entering.append(args[0].std().item()))
    for layer in layers:
        x = layer(x)
        stds.append(x.std().item())
    grows = all(a < b for a, b in pairwise(stds)) and stds[-1] > 1.5
    raw_entrance = abs(entering[0] - 1) > 0.1
    y = x.detach().requires_grad_()
    sizes = []
    for scale in (1.0, 5.0):  # does the norm bring any gradient to unit size?
        (gradient,) = torch.autograd.grad((scale * nn.LayerNorm(d)(y)[..., 0]).sum(), y)
        sizes.append(gradient.norm(dim=-1).mean().item())
    unit_gradient = all(abs(size - 1) < 0.1 for size in sizes)
    return [grows, raw_entrance, unit_gradient, None]


def steps_evidence():
    from itertools import permutations

    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3, batch_first=True, norm_first=True)
        x = torch.randn(2, 5, 8)
        layer.linear2.weight.data.zero_()  # the FFN's branch adds nothing
        layer.linear2.bias.data.zero_()
        layer.self_attn.dropout = 0.0
        steps = [
            layer.norm1,
            lambda h: layer.self_attn(h, h, h, need_weights=False)[0],
            layer.dropout1,
            lambda h: h + x,
        ]
        torch.manual_seed(1)
        expected = layer(x)
        right = []
        for order in permutations(range(4)):
            h = x
            torch.manual_seed(1)
            for step in order:
                h = steps[step](h)
            if torch.allclose(h, expected, atol=1e-5):
                right.append(order)
    return [right == [(0, 1, 2, 3)]]


def growth_draw(rng):
    while True:
        layers, v = rng.choice([6, 8, 12, 16, 24, 32, 40, 48]), rng.choice([0.25, 0.5, 1.5, 2, 3])
        values = [(1 + 2 * layers * v) ** 0.5, (1 + layers * v) ** 0.5, 1 + 2 * layers * v]
        shown = [float(f"{value:.3g}") for value in values]
        return {"layers": layers, "v": v, "answer": shown[0], "one_each": shown[1], "variance": shown[2]}


def growth_evidence(drawn):
    import torch

    terms = 2 * drawn["layers"] + 1
    noise = torch.randn(400, terms, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    directions, _ = torch.linalg.qr(noise - noise.mean(0))  # uncorrelated, mean 0
    outputs = directions * 400**0.5  # variance 1 each
    stream = outputs[:, 0] + (drawn["v"] ** 0.5 * outputs[:, 1:]).sum(1)
    std = stream.square().mean().sqrt().item()
    return [
        abs(std / value - 1) < 0.01 for value in (drawn["answer"], drawn["one_each"], drawn["variance"], 1)
    ]


def top_gradients_evidence():
    def change(pre):
        deep, shallow = (sum(_gradients(pre, depth, seed)[1] for seed in (0, 1)) for depth in (32, 2))
        return deep / shallow  # 1/√L would be ¼

    post, pre = change(False), change(True)
    return [
        post < 0.4 and pre > 0.9,
        pre < 0.4 and post > 0.9,
        post < 0.4 and pre < 0.4,
        post > 0.5 and pre > 0.5,
    ]
