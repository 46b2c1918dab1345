"""Grades katas/perplexity.py."""

import math
import weakref

import torch

from dlkata.suite import holds, integers, normal, same, setting, unchanged

SIZES = (3, 5), (1, 2), (4, 9), (2, 1)
EXACTLY = (1e-8, 1e-9)


def batch(seed, shape=(3, 5), vocabulary=7, scale=2.0, padding=None, **how):
    """Logits and targets; with `padding` each sequence has a length of its own, the rest has that target."""
    (logits,) = normal(seed, (*shape, vocabulary), scale=scale, **{"grad": False, **how})
    (target,) = integers(seed, vocabulary, shape)
    if padding is not None:
        rows, columns = (torch.arange(n, device=target.device) for n in shape)
        lengths = 1 + (seed + 2 * rows) % shape[1]
        target = torch.where(target == padding, (padding + 1) % vocabulary, target)
        target = target.masked_fill(columns >= lengths[:, None], padding)
    return logits, target


def batches(seed, padding=None, **how):
    """Of different sizes, and of different difficulty."""
    return [
        batch(seed + i, shape, scale=0.5 + 1.5 * i, padding=padding, **how) for i, shape in enumerate(SIZES)
    ]


def told(value):
    """What `compute` returned, as it is judged."""
    return torch.tensor(float(value), dtype=torch.float64)


def seen(module, given, **options):
    metric = module.Perplexity(**options)
    for logits, target in given:
        metric.update(logits, target)
    return metric


def judge(candidate, reference, draw, name="perplexity", tolerance=EXACTLY, **options):
    """The perplexity of the same batches by both."""
    found, right = (told(seen(m, draw(), **options).compute()) for m in (candidate, reference))
    same(found, right, name, tolerance=tolerance, nonfinite=True)


def test_one_batch(candidate, reference, seed):
    """The perplexity of one batch without padding is right
    单个没有 padding 的 batch，困惑度正确"""
    judge(candidate, reference, lambda: [batch(seed)])


def test_fixed_points(candidate, seed):
    """It is V for uniform logits, and 1 where the truth is certain
    logits 均匀时为 V，真实 token 完全确定时为 1"""
    for size in (2, 5, 11):
        target = integers(seed, size, (3, 4))[0]
        uniform = torch.full((3, 4, size), 0.7, dtype=setting.dtype, device=setting.device)
        certain = uniform.scatter(-1, target[..., None], 5e3)
        for logits, value, name in ((uniform, float(size), "uniform"), (certain, 1.0, "certain")):
            found = told(seen(candidate, [(logits, target)]).compute())
            same(found, told(value), f"perplexity ({name}, V = {size})", tolerance=EXACTLY)


def test_several_batches(candidate, reference, seed):
    """Over batches of different sizes every token counts alike
    batch 大小不一时，每个 token 的分量相同"""
    for count in (2, 3, 4):
        judge(candidate, reference, lambda n=count: batches(seed)[:n], f"perplexity ({count} batches)")


def test_padding(candidate, reference, seed):
    """Padding is left out of the sum and of the count
    padding 既不计入总和，也不计入个数"""
    judge(candidate, reference, lambda: [batch(seed + 2, padding=-100)], "perplexity (one batch)")
    judge(candidate, reference, lambda: batches(seed, padding=-100), "perplexity (several batches)")


def test_ignore_index(candidate, reference, seed):
    """Any integer may mark padding; without ignore_index it is −100
    任何整数都可以标记 padding；不传 ignore_index 时为 −100"""
    for index in (-100, -1, 0, 3, 6, 255):
        for options in ({"ignore_index": index}, {}) if index == -100 else ({"ignore_index": index},):
            name = f"perplexity (ignore_index = {options.get('ignore_index', 'not given')})"
            judge(candidate, reference, lambda i=index: batches(seed, padding=i), name, **options)


def test_every_token_counts(candidate, reference, seed):
    """Only that mark is padding: every token of the vocabulary counts
    只有那个标记是 padding：词表里的每个 token 都计入"""
    target = torch.arange(7, device=setting.device).reshape(1, 7)
    for index in (-1, -7, 7):
        name = f"perplexity (every token, ignore_index = {index})"
        judge(
            candidate, reference, lambda: [(batch(seed, (1, 7))[0], target.clone())], name, ignore_index=index
        )


def test_anything_at_padding(candidate, reference, seed):
    """At padding the logits may be NaN or infinite
    padding 处的 logits 可以是 NaN 或无穷大"""
    for value in (math.nan, math.inf, -math.inf):

        def draw(value=value):
            given = batches(seed, padding=-100)
            return [(x.masked_fill((t == -100)[..., None], value), t) for x, t in given]

        judge(candidate, reference, draw, f"perplexity (logits at padding: {value})")


def test_nothing_but_padding(candidate, reference, seed):
    """A batch that is all padding changes nothing
    全是 padding 的 batch 不改变结果"""
    for place in (0, 1, 4):

        def draw(place=place):
            given = batches(seed, padding=-100)
            logits, target = batch(seed + 9, (2, 3))
            return [*given[:place], (logits, torch.full_like(target, -100)), *given[place:]]

        judge(candidate, reference, draw, f"perplexity (batch {place + 1} is all padding)")


def test_nothing_counted(candidate, seed):
    """With no token counted it is nan
    没有计入任何 token 时为 nan"""
    logits, target = batch(seed)
    padding = torch.full_like(target, -100)
    empty = seen(candidate, [])
    merged = seen(candidate, [])
    merged.merge(empty)
    again = seen(candidate, [(logits, target)])
    again.reset()
    for metric, case in (
        (empty, "new"),
        (seen(candidate, [(logits, padding)]), "only padding"),
        (merged, "two new ones merged"),
        (again, "reset"),
    ):
        same(told(metric.compute()), told(math.nan), f"perplexity ({case})", nonfinite=True)


def test_ruled_out(candidate, reference, seed):
    """Logits of −∞ rule tokens out
    −∞ 的 logits 表示被排除的 token"""

    def draw():
        logits, target = batch(seed, (4, 6))
        (out,) = integers(seed + 5, 2, (4, 6, 7))
        out = out.bool().scatter(-1, target[..., None], False)
        return [(logits.masked_fill(out, -math.inf), target), batch(seed + 1)]

    judge(candidate, reference, draw, "perplexity (some logits are −∞)")


def test_infinite(candidate, seed):
    """It is inf if a true token is ruled out, or if the result is too large
    真实 token 被排除，或结果太大时，为 inf"""
    logits, target = batch(seed)
    logits[1, 2, target[1, 2]] = -math.inf
    far = torch.zeros_like(logits).scatter(-1, target[..., None], -1000.0)
    for given, case in (
        ([(logits, target)], "a true token is ruled out"),
        ([(logits, target), batch(seed + 1, (9, 9))], "and other batches follow"),
        ([(far, target)], "losses of 1000"),
    ):
        found = told(seen(candidate, given).compute())
        same(found, told(math.inf), f"perplexity ({case})", nonfinite=True)


def test_large_logits(candidate, reference, seed):
    """Logits of ±10⁴ neither overflow nor cut losses off
    logits 达到 ±10⁴ 时既不上溢，loss 也不被截断"""
    for width in (40.0, 400.0):

        def draw(width=width):
            logits, target = batch(seed, (5, 4))
            level = torch.tensor([9e3, 0.0, -9e3, 800.0, -800.0], dtype=logits.dtype, device=logits.device)
            return [(width * logits.clamp(-2, 2) / 2 + level[:, None, None], target), batch(seed + 1)]

        judge(candidate, reference, draw, f"perplexity (logits spread over {width:g})")


def test_compute_changes_nothing(candidate, reference, seed):
    """compute can be called at any time, and again
    compute 随时可以调用，也可以重复调用"""
    found, right = [], []
    for module, values in ((candidate, found), (reference, right)):
        metric = module.Perplexity()
        for given in batches(seed, padding=-100):
            metric.update(*given)
            values += [told(metric.compute()), told(metric.compute())]
    names = [f"perplexity (after batch {i // 2 + 1}, call {i % 2 + 1})" for i in range(len(right))]
    same(found, right, names, tolerance=EXACTLY)


def test_reset(candidate, reference, seed):
    """After reset it begins anew, with its ignore_index
    reset 之后重新开始，ignore_index 不变"""
    found, right = [], []
    for module, values in ((candidate, found), (reference, right)):
        metric = seen(module, batches(seed), ignore_index=3)
        metric.compute()
        metric.reset()
        for given in batches(seed + 4, padding=3)[1:3]:
            metric.update(*given)
            values.append(told(metric.compute()))
    same(found, right, ["perplexity (reset, one batch)", "perplexity (reset, two)"], tolerance=EXACTLY)


def test_metrics_apart(candidate, reference, seed):
    """Two metrics do not mix, and each has its own ignore_index
    两个指标互不影响，各有各的 ignore_index"""
    found, right = [], []
    for module, values in ((candidate, found), (reference, right)):
        one, other = module.Perplexity(), module.Perplexity(2)
        for i, (logits, target) in enumerate(batches(seed, padding=2)):
            other.update(logits, target)
            if i % 2:
                one.update(logits, target)
        one.reset()
        one.update(*batch(seed + 3))
        values += [told(metric.compute()) for metric in (one, other, seen(module, [batch(seed)]))]
    names = ["perplexity (one)", "perplexity (another)", "perplexity (made later)"]
    same(found, right, names, tolerance=EXACTLY)


def test_merge(candidate, reference, seed):
    """A merged metric has seen the tokens of both; the other stays as it is
    合并之后等于看过两边的 token；另一个保持不变"""
    found, right = [], []
    for module, values in ((candidate, found), (reference, right)):
        given = batches(seed, padding=-100)
        one, other, third = seen(module, given[:1]), seen(module, given[1:3]), seen(module, given[3:])
        values.append(told(one.compute()))
        one.merge(other)
        values += [told(one.compute()), told(other.compute())]
        other.update(*batch(seed + 8, (2, 2)))
        values += [told(one.compute()), told(other.compute())]
        one.merge(third)
        one.update(*batch(seed + 9))
        values += [told(one.compute()), told(third.compute())]
    labels = (
        "before",
        "merged",
        "the other",
        "merged, the other goes on",
        "the other goes on",
        "merged twice",
        "the third",
    )
    same(found, right, [f"perplexity ({label})" for label in labels], tolerance=EXACTLY)


def test_merge_with_new(candidate, reference, seed):
    """Merging with a metric that has seen nothing changes nothing, either way round; both go on by themselves
    与什么都没看过的指标合并，无论谁并入谁，结果都不变；之后两者互不影响"""
    found, right = [], []
    for module, values in ((candidate, found), (reference, right)):
        one, empty = seen(module, batches(seed)[:2]), module.Perplexity()
        one.merge(empty)
        values.append(told(one.compute()))
        empty.merge(one)
        values.append(told(empty.compute()))
        for metric, given in ((one, batch(seed + 8)), (empty, batch(seed + 9, scale=4.0))):
            metric.update(*given)
            values += [told(one.compute()), told(empty.compute())]
    labels = [
        f"{name} ({when})" for when in ("the one goes on", "the new one, too") for name in ("one", "new")
    ]
    names = ["perplexity (new one merged)", "perplexity (into a new one)"]
    same(found, right, names + [f"perplexity of the {label}" for label in labels], tolerance=EXACTLY)


def test_leading_dimensions(candidate, reference, seed):
    """Any number of leading dimensions, including none
    前导维度可以有任意多个，也可以没有"""
    for shape in ((), (5,), (3, 4), (2, 3, 4), (2, 1, 3, 2), (7, 7)):
        draw = lambda s=shape: [batch(seed, s), batch(seed + 1, s, scale=5.0)]  # noqa: E731
        judge(candidate, reference, draw, f"perplexity (target.shape = {shape})")


def test_small_sizes(candidate, reference, seed):
    """One token, one sequence, a vocabulary of one or two
    一个 token、一个序列、词表大小为 1 或 2"""
    for shape, vocabulary in (((1, 1), 7), ((1, 5), 7), ((5, 1), 7), ((3, 4), 1), ((3, 4), 2), ((1, 1), 1)):
        draw = lambda s=shape, v=vocabulary: [batch(seed, s, v)]  # noqa: E731
        judge(candidate, reference, draw, f"perplexity (target.shape = {shape}, V = {vocabulary})")


def test_half_precision(candidate, reference, seed):
    """float16 and bfloat16 logits are computed in float32
    float16 和 bfloat16 的 logits 用 float32 计算"""
    for dtype in (torch.float16, torch.bfloat16, torch.float32):

        def draw(dtype=dtype):
            return batches(seed, padding=-100, dtype=dtype)

        name = f"perplexity ({str(dtype).removeprefix('torch.')})"
        judge(candidate, reference, draw, name, tolerance=(1e-5, 1e-5))


def test_small_losses_in_a_large_sum(candidate, reference, seed):
    """Small losses are not lost in a large sum
    小的 loss 不会淹没在大的和里"""

    def draw():
        # 19000 first; then losses of about 1.3133 = log(1 + e), of which float32 keeps 1.3125 beside 19000.
        far, near = torch.tensor([[[0.0, 19000.0]]]), torch.tensor([[[0.0, 1.0]]])
        first = torch.zeros(1, 1, dtype=torch.int64)
        return [(x.to(setting.device), first.to(setting.device)) for x in (far, *[near] * 120)]

    judge(candidate, reference, draw, "perplexity (a loss of 19000, then small ones)", tolerance=(1e-4, 0.0))


def test_non_contiguous(candidate, reference, seed):
    """Transposed and strided logits and targets work
    支持转置、带步长的 logits 和 target"""

    def draw():
        wide, narrow = normal(seed, (7, 4, 3), (8, 10, 7), grad=False)
        turned, strided = integers(seed, 7, (4, 3), (8, 10))
        return [(wide.permute(2, 1, 0), turned.mT), (narrow[::2, 1::3], strided[::2, 1::3])]

    judge(candidate, reference, draw)


def test_side_effects(candidate, seed):
    """Inputs stay as they are, update returns None, compute a float; grad mode stays
    输入保持原样，update 返回 None，compute 返回 float；梯度开关不变"""
    for index in (-100, 2):
        given = batches(seed, padding=index)
        tensors = {
            f"{name} {i + 1}": x
            for i, one in enumerate(given)
            for name, x in zip(("logits", "target"), one, strict=True)
        }
        metric = candidate.Perplexity(index)
        with unchanged(**tensors):
            returned = [metric.update(*one) for one in given]
            value = metric.compute()
        holds(
            returned == [None] * len(given),
            "update returns something; it should return None.",
            "update 返回了东西；应当返回 None。",
        )
        holds(
            type(value) is float,
            "compute does not return a Python float.",
            "compute 返回的不是 Python float。",
            value=type(value).__name__,
            name="type of the result",
        )
    holds(torch.is_grad_enabled(), "Gradients are switched off afterwards.", "调用之后梯度被关闭了。")


def test_grad_modes(candidate, reference, seed):
    """It is the same whether gradients are recorded or not
    无论是否记录梯度，结果都一样"""
    judge(candidate, reference, lambda: batches(seed, grad=True), "perplexity (logits with gradients)")
    for context in (torch.no_grad, torch.inference_mode):
        with context():
            judge(candidate, reference, lambda: batches(seed), f"perplexity ({context.__name__})")


def test_nothing_kept(candidate, seed):
    """Neither logits nor their graph are kept after update
    update 之后既不保留 logits，也不保留计算图"""
    metric, alive = candidate.Perplexity(), []
    for grad in (True, False):
        logits, target = batch(seed, grad=grad)
        alive.append(weakref.ref(logits))
        metric.update(logits, target)
        del logits, target
    kept = [name for name, ref in zip(("graph", "logits"), alive, strict=True) if ref() is not None]
    holds(
        not kept,
        "After update the metric still holds the logits, or the graph that leads to them: memory grows with "
        "every batch.",
        "update 之后指标仍持有 logits 或通向它们的计算图：显存会随 batch 不断增长。",
        value=" and ".join(kept) or "nothing",
        name="kept after update",
    )
