"""Grades katas/masks.py."""

from functools import partial

import torch

from dlkata.suite import (
    agree,
    any_layout,
    calls_apart,
    causal,
    gradients,
    holds,
    keeps_dtype,
    leaves_alone,
    normal,
    place,
    same,
    samples_apart,
    setting,
    undisturbed,
    visible,
)

SIZES = ((5, 5), (3, 7), (1, 6), (6, 7), (1, 1), (2, 2), (1, 2))  # queries, keys


def whole(values):
    return torch.tensor(values, device=setting.device)


def lengths():
    return whole([4, 0, 6, 1])


def documents():
    """Three documents in an order of their own, one after the other or not; filler behind, before, throughout."""
    return whole([[3, 3, 1, 1, 1, 2, 0], [0, 5, 5, 0, 4, 4, 4], [0, 0, 0, 0, 0, 0, 0], [1, 2, 1, 2, 1, 2, 9]])


def pieces(seed):
    """Masks of several shapes."""
    return (
        visible(seed, 2, 1, 5),
        visible(seed + 1, 4, 5),
        visible(seed + 2, 2, 4, 5),
        visible(seed + 3, 5),
        visible(seed + 4, 3, 2, 1, 5),
    )


def test_padding(candidate, reference):
    """padding_mask shows the tokens of each sequence
    padding_mask 露出每个序列的 token"""
    for size in (6, 9):
        found, right = (m.padding_mask(lengths(), size) for m in (candidate, reference))
        same(found, right, f"padding_mask (size = {size})")


def test_padding_of_small_sizes(candidate, reference):
    """padding_mask with one sequence, one key, only empty sequences
    padding_mask：只有一个序列、一个 key，或者序列全为空"""
    for given, size in (([3], 5), ([1], 1), ([0], 1), ([0, 0], 3), ([2, 2], 2), ([1, 0, 1], 1)):
        found, right = (m.padding_mask(whole(given), size) for m in (candidate, reference))
        same(found, right, f"padding_mask (lengths = {given}, size = {size})")


def test_causal(candidate, reference):
    """causal_mask hides what comes after the query
    causal_mask 挡住 query 之后的位置"""
    for size in (5, 1, 2, 8):
        found, right = (m.causal_mask(size, size, setting.device) for m in (candidate, reference))
        same(found, right, f"causal_mask ({size}, {size})")


def test_causal_with_a_cache(candidate, reference):
    """causal_mask: fewer queries than keys are the last ones
    causal_mask：query 比 key 少时，它们是最后几个位置"""
    for queries, keys in SIZES:
        found, right = (m.causal_mask(queries, keys, setting.device) for m in (candidate, reference))
        same(found, right, f"causal_mask ({queries}, {keys})")


def test_sliding(candidate, reference):
    """sliding_mask shows the last keys, the query's own among them
    sliding_mask 露出最近的几个 key，包括 query 自己的位置"""
    for window in (1, 2, 3, 7):
        found, right = (m.sliding_mask(7, 7, window, setting.device) for m in (candidate, reference))
        same(found, right, f"sliding_mask (7, 7, {window})")


def test_sliding_with_a_cache(candidate, reference):
    """sliding_mask: with fewer queries than keys, too, and windows of any size
    sliding_mask：query 比 key 少、窗口任意大时也正确"""
    for queries, keys in SIZES:
        for window in (1, 2, 4, 100):
            found, right = (
                m.sliding_mask(queries, keys, window, setting.device) for m in (candidate, reference)
            )
            same(found, right, f"sliding_mask ({queries}, {keys}, {window})")


def test_device(candidate):
    """A mask is made on the device that is asked for, the CPU without one
    mask 建在指定的设备上，不指定时在 CPU 上"""
    asked = place(torch.empty(0)).device  # a GPU where there is one under test
    for name, sizes in (("causal_mask", (3, 4)), ("sliding_mask", (3, 4, 2))):
        for options in ({"device": str(asked)}, {"device": asked}, {"device": None}, {}):
            wanted = asked.type if options.get("device") else "cpu"
            found = getattr(candidate, name)(*sizes, **options).device.type
            holds(
                found == wanted,
                f"{name} is to make a mask on the device {wanted!r} and makes one on {found!r}.",
                f"{name} 应当在设备 {wanted!r} 上建 mask，它却建在了 {found!r} 上。",
                value=found,
                name=f"device of {name} ({len(options)})",
            )


def test_packed(candidate, reference):
    """packed_mask: tokens see their own document's earlier tokens; filler sees nothing and is not seen
    packed_mask：token 只看同一文档中之前的 token；填充看不到也不被看到"""
    found, right = (m.packed_mask(documents()[:1]) for m in (candidate, reference))
    same(found, right, "packed_mask")


def test_packed_in_any_order(candidate, reference):
    """packed_mask: documents of any number in any order, filler anywhere, several rows
    packed_mask：文档编号任意、顺序任意，填充在任何位置，多行"""
    for given in (documents(), whole([[1]]), whole([[0]]), whole([[4, 4]]), whole([[0, 8], [8, 0]])):
        found, right = (m.packed_mask(given.clone()) for m in (candidate, reference))
        same(found, right, f"packed_mask ({given.tolist()})")


def test_packed_of_large_numbers(candidate, reference):
    """packed_mask tells apart large numbers of documents that differ by 1
    packed_mask：编号很大、只差 1 的文档也能分开"""
    for start in (2**24, 2**31 - 2):
        given = [[start, start + 1, start, start + 1, 0, start]]
        found, right = (m.packed_mask(whole(given)) for m in (candidate, reference))
        same(found, right, f"packed_mask ({given})")


def test_combine(candidate, reference, seed):
    """combine shows what every mask shows
    combine：每个 mask 都允许的才可见"""
    for chosen in (
        (1, 1),
        (0, 1),
        (1, 0),
        (2, 1),
        (0, 1, 2),
        (3, 1),
        (4, 0, 1),
        (3, 2, 0, 1),
        (0, 1, 2, 3, 4),
    ):
        mine, theirs = ([pieces(seed)[i].clone() for i in chosen] for _ in range(2))
        name = " & ".join(str(tuple(mask.shape)) for mask in mine)
        same(candidate.combine(*mine), reference.combine(*theirs), f"combine ({name})")


def test_combine_nones(candidate, reference, seed):
    """combine: None hides nothing, wherever it stands; nothing at all gives None
    combine：None 什么也不挡，放在哪里都一样；什么都没有就返回 None"""
    one, other = pieces(seed)[:2]
    for masks in (
        (),
        (None,),
        (None, None),
        (one,),
        (None, one),
        (one, None),
        (None, other, None, one),
        (one, other, None),
    ):
        shown = ", ".join("None" if mask is None else str(tuple(mask.shape)) for mask in masks)
        found = candidate.combine(*(mask if mask is None else mask.clone() for mask in masks))
        right = reference.combine(*masks)
        if right is None:
            holds(
                found is None,
                f"combine({shown}) hides nothing: the result is None.",
                f"combine({shown}) 什么也没有挡：结果应为 None。",
                value="None" if found is None else "a mask",
                name=f"combine ({shown})",
            )
        else:
            same(found, right, f"combine ({shown})")


def test_additive(candidate, reference, seed):
    """additive_mask holds 0 where the mask is True and −∞ where it is False, in any floating dtype
    additive_mask 在 True 处为 0，在 False 处为 −∞，浮点 dtype 都可以"""
    dtypes = (torch.float32, torch.float16, torch.bfloat16) + (
        (torch.float64,) if setting.dtype == torch.float64 else ()
    )
    for mask in pieces(seed):
        for options in ({}, *({"dtype": dtype} for dtype in dtypes)):
            found, right = (m.additive_mask(mask.clone(), **options) for m in (candidate, reference))
            name = f"additive_mask (mask.shape = {tuple(mask.shape)}, {options or 'no dtype'})"
            same(found, right, name, nonfinite=True)
    for value in (True, False):
        found, right = (m.additive_mask(whole([[value] * 3]), setting.dtype) for m in (candidate, reference))
        same(found, right, f"additive_mask (all {value})", nonfinite=True)


# masked_softmax: every row of `shown` shows something; in `gaps` two rows are hidden throughout.


def numbers(seed, shape=(2, 4, 5), scale=2.0, **how):
    (x,) = normal(seed, shape, scale=scale, **how)
    return x


def shown(seed):
    return visible(seed, 4, 5)


def gaps(seed):
    mask = visible(seed, 2, 4, 5)
    mask[0, 1] = False
    mask[1, 3] = False
    return mask


def test_weights(candidate, reference, seed):
    """masked_softmax gives the right weights and gradients
    masked_softmax 的权重和梯度正确"""
    for label, scale in (("weights", 2.0), ("weights (scores far apart)", 12.0)):
        agree(
            lambda scores: candidate.masked_softmax(scores, shown(seed)),
            lambda scores: reference.masked_softmax(scores, shown(seed)),
            partial(numbers, seed, scale=scale),
            label,
        )


def test_nothing_hidden(candidate, reference, seed):
    """With a mask that hides nothing it is the ordinary softmax
    mask 什么也不挡时，就是普通的 softmax"""
    everything = torch.ones(4, 5, dtype=torch.bool, device=setting.device)
    found, right = (m.masked_softmax(numbers(seed), everything) for m in (candidate, reference))
    same(found, right, "weights (nothing hidden)")


def test_rows_without_a_key(candidate, reference, seed):
    """A row in which everything is hidden gets weights of 0, and all gradients stay finite
    整行全被挡住时权重为 0，所有梯度都有限"""
    nothing = torch.zeros(4, 5, dtype=torch.bool, device=setting.device)
    for name, mask in (("some rows empty", gaps(seed)), ("all rows empty", nothing)):
        agree(
            lambda scores, mask=mask: candidate.masked_softmax(scores, mask.clone()),
            lambda scores, mask=mask: reference.masked_softmax(scores, mask.clone()),
            partial(numbers, seed),
            f"weights ({name})",
        )


def test_broadcasts(candidate, reference, seed):
    """The mask may have any shape that broadcasts to that of the scores
    mask 可以是任何能广播到 scores 的形状"""
    for scores, masks in (
        ((5,), ((5,), (1,))),
        ((4, 5), ((5,), (1, 5), (4, 5), (4, 1), (1, 1))),
        ((3, 2, 4, 5), ((2, 1, 5), (3, 1, 4, 5), (3, 1, 1, 5), (1, 2, 4, 1), (3, 2, 4, 5))),
        ((4, 4, 4), ((4,), (4, 1), (4, 4), (4, 1, 4), (4, 1, 1), (4, 4, 1))),
    ):
        for shape in masks:
            flip = visible(seed, *shape) if shape[-1] > 1 else visible(seed, *shape[:-1], 2)[..., :1]
            found, right = (
                m.masked_softmax(numbers(seed, scores), flip.clone()) for m in (candidate, reference)
            )
            same(found, right, f"weights (scores.shape = {scores}, mask.shape = {shape})")


def test_sizes_of_one(candidate, reference, seed):
    """One key, one query, one of everything
    只有一个 key、一个 query，或者各维都是 1"""
    for shape in ((1,), (1, 1), (3, 1), (1, 5), (2, 1, 5), (2, 4, 1)):
        for value in (True, False):
            found, right = (
                m.masked_softmax(numbers(seed, shape), whole([value])) for m in (candidate, reference)
            )
            same(found, right, f"weights (scores.shape = {shape}, mask = [{value}])")


def lowest(scores):
    """Scores as low as is promised."""
    deep = 9990.0 if scores.dtype == torch.float64 else 990.0
    return (scores.detach() - deep).requires_grad_()


def test_exact_zeros(candidate, seed):
    """Hidden pairs get weight and gradient exactly 0, however low the visible scores are
    被挡住的位置权重和梯度恰好为 0，无论可见的分数多低"""
    for name, make in (("", numbers), (" (low scores)", lambda seed: lowest(numbers(seed)))):
        scores, mask = make(seed), gaps(seed)
        weights = candidate.masked_softmax(scores, mask.clone())
        (grown,) = gradients(weights, [scores])
        grown = torch.zeros_like(scores) if grown is None else grown
        found = [weights[~mask], grown[~mask]]
        names = [f"weights of hidden pairs{name}", f"∂L/∂scores of hidden pairs{name}"]
        same(found, [torch.zeros_like(one) for one in found], names, tolerance=(0.0, 0.0))
        sums, any_shown = weights.sum(-1), mask.any(-1)
        same(sums, any_shown.to(sums.dtype), f"Σ weights{name}")


def test_large_scores(candidate, reference, seed):
    """Large scores neither overflow nor vanish, whatever stands in other rows
    分数很大时既不上溢也不全部下溢，无论其他行是什么"""
    levels = whole([1.0, -1.0, 0.0, 0.5])[:, None]
    for dtype, reach in ((setting.dtype, 9990.0), (torch.float32, 990.0)):
        reach = min(reach, 990.0) if setting.dtype == torch.float32 else reach

        def draw(dtype=dtype, reach=reach):
            return (numbers(seed, dtype=dtype, grad=False) + (reach * levels).to(dtype)).requires_grad_()

        name = f"{str(dtype).removeprefix('torch.')}, scores near ±{reach:g}"
        for mask in (shown(seed), gaps(seed)):
            found, right = (m.masked_softmax(draw(), mask.clone()) for m in (candidate, reference))
            same(
                found, right, f"weights ({name})", tolerance=(1e-3, 1e-4) if dtype == torch.float32 else None
            )


def test_garbage_behind_the_mask(candidate, reference, seed):
    """Hidden scores may be larger than all others, infinite or NaN: weights and gradients are those without them
    被挡住的分数可以大于其他所有分数，可以是无穷或 NaN：权重和梯度不受影响"""
    for value in (1e4, -1e4, torch.inf, -torch.inf, torch.nan):
        if abs(value) == 1e4 and setting.dtype == torch.float32:
            value /= 10
        for mask in (shown(seed), gaps(seed)):

            def draw(value=value, mask=mask):
                scores = numbers(seed, grad=False).masked_fill(~mask, value)
                return scores.requires_grad_()

            agree(
                lambda scores, mask=mask: candidate.masked_softmax(scores, mask.clone()),
                lambda scores, mask=mask: reference.masked_softmax(scores, mask.clone()),
                draw,
                f"weights (hidden scores of {value:g})",
            )


def test_together(candidate, reference, seed):
    """Your masks of padding and window together with a causal one, given to masked_softmax
    你的 padding、滑动窗口 mask 与因果 mask 合并后交给 masked_softmax"""

    def attend(module):
        real = module.padding_mask(whole([3, 0, 5]), 5)
        mask = module.combine(real, None, causal(5)[1:])
        near = module.combine(mask, module.sliding_mask(4, 5, 2, setting.device))
        return module.masked_softmax(numbers(seed, (3, 2, 4, 5)), near[:, None])

    same(attend(candidate), attend(reference), "weights")


def test_float32(candidate, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    for mask in (shown(seed), gaps(seed)):
        keeps_dtype(
            lambda mask=mask: lambda scores: candidate.masked_softmax(scores, mask), partial(numbers, seed)
        )


def test_non_contiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs work
    支持转置、带步长和 expand 得到的输入"""
    for mask in (shown(seed), gaps(seed)):
        any_layout(
            lambda mask=mask: lambda x: candidate.masked_softmax(x, mask),
            partial(numbers, seed),
            (2, 4, 5),
        )
    turned = visible(seed, 5, 4).mT
    found, right = (m.masked_softmax(numbers(seed), turned) for m in (candidate, reference))
    same(found, right, "weights (mask.mT)")
    found, right = (m.packed_mask(documents().mT) for m in (candidate, reference))
    same(found, right, "packed_mask (documents.mT)")
    found, right = (m.padding_mask(documents()[:, 3], 6) for m in (candidate, reference))
    same(found, right, "padding_mask (a column of lengths)")


def test_rows_apart(candidate, seed):
    """A row of weights depends on its own scores alone
    每一行权重只取决于这一行的分数"""
    for dim in (0, 1):
        samples_apart(
            lambda x: candidate.masked_softmax(x, shown(seed)), partial(numbers, seed), dim=dim, name="scores"
        )


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned
    每次调用与之前的调用无关，也不改动它们返回的结果"""

    def given(i):
        return {"scores": numbers(seed + i), "mask": visible(seed + i, 4, 5)}

    calls_apart(lambda: candidate.masked_softmax, given, right=lambda: reference.masked_softmax)
    for name, every in (
        ("padding_mask", [(whole([1, 3]), 4), (whole([4, 2]), 4)]),
        ("packed_mask", [(documents(),), (documents().flip(1),)]),
        ("additive_mask", [(visible(seed, 4, 5),), (visible(seed + 1, 4, 5),)]),
        (
            "combine",
            [(visible(seed, 4, 5), visible(seed + 2, 5)), (visible(seed + 1, 4, 5), visible(seed + 3, 5))],
        ),
    ):
        found = [getattr(candidate, name)(*arguments) for arguments in every]
        right = [getattr(reference, name)(*arguments) for arguments in every]
        same(found, right, [f"{name} (first call)", f"{name} (second call)"], nonfinite=True)


def test_inputs_unchanged(candidate, seed):
    """No input is modified, masks among them
    不修改任何输入，mask 也一样"""

    def given(i, mask):
        return {"scores": numbers(seed + i), "mask": mask.clone()}

    for mask in (shown(seed), gaps(seed)):
        leaves_alone(lambda: candidate.masked_softmax, partial(given, mask=mask))
    counts, ids, (one, other, *_) = lengths(), documents(), pieces(seed)
    same_size = visible(seed + 9, 4, 5)
    undisturbed(
        [
            lambda: candidate.padding_mask(counts, 6),
            lambda: candidate.packed_mask(ids),
            lambda: candidate.combine(one, other),
            lambda: candidate.combine(other, ~other, one),
            lambda: candidate.combine(same_size, other),
            lambda: candidate.combine(other, None, one, other),
            lambda: candidate.additive_mask(one),
        ],
        lengths=counts,
        documents=ids,
        **{"mask 1": one, "mask 2": other, "mask 3": same_size},
    )
