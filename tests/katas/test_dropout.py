"""Grades katas/dropout.py.

Every attempt throws its coins in an order of its own, so nothing that depends on the mask is judged, or goes into
the journal: rates, and shares of entries, are measured over so many coins that the bounds lie six standard
deviations away; the rest is said in words that are the same for every mask.
"""

import pytest
import torch
from torch import nn

from dlkata.suite import gradients, holds, near, normal, not_reseeded, reaches, same, setting

P = 0.3
MANY = (30, 25, 32)  # entries: 24,000, so a rate of 0.3 has a standard deviation of 0.003


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
        value=refused or "made",
        name=f"Dropout({p:g})",
    )
    return layer


def ones(*shape, dtype=None):
    return torch.ones(shape, dtype=dtype or setting.dtype, device=setting.device)


def values(seed, shape=MANY):
    """Entries of either sign, none of them near zero."""
    # Not `seed`: the global generator starts from it, and coins made like these numbers would go with them.
    (x,) = normal(seed + 1000, shape, grad=False)
    return x.sign() * (x.abs() + 0.1)


def share(condition):
    return condition.double().mean().item()


def alike(fate, dim):
    """How often an entry and its neighbour along `dim` meet the same fate: p² + (1 − p)² if they are independent."""
    n = fate.shape[dim] - 1
    return share(fate.narrow(dim, 0, n) == fate.narrow(dim, 1, n))


def fates(output, name, *labels):
    """Which entries were dropped. Where they share coins, few are thrown and no rate is what it should be: so that
    is said first."""
    fate = output == 0
    labels = labels or [(f"dim {dim}", f" dim {dim} ") for dim in range(fate.dim())]
    mixed = 0 < share(fate) < 1
    shared = [label for dim, label in enumerate(labels) if mixed and alike(fate, dim) == 1]
    holds(
        not shared,
        f"Entries share coins: along {' and '.join(en for en, _ in shared)} all are dropped, or none.",
        f"有些元素共用一次硬币：沿着{'、'.join(zh for _, zh in shared)}，要么全部丢弃，要么一个不丢。",
        value=", ".join(en for en, _ in shared) or "none",
        name=f"shared coins ({name})",
    )
    return fate


def judge_rate(output, p, name, within=0.02):
    """The share of dropped entries is p."""
    near(share(fates(output, name)), p, within, f"share of zeros ({name})")


def factors(output, x):
    """By what the survivors have grown."""
    same(output * 0, x * 0)  # shape, dtype, neither inf nor NaN
    kept = output != 0
    return output[kept].to(setting.dtype) / x[kept].to(setting.dtype)


def judge_factors(found, p, name, tolerance=None):
    """Every survivor has grown by 1/(1 − p)."""
    target = 1 / (1 - p)
    tolerance = tolerance or (1e-8 if setting.dtype == torch.float64 else 1e-5)
    worst = found[(found - target).abs().argmax()].item() if len(found) else target
    right = abs(worst - target) <= tolerance * target
    holds(
        right,
        f"With p = {p:g} each survivor must become {target:.9g} times what it was; one became {worst:.9g} times.",
        f"p = {p:g} 时，每个留下的元素应变为原来的 {target:.9g} 倍；实际有一个变成了 {worst:.9g} 倍。",
        value="right" if right else "wrong",
        name=f"factor of the survivors ({name})",
    )


def judge_scale(output, x, p, name):
    """The same, and by how much they have grown instead."""
    found, target = factors(output, x), 1 / (1 - p)
    near(
        found.mean().item() if len(found) else 0.0, target, target / 10,
        f"mean factor of the survivors ({name})",
        "Entries that survive must be divided by 1 − p.",
        "留下的元素应当除以 1 − p。",
    )  # fmt: skip
    judge_factors(found, p, name)


def test_rate(candidate):
    """In train mode a share p of the entries is dropped, for any p
    train 模式下被丢弃的比例是 p，p 取任意值都对"""
    for p in (P, 0.85, 0.05):
        judge_rate(dropout(candidate, p)(ones(*MANY)), p, f"p = {p:g}")


def test_scale(candidate):
    """Survivors are scaled by 1/(1 − p)
    留下的元素放大为 1/(1 − p) 倍"""
    for p in (P, 0.85):
        x = ones(*MANY)
        judge_scale(dropout(candidate, p)(x), x, p, f"p = {p:g}")


def test_values(candidate, seed):
    """Every entry becomes 0 or x/(1 − p), whatever its size and sign
    每个元素要么变成 0，要么变成 x/(1 − p)，与大小和正负无关"""
    x = values(seed)
    output = dropout(candidate)(x)
    judge_scale(output, x, P, "values of either sign")
    fate = fates(output, "values of either sign")
    for name, chosen in (("x > 0", x > 0), ("x < 0", x < 0), ("|x| > 1", x.abs() > 1)):
        near(share(fate[chosen]), P, 0.025, f"share of zeros among {name}")


def test_eval(candidate, seed):
    """In eval mode the output equals the input, for any p, and gradients pass unchanged
    eval 模式下，无论 p 是多少，输出都等于输入，梯度原样通过"""
    for p in (P, 0.0, 1.0):
        layer = dropout(candidate, p).eval()
        for step in range(2):  # two inputs of one shape
            (x,) = normal(seed + step, (5, 3, 4))
            same(layer(x), x.detach(), f"output (p = {p:g}, input {step + 1})")
            same(gradients(layer(x), [x]), gradients(x * 1, [x]), ["∂L/∂x"])
            with torch.no_grad():
                same(layer(x), x.detach(), f"output (p = {p:g}, input {step + 1}, no_grad)")


def test_modes(candidate, seed):
    """A new layer is in train mode; train() and eval() switch it, from outside too
    新建的层处于 train 模式；train() 和 eval() 可以切换，从外层调用也行"""
    layer = dropout(candidate)
    net = nn.Sequential(nn.Identity(), nn.Sequential(layer))
    x = ones(*MANY)
    judge_rate(net(x), P, "new")
    judge_rate(net.eval()(x), 0, "eval")
    judge_rate(net.train()(x), P, "train")


def test_mode_is_not_grad_mode(candidate):
    """Neither no_grad nor what x requires has to do with the mode
    no_grad、x 是否需要梯度，都与模式无关"""
    layer = dropout(candidate)
    x, grown = ones(*MANY), ones(*MANY).requires_grad_()
    with torch.no_grad():
        judge_rate(layer(x), P, "train, no_grad")
        judge_rate(layer(grown), P, "train, no_grad, requires_grad")
        judge_rate(layer.eval()(grown), 0, "eval, no_grad, requires_grad")
    judge_rate(layer.train()(grown), P, "train, requires_grad")
    judge_rate(layer.eval()(grown), 0, "eval, requires_grad")


def test_every_entry_for_itself(candidate):
    """No two entries share a coin: not in a batch, nor in a row, nor in a channel
    任何两个元素都不共用硬币：同一 batch、同一行、同一通道都不行"""
    independent = P**2 + (1 - P) ** 2
    for shape in (MANY, (120, 200), (6, 5, 20, 40)):
        fate = fates(dropout(candidate)(ones(*shape)), f"{shape}")
        for dim in range(len(shape)):
            near(
                alike(fate, dim), independent, 0.025, f"neighbours alike along dim {dim} of {shape}",
                "Neighbouring entries along this dimension must be dropped independently of each other.",
                "沿这一维相邻的元素，是否丢弃应当相互独立。",
            )  # fmt: skip


def test_every_call_anew(candidate):
    """Every call throws its own coins
    每次调用都重新抛硬币"""
    layer = dropout(candidate)
    first, second, third = (fates(layer(ones(*MANY)), f"call {call}") for call in (1, 2, 3))
    independent = P**2 + (1 - P) ** 2
    for name, one, other in (("1 and 2", first, second), ("2 and 3", second, third)):
        near(
            share(one == other), independent, 0.025, f"share alike in calls {name}",
            "The masks of two calls must be independent of each other.",
            "两次调用的 mask 应当相互独立。",
        )  # fmt: skip


def test_every_layer_for_itself(candidate):
    """Layers throw coins of their own, with a p of their own
    各层抛各自的硬币，用各自的 p"""
    layers = [candidate.Dropout(0.1), candidate.Dropout(0.6)]  # both exist before either is used
    outputs = [layer(ones(*MANY)) for layer in layers]
    # The larger p first: of few coins, none may fall below 0.1.
    often, seldom = fates(outputs[1], "p = 0.6 beside another"), fates(outputs[0], "p = 0.1 beside another")
    near(share(seldom == often), 0.1 * 0.6 + 0.9 * 0.4, 0.025, "share alike in two layers")
    for fate, p in ((seldom, 0.1), (often, 0.6)):
        near(share(fate), p, 0.02, f"share of zeros (p = {p:g} beside another)")


def test_number_dropped_varies(candidate):
    """How many entries are dropped varies from call to call
    被丢弃的个数每次不同"""
    layer = dropout(candidate)
    outputs = torch.stack([layer(ones(30)) for _ in range(200)])
    labels = ("the 200 calls", " 200 次调用"), ("the entries of x", " x 的各个元素")
    counts = fates(outputs, "200 calls", *labels).sum(dim=1).double()
    near(counts.mean().item(), 30 * P, 1.0, "mean number dropped of 30")
    near(
        counts.var().item(), 30 * P * (1 - P), 3.5, "variance of the number dropped of 30",
        "Each entry has a coin of its own, so the number of dropped entries is itself random.",
        "每个元素各抛一次硬币，所以被丢弃的个数本身也是随机的。",
    )  # fmt: skip


def test_gradients(candidate, seed):
    """Dropped entries get gradient 0, the others g/(1 − p)
    被丢弃的元素梯度为 0，其余为 g/(1 − p)"""
    x = values(seed).requires_grad_()
    layer = dropout(candidate)
    for name, module in (("", layer), (" (second call)", layer)):
        output = module(x)
        (found,) = gradients(output, [x])
        holds(
            found is not None,
            "No gradient reaches x.",
            "梯度传不到 x。",
            name=f"path to x{name}",
        )
        (upstream,) = gradients(x * 1, [x])
        right = upstream * (output.detach() != 0) / (1 - P)
        near(
            share((found - right).abs() > 1e-6), 0, 0.02, f"share of wrong gradients{name}",
            "The gradient of an entry is 0 where it was dropped, g/(1 − p) where it was kept.",
            "被丢弃的元素梯度应为 0，留下的应为 g/(1 − p)。",
        )  # fmt: skip


def test_ends(candidate, seed):
    """p = 0 changes nothing; p = 1 gives zeros and zero gradients, not NaN; in half precision too
    p = 0 时什么都不变；p = 1 时输出和梯度都是 0，不是 NaN；半精度也一样"""
    for p, factor in ((0, 1.0), (0.0, 1.0), (1, 0.0), (1.0, 0.0)):
        (x,) = normal(seed, (5, 3, 4))
        output = dropout(candidate, p)(x)
        same(output, x.detach() * factor, f"output (p = {p})")
        same(gradients(output, [x]), gradients(x * factor, [x]), ["∂L/∂x"])
        for dtype in (torch.float16, torch.bfloat16):
            # Of numbers drawn in bfloat16 one in 256 is 0. No more of them: in float32 one in 10⁷ is.
            x = values(seed, (60, 25)).to(dtype)
            lost = share(dropout(candidate, p)(x) != x * factor)
            holds(
                lost == 0,
                f"With p = {p:g} some entries in {dtype} come out wrong: {'none may' if p == 0 else 'all must'} be dropped.",
                f"p = {p:g} 时，{dtype} 的有些元素结果不对：应当{'一个都不丢' if p == 0 else '全部丢弃'}。",
                value="none wrong" if lost == 0 else "all wrong" if lost == 1 else "some wrong",
                name=f"p = {p:g} in {dtype}",
            )


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
    # Held against the attempt itself: every other default is the same mistake.
    plain, spelt = (layer(ones(*MANY)) for layer in (candidate.Dropout(), dropout(candidate, 0.5)))
    holds(
        abs(share(fates(plain, "default p")) - share(spelt == 0)) < 0.03
        and abs(plain.max() - spelt.max()) < 1e-6,
        "Without p, the layer does not behave as it does with p = 0.5.",
        "不传 p 时，行为与传入 p = 0.5 时不同。",
        name="default p",
    )
    plain, spelt = (layer(ones(*MANY)) for layer in (candidate.Dropout(p=P), dropout(candidate, P)))
    near(
        share(fates(plain, "p by name")) - share(spelt == 0),
        0,
        0.03,
        "share of zeros, p by name against p by position",
    )


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

    def drawn(seed):
        torch.manual_seed(seed)
        return fates(layer(ones(*MANY)), f"seed {seed}")

    holds(
        share(drawn(3) == drawn(3)) == 1,
        "The same seed gives another mask: the coins must come from torch's global generator.",
        "种子相同，mask 却不同：硬币应来自 torch 的全局生成器。",
        name="same seed, same mask",
    )
    near(share(drawn(3) == drawn(4)), P**2 + (1 - P) ** 2, 0.025, "share alike under two seeds")


def test_not_reseeded(candidate):
    """The global generator is used, but never reseeded
    使用全局生成器，但绝不重新设种子"""
    not_reseeded(lambda: candidate.Dropout(P)(torch.rand(2, 7)))
    not_reseeded(lambda: candidate.Dropout(P).eval()(torch.rand(2, 7)))
    not_reseeded(lambda: torch.rand(3) * len([candidate.Dropout(P)]))
    states = []
    for _ in range(2):
        torch.manual_seed(11)
        candidate.Dropout(P)(torch.rand(2, 7))
        states.append(torch.get_rng_state())
    repeated = torch.equal(*states)
    holds(
        repeated,
        "After the same seed and the same call the global generator is not where it was: something seeded it anew.",
        "设同样的种子、做同样的调用之后，全局生成器的状态却不同：有人重新给它设了种子。",
        value=str(repeated),
        name="state of the generator",
    )


def test_dtypes(candidate, seed):
    """The output has the dtype of x, whichever it is
    输出的 dtype 与 x 相同，无论是哪种"""
    wide = () if setting.dtype == torch.float32 else (torch.float64,)
    for dtype in (torch.float32, torch.float16, torch.bfloat16, *wide):
        x = values(seed).to(dtype)
        output = dropout(candidate)(x)
        judge_factors(factors(output, x), P, f"{dtype}", tolerance=2e-2)
        judge_rate(output, P, f"{dtype}", within=0.025)


def test_any_shape(candidate, seed):
    """Vectors, scalars and empty inputs work
    向量、标量、空张量都可以"""
    layer = dropout(candidate)
    for shape in ((7,), (), (0, 3), (1, 1), (2, 1, 3, 1, 2)):
        x = values(seed, shape)
        found = [factors(layer(x), x) for _ in range(60)]  # of a few entries none may be left
        judge_factors(torch.cat(found), P, f"x.shape = {shape}")


def test_noncontiguous(candidate, seed):
    """Transposed, strided and expanded inputs work, and expanded entries have coins of their own
    输入是转置、带步长的切片或 expand 的结果时也正确；expand 出来的元素也各抛各的"""
    layer = dropout(candidate)
    cases = (
        ("x.mT", MANY, lambda x: x.mT),
        ("x[:, ::2, ::2]", (30, 50, 64), lambda x: x[:, ::2, ::2]),
        ("x.expand", (30, 1, 32), lambda x: x.expand(30, 25, 32)),
    )
    for name, shape, view in cases:
        x = view(values(seed, shape))
        output = layer(x)
        judge_factors(factors(output, x), P, name)
        fate = fates(output, name)
        near(share(fate), P, 0.02, f"share of zeros ({name})")
        near(alike(fate, 1), P**2 + (1 - P) ** 2, 0.025, f"neighbours alike ({name})")


def test_side_effects(candidate, seed):
    """The input is left alone in every mode and precision, and so are earlier outputs
    任何模式、任何精度下都不改动输入，也不改动之前的输出"""

    def untouched(tensor, before, en, zh, name):
        left = bool((tensor == before).all())
        holds(left, en, zh, value="as it was" if left else "edited", name=name)

    edited = "The input is edited: some of its entries are others now.", "输入被改动了：有些元素的值变了。"
    earlier = "The result of an earlier call is edited by a later one.", "后一次调用改动了之前返回的结果。"
    layer = dropout(candidate)
    for dtype in (setting.dtype, torch.float16):
        for context in (torch.enable_grad, torch.no_grad, torch.inference_mode):
            for training in (True, False):
                x, y = values(seed).to(dtype), values(seed + 1).to(dtype)
                before, case = x.clone(), f"train = {training}, {context.__name__}, {dtype}"
                with context():
                    first = layer.train(training)(x)
                    untouched(x, before, *edited, f"x ({case})")
                    returned = first.clone()
                    layer(x), layer(y)
                    layer.train(not training)(x)
                untouched(first, returned, *earlier, f"an earlier output ({case})")
                untouched(x, before, *edited, f"x, later ({case})")


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
