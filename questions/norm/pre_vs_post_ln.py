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


def experiment():
    depth, seeds = 12, range(3)
    paths = {}
    for name, pre in (("post-norm", False), ("pre-norm", True)):
        runs = [_gradients(pre, depth, seed)[0] for seed in seeds]
        paths[name] = [sum(values) / len(values) for values in zip(*runs, strict=True)]
    depths, tops = [3, 6, 12, 24, 48], {}
    for name, pre in (("post-norm", False), ("pre-norm", True)):
        tops[name] = [_gradients(pre, depth)[1] for depth in depths]

    post, pre = paths["post-norm"], paths["pre-norm"]
    assert post[0] < 0.6 * post[-1], "on its way down the gradient fades in post-norm"
    assert pre[0] > pre[-1], "but not in pre-norm"
    assert tops["post-norm"][-1] > 0.6 * tops["post-norm"][0], (
        "post-norm's last layer does not feel the depth"
    )
    assert tops["pre-norm"][-1] < 0.4 * tops["pre-norm"][0], "pre-norm's last layer gets smaller gradients"
    return {
        "says": (
            f"In {depth} fresh layers the gradient of the residual stream went, from top to bottom, from {post[-1]:.3f} to "
            f"{post[0]:.3f} with post-norm, from {pre[-1]:.3f} to {pre[0]:.3f} with pre-norm. From 3 to 48 layers the last "
            f"layer's gradient went from {tops['post-norm'][0]:.2f} to {tops['post-norm'][-1]:.2f} (post) and from "
            f"{tops['pre-norm'][0]:.2f} to {tops['pre-norm'][-1]:.2f} (pre).",
            f"{depth} 层、刚初始化时，残差流的梯度自上而下：post-norm 从 {post[-1]:.3f} 变为 {post[0]:.3f}，pre-norm 从 "
            f"{pre[-1]:.3f} 变为 {pre[0]:.3f}。深度从 3 层增到 48 层，最后一层的梯度：post-norm 从 {tops['post-norm'][0]:.2f} "
            f"变为 {tops['post-norm'][-1]:.2f}，pre-norm 从 {tops['pre-norm'][0]:.2f} 变为 {tops['pre-norm'][-1]:.2f}。",
        ),
        "charts": [
            {
                "title": ("Gradient of the residual stream, by layer", "残差流的梯度，逐层"),
                "chart": "curves",
                "x": list(range(1, depth + 1)),
                "x_label": ("after layer (1 = bottom)", "第几层之后（1 = 底层）"),
                "y_label": ("‖∂L/∂x‖", "‖∂L/∂x‖"),
                "log_x": False,
                "log_y": True,
                "series": list(paths.items()),
            },
            {
                "title": ("Gradient of the last layer, by depth", "最后一层的梯度，随总层数变化"),
                "chart": "curves",
                "x": depths,
                "x_label": ("number of layers", "总层数"),
                "y_label": ("‖∂L/∂W‖", "‖∂L/∂W‖"),
                "log_x": True,
                "log_y": True,
                "series": list(tops.items()),
            },
        ],
    }


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
