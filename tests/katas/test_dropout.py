"""Grades katas/dropout.py.

Right attempts throw their coins in different order, so nothing random is compared with the reference, and
nothing random is judged entry by entry: rates and shares are, over so many coins that the bounds lie at least
five standard deviations away, even where a mistake makes many entries share a coin.
"""

import pytest
import torch
from torch import nn

from dlkata.grading.suite import (
    gradients,
    holds,
    near,
    normal,
    not_reseeded,
    reaches,
    same,
    setting,
)

P = 0.3
BATCH = (40, 30)
CALLS = 25  # with BATCH: 30,000 entries


def dropout(candidate, p=P):
    """A new layer in the mode it is born with; a p that is refused though allowed is said so."""
    layer, refused = None, ""
    try:
        layer = candidate.Dropout(p)
    except (ValueError, AssertionError) as error:
        refused = type(error).__name__
    holds(
        not refused,
        f"p = {p:g} is allowed, but the constructor refuses it.",
        f"p = {p:g} 是允许的，构造函数却拒绝了。",
        value="refused" if refused else "made",
        name=f"Dropout({p:g})",
    )
    return layer


def ones(*shape):
    return torch.ones(shape, dtype=setting.dtype, device=setting.device)


def values(seed, shape=BATCH):
    """Entries of either sign, none of them near zero."""
    # Not `seed`: the global generator starts from it, and coins made like these numbers would go with them.
    (x,) = normal(seed + 1000, shape, grad=False)
    return x.sign() * (x.abs() + 0.1)


def share(condition):
    return condition.double().mean().item()


def masks(layer, *, calls=CALLS, requires_grad=False):
    """What was dropped in each call, given ones."""
    return torch.stack(
        [layer(ones(*BATCH).requires_grad_(requires_grad)).detach() == 0 for _ in range(calls)]
    )


def rate(layer, p, name, **options):
    near(share(masks(layer, **options)), p, 0.1, f"share of zeros ({name})")


def unlike(output, x, tolerance=1e-8):
    """The share of entries that are neither 0 nor x/(1 − p)."""
    wrong = (output != 0) & ~((output - x / (1 - P)).abs() <= tolerance * x.abs())
    return share(wrong | ~output.isfinite())


def test_rate(candidate):
    """In train mode a share p of the entries is dropped, for any p
    train 模式下被丢弃的比例是 p，p 取任意值都对"""
    for p in (P, 0.85):
        rate(dropout(candidate, p), p, f"p = {p:g}")


def test_scale(candidate):
    """Survivors are scaled by 1/(1 − p)
    留下的元素放大为 1/(1 − p) 倍"""
    for p in (P, 0.6):
        output = dropout(candidate, p)(ones(*BATCH))
        left = torch.stack([output[output != 0].min(), output.max()])
        right = bool((left - 1 / (1 - p)).abs().max() < 1e-6)
        holds(
            right,
            f"With p = {p:g} a surviving 1 must become {1 / (1 - p):.4g}, and it does not.",
            f"p = {p:g} 时，留下的 1 应变成 {1 / (1 - p):.4g}，实际不是。",
            value=left,
            name=f"survivors (p = {p:g})",
        )


def test_values(candidate, seed):
    """Every entry becomes 0 or x/(1 − p), whatever its size and sign
    每个元素要么变成 0，要么变成 x/(1 − p)，与大小和正负无关"""
    x = values(seed)
    layer = dropout(candidate)
    outputs = torch.stack([layer(x.clone()) for _ in range(CALLS)])
    near(
        unlike(outputs, x), 0, 0.1, "share of wrong values",
        "A survivor is not x/(1 − p).",
        "留下的元素不等于 x/(1 − p)。",
    )  # fmt: skip
    for name, chosen in (("x > 0", x > 0), ("x < 0", x < 0), ("|x| > 1", x.abs() > 1)):
        near(share(outputs[:, chosen] == 0), P, 0.1, f"share of zeros among {name}")


def test_eval(candidate, seed):
    """In eval mode the output equals the input, for any p, and gradients pass unchanged
    eval 模式下，无论 p 是多少，输出都等于输入，梯度原样通过"""
    for p in (P, 0.0, 1.0):
        (x,) = normal(seed, (5, 3, 4))
        layer = dropout(candidate, p).eval()
        same(layer(x), x.detach(), f"output (p = {p:g})")
        same(gradients(layer(x), [x]), gradients(x * 1, [x]), ["∂L/∂x"])


def test_modes(candidate):
    """A new layer is in train mode; train() and eval() switch it, from outside too
    新建的层处于 train 模式；train() 和 eval() 可以切换，从外层调用也行"""
    net = nn.Sequential(nn.Identity(), nn.Sequential(dropout(candidate)))
    rate(net, P, "new")
    rate(net.eval(), 0, "eval")
    rate(net.train(), P, "train")


def test_mode_is_not_grad_mode(candidate):
    """Neither no_grad nor what x requires has to do with the mode
    no_grad、x 是否需要梯度，都与模式无关"""
    layer = dropout(candidate)
    with torch.no_grad():
        rate(layer, P, "train, no_grad")
        rate(layer, P, "train, no_grad, requires_grad", requires_grad=True)
        rate(layer.eval(), 0, "eval, no_grad, requires_grad", requires_grad=True)
    rate(layer.train(), P, "train, requires_grad", requires_grad=True)
    rate(layer.eval(), 0, "eval, requires_grad", requires_grad=True)


def alike(output, dim):
    """How often an entry and its neighbour along `dim` meet the same fate: p² + (1 − p)² if they are independent."""
    fate = output == 0
    n = fate.shape[dim] - 1
    return share(fate.narrow(dim, 0, n) == fate.narrow(dim, 1, n))


def test_every_entry_for_itself(candidate):
    """No two entries share a coin: not in a batch, nor in a row, nor in a channel
    任何两个元素都不共用硬币：同一 batch、同一行、同一通道都不行"""
    for shape in ((60, 20, 50), (12, 10, 20, 25), (200, 300)):
        output = dropout(candidate)(ones(*shape))
        together = torch.tensor([alike(output, dim) for dim in range(len(shape))], dtype=torch.float64)
        # The coins of whole groups are few, so first only: which neighbours always fall together?
        holds(
            not (together > 0.97).any(),
            f"In an input of shape {shape}, all entries along a dimension are dropped together.",
            f"输入形状为 {shape} 时，某一维上的元素总是一起被丢弃。",
            value=(together > 0.97).double(),
            name=f"dimensions that fall together in {shape}",
        )
        near(share(output == 0), P, 0.015, f"share of zeros in {shape}")
        for dim, measured in enumerate(together):
            near(
                measured, P**2 + (1 - P) ** 2, 0.025, f"neighbours alike along dim {dim} of {shape}",
                "Neighbouring entries along this dimension must be dropped independently of each other.",
                "沿这一维相邻的元素，是否丢弃应当相互独立。",
            )  # fmt: skip
    near(share(dropout(candidate, 0.05)(ones(200, 300)) == 0), 0.05, 0.01, "share of zeros (p = 0.05)")


def test_every_call_anew(candidate):
    """Every call throws its own coins
    每次调用都重新抛硬币"""
    thrown = masks(dropout(candidate), calls=2 * CALLS)
    for name, later in (("the next", thrown[1:]), ("the next but one", thrown[2:])):
        near(
            share(thrown[: len(later)] == later), P**2 + (1 - P) ** 2, 0.1, f"share alike in a call and {name}",
            "The masks of two calls must be independent of each other.",
            "两次调用的 mask 应当相互独立。",
        )  # fmt: skip


def test_every_layer_for_itself(candidate):
    """Layers throw coins of their own, with a p of their own
    各层抛各自的硬币，用各自的 p"""
    layers = [candidate.Dropout(0.1), candidate.Dropout(0.6)]  # both exist before either is used
    one, other = masks(layers[0]), masks(layers[1])
    near(share(one == other), 0.1 * 0.6 + 0.9 * 0.4, 0.1, "share alike in two layers")
    near(share(one), 0.1, 0.1, "share of zeros (p = 0.1 beside another)")
    near(share(other), 0.6, 0.1, "share of zeros (p = 0.6 beside another)")


def test_number_dropped_varies(candidate):
    """How many entries are dropped varies as it does with independent coins
    被丢弃的个数会变，变化幅度与独立抛硬币一致"""
    layer = dropout(candidate)
    counts = torch.stack([(layer(ones(6, 5)) == 0).sum() for _ in range(200)]).double()
    ratio = (counts.var() / (30 * P * (1 - P))).item()
    holds(
        0.5 < ratio < 2,
        "Each entry has a coin of its own, so the number dropped is itself random, by as much as a number of heads.",
        "每个元素各抛一次硬币，所以被丢弃的个数本身是随机的，其波动与抛硬币的正面次数相同。",
        value="too even" if ratio <= 0.5 else "too uneven" if ratio >= 2 else "right",
        name="variance of the number dropped",
    )


def test_gradients(candidate, seed):
    """Dropped entries get gradient 0, the others g/(1 − p)
    被丢弃的元素梯度为 0，其余为 g/(1 − p)"""
    x = values(seed).requires_grad_()
    layer = dropout(candidate)
    for name in ("", " (second call)"):
        output = layer(x * 1)  # not a leaf: editing it is another mistake
        (found,) = gradients(output, [x])
        holds(found is not None, "No gradient reaches x.", "梯度传不到 x。", name=f"path to x{name}")
        (upstream,) = gradients(x * 1, [x])
        right = upstream * (output.detach() != 0) / (1 - P)
        near(
            share((found - right).abs() > 1e-6), 0, 0.1, f"share of wrong gradients{name}",
            "The gradient of an entry is 0 where it was dropped, g/(1 − p) where it was kept.",
            "被丢弃的元素梯度应为 0，留下的应为 g/(1 − p)。",
        )  # fmt: skip


def test_ends(candidate, seed):
    """p = 0 changes nothing; p = 1 gives zeros and zero gradients, not NaN
    p = 0 时什么都不变；p = 1 时输出和梯度都是 0，不是 NaN"""
    for p, factor in ((0, 1.0), (0.0, 1.0), (1, 0.0), (1.0, 0.0)):
        (x,) = normal(seed, (5, 3, 4))
        output = dropout(candidate, p)(x)
        same(output, x.detach() * factor, f"output (p = {p})")
        same(gradients(output, [x]), gradients(x * factor, [x]), ["∂L/∂x"])


def test_bad_p(candidate):
    """Any p outside [0, 1] raises ValueError
    p 不在 [0, 1] 内时抛出 ValueError"""
    for p in (-0.1, 1.1, 30, -1):
        raised = "nothing"
        try:
            candidate.Dropout(p)
        except Exception as error:
            raised = "ValueError" if isinstance(error, ValueError) else type(error).__name__
        holds(
            raised == "ValueError",
            f"`Dropout({p})` must raise ValueError; it raised {raised}.",
            f"`Dropout({p})` 应当抛出 ValueError；实际抛出：{raised}。",
            value=raised,
            name=f"Dropout({p})",
        )


def test_default_p(candidate):
    """Without p, half of the entries are dropped
    不传 p 时丢弃一半"""
    layer = candidate.Dropout()
    half = abs(share(masks(layer)) - 0.5) < 0.1
    doubled = abs(layer(ones(*BATCH)).max().item() - 2) < 1e-6
    holds(
        half and doubled,
        "Without p, the layer does not behave as if p were 0.5.",
        "不传 p 时，行为与 p = 0.5 不符。",
    )
    rate(candidate.Dropout(p=P), P, "p by name")


def test_no_state(candidate):
    """There is nothing to learn and nothing to save
    没有要学习的，也没有要保存的"""
    layer = dropout(candidate)
    layer(ones(3, 5))
    names = [*layer.state_dict(), *(name for name, _ in layer.named_parameters())]
    holds(
        not names,
        "The layer must have no parameters, and its state_dict must be empty.",
        "这一层不应有参数，state_dict 应为空。",
        value=", ".join(sorted(set(names))) or "nothing",
        name="state_dict",
    )


def test_global_generator(candidate):
    """torch.manual_seed decides which entries are dropped
    丢弃哪些元素由 torch.manual_seed 决定"""
    layer = dropout(candidate)

    def drawn():
        torch.manual_seed(3)
        return masks(layer, calls=2)

    holds(
        torch.equal(drawn(), drawn()),
        "The same seed gives another mask: the coins must come from torch's global generator.",
        "种子相同，mask 却不同：硬币应来自 torch 的全局生成器。",
        name="same seed, same mask",
    )


def test_not_reseeded(candidate):
    """The global generator is used, but never reseeded
    使用全局生成器，但绝不重新设种子"""
    not_reseeded(lambda: candidate.Dropout(P)(torch.rand(2, 7)))
    not_reseeded(lambda: candidate.Dropout(P).eval()(torch.rand(2, 7)))


def test_dtypes(candidate, seed):
    """The output has the dtype of x, whichever it is
    输出的 dtype 与 x 相同，无论是哪种"""
    wide = () if setting.dtype == torch.float32 else (torch.float64,)
    for dtype in (torch.float32, torch.float16, torch.bfloat16, *wide):
        x = values(seed).to(dtype)
        layer = dropout(candidate)
        outputs = [layer(x.clone()) for _ in range(CALLS)]
        found = str(outputs[0].dtype)
        holds(
            found == str(dtype),
            f"The input is {dtype}, the output {found}.",
            f"输入是 {dtype}，输出却是 {found}。",
            value=found,
            name=f"dtype for {dtype}",
        )
        output = torch.stack(outputs).to(setting.dtype)
        tolerance = 1e-9 if dtype == torch.float64 else 2 * torch.finfo(dtype).eps
        near(unlike(output, x.to(setting.dtype), tolerance), 0, 0.1, f"share of wrong values ({dtype})")
        near(share(output == 0), P, 0.1, f"share of zeros ({dtype})")


def test_any_shape(candidate, seed):
    """Vectors, scalars and empty inputs work
    向量、标量、空张量都可以"""
    layer = dropout(candidate)
    for shape in ((7,), (), (0, 3), (1, 1), (2, 1, 3, 1, 2)):
        x = values(seed, shape)
        output = layer(x.clone())
        right = output.shape == x.shape and (x.numel() == 0 or unlike(output, x) == 0)
        holds(
            right,
            f"The output for an input of shape {shape} is wrong.",
            f"输入形状为 {shape} 时输出不对。",
            name=f"x.shape = {shape}",
        )


def test_noncontiguous(candidate, seed):
    """Transposed, strided and expanded inputs work, and expanded entries have coins of their own
    输入是转置、带步长的切片或 expand 的结果时也正确；expand 出来的元素也各抛各的"""
    layer = dropout(candidate)
    cases = (
        ("x.mT", (30, 40), lambda x: x.mT),
        ("x[::2, ::3]", (80, 90), lambda x: x[::2, ::3]),
        ("x.expand", (40, 1), lambda x: x.expand(40, 30)),
        ("x[0].expand", (1, 30), lambda x: x.expand(40, 30)),
    )
    for name, shape, view in cases:
        x = view(values(seed, shape))
        outputs = torch.stack([layer(view(values(seed, shape))) for _ in range(CALLS)])
        near(unlike(outputs, x), 0, 0.1, f"share of wrong values ({name})")
        near(share(outputs == 0), P, 0.1, f"share of zeros ({name})")
        together = [alike(outputs, dim) > 0.97 for dim in (1, 2)]
        holds(
            not any(together),
            "Entries of an expanded input are dropped together.",
            "expand 得到的元素总是一起被丢弃。",
            value=torch.tensor(together, dtype=torch.float64),
            name=f"dimensions that fall together ({name})",
        )


def test_side_effects(candidate, seed):
    """The input is left alone in every mode, and so are earlier outputs
    任何模式下都不改动输入，也不改动之前的输出"""
    layer = dropout(candidate)
    x = values(seed)
    before = x.clone()
    first = layer(x)
    kept = first.clone()
    layer(x), layer(values(seed + 1))
    layer.eval()(x)
    layer.train()(x)
    # Not `unchanged`: which entries were edited is a matter of chance.
    holds(torch.equal(x, before), "Your layer edits its input.", "你的层改动了输入。", name="x")
    holds(
        torch.equal(first, kept) or not torch.equal(x, before),
        "A later call edits the output of an earlier one.",
        "后一次调用改动了前一次的输出。",
        name="an earlier output",
    )


def leaning_task(seed, n=400, weak=20):
    """Labels ±1; the first feature tells them outright, the others tell a little each."""
    labels, noise = normal(seed, (n,), (n, weak), grad=False)
    labels = labels.sign()
    return torch.cat([3 * labels[:, None], 0.5 * labels[:, None] + noise], dim=1), labels


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A classifier trained with it still works when its best feature misleads: accuracy ≥ 0.8
    用它训练的分类器，最好的那个特征反过来误导时仍能工作：准确率 ≥ 0.8"""
    x, labels = leaning_task(seed)
    net = nn.Sequential(dropout(candidate, 0.8), nn.Linear(x.shape[1], 1))
    net.to(setting.device, setting.dtype)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    losses = []
    for _ in range(200):
        loss = nn.functional.softplus(-labels * net(x)[:, 0]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    unseen, answers = leaning_task(seed + 1)
    unseen[:, 0] = -2
    with torch.no_grad():
        accuracy = share(net.eval()(unseen)[:, 0].sign() == answers)
    # Without dropout the classifier leans on the first feature, and stays below 0.7.
    reaches(accuracy, 0.8, "accuracy", losses=losses)
