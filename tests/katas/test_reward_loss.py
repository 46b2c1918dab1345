"""Grades katas/reward_loss.py."""

from functools import partial

import torch

from dlkata.suite import (
    agree,
    any_layout,
    calls_apart,
    gradients,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    same,
    samples_apart,
    setting,
)

HARD = [-30.0, 25.0], [-120.0, 90.0], [-800.0], [750.0], [-1e4, 1e4], [-1e4, 3.0, 40.0]


def table(*rows, dtype=torch.int64):
    return torch.tensor(rows, dtype=dtype, device=setting.device)


def tokens(seed, mask):
    """Scores of any size for a mask of 0 and 1."""
    (scores,) = normal(seed, tuple(mask.shape), scale=3.0)
    return {"scores": scores, "mask": mask.bool()}


def pairs(seed, batch=5, scale=1.5, margins=False, dtype=None):
    chosen, rejected, noise = normal(seed, *[(batch,)] * 3, scale=scale, dtype=dtype)
    drawn = {"chosen": chosen, "rejected": rejected}
    return drawn | {"margin": noise.detach().abs()} if margins else drawn


def ranking(seed, ranks, scale=1.5, dtype=None):
    (rewards,) = normal(seed, tuple(ranks.shape), scale=scale, dtype=dtype)
    return {"rewards": rewards, "ranks": ranks.clone()}


def mixed():
    """Rankings of four prompts: no tie, some, two places, all tied."""
    return table([3, 1, 4, 2, 5], [1, 2, 2, 1, 7], [0, 0, 0, -3, 0], [2, 2, 2, 2, 2])


def loss_of(module, **options):
    """The loss of pairs, as a function of tensors alone."""
    return lambda chosen, rejected, margin=None: module.reward_loss(chosen, rejected, margin, **options)


def judge(candidate, reference, draw, label, **options):
    agree(loss_of(candidate, **options), loss_of(reference, **options), draw, f"loss ({label})")


def judge_ranks(candidate, reference, draw, label):
    agree(candidate.ranked_reward_loss, reference.ranked_reward_loss, draw, f"ranked loss ({label})")


def test_last_scores(candidate, reference, seed):
    """The score at the last real token is taken, wherever padding stands
    取最后一个真实 token 的分数，无论 padding 在哪里"""
    masks = {
        "right": table([1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 0, 0, 0]),
        "none": table([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
        "left": table([0, 0, 1, 1, 1], [0, 0, 0, 0, 1]),
        "both sides": table([0, 1, 1, 1, 0], [0, 0, 1, 0, 0], [0, 1, 1, 0, 0]),
        "between": table([1, 0, 1, 0, 0], [1, 1, 0, 0, 1], [0, 1, 0, 1, 0]),
    }
    for label, mask in masks.items():
        agree(
            candidate.last_scores,
            reference.last_scores,
            partial(tokens, seed, mask),
            f"scores (padding: {label})",
        )


def test_last_scores_shapes(candidate, reference, seed):
    """Any leading dimensions, and sizes of 1
    支持任意前导维度，也支持大小为 1"""
    for shape in ((6,), (2, 3, 4), (1, 5), (4, 1), (1,), (1, 1), (2, 1, 3), (4, 4)):
        mask = integers(seed, 2, shape)[0]
        mask[..., shape[-1] // 2] = 1
        draw = partial(tokens, seed, mask)
        agree(candidate.last_scores, reference.last_scores, draw, f"scores (shape {shape})")


def test_last_scores_alone(candidate, reference, seed):
    """dtype, memory layout, other rows and other calls make no difference
    dtype、内存布局、其他行、其他调用都不影响结果"""
    mask = table([0, 1, 1, 0], [1, 1, 1, 0], [1, 0, 0, 0])
    keeps_dtype(lambda: candidate.last_scores, partial(tokens, seed, mask))
    for laid in (mask.bool(), mask.bool().mT.contiguous().mT):
        any_layout(
            lambda laid=laid: lambda x: candidate.last_scores(x, laid), lambda s: normal(seed, s)[0], (3, 4)
        )
    samples_apart(
        lambda x: candidate.last_scores(x, mask.bool()), lambda: normal(seed, (3, 4))[0], name="scores"
    )
    several = [mask, mask.flip(1), mask.flip(0)]
    calls_apart(
        lambda: candidate.last_scores,
        lambda i: tokens(seed + i, several[i]),
        right=lambda: reference.last_scores,
    )
    leaves_alone(lambda: candidate.last_scores, lambda i: tokens(seed + i, several[i]))


def test_pairs(candidate, reference, seed):
    """The loss of pairs is right, and so are its gradients
    成对的 loss 正确，梯度也正确"""
    for batch in (5, 1, 2):
        judge(candidate, reference, partial(pairs, seed, batch), f"B = {batch}")


def test_margin(candidate, reference, seed):
    """A margin is subtracted from the difference of its pair
    差值要减去这一对的 μ"""
    for batch in (5, 1):
        judge(candidate, reference, partial(pairs, seed, batch, margins=True), f"margin, B = {batch}")

    def some():
        drawn = pairs(seed, 3)
        return drawn | {"margin": torch.tensor([0.0, 2.5, 0.5]).to(drawn["chosen"])}

    judge(candidate, reference, some, "margins 0, 2.5, 0.5")


def test_margin_is_constant(candidate, seed):
    """No gradient reaches the margin, even if it requires one
    μ 即使需要梯度，也没有梯度传到它"""
    for centre in (0.0, 0.1):
        given = pairs(seed, margins=True)
        given["margin"].requires_grad_()
        loss = loss_of(candidate, centre=centre)(*given.values())
        grown = gradients(loss, list(given.values()))[2]
        zeros = torch.zeros_like(given["margin"])
        same(zeros if grown is None else grown, zeros, f"∂L/∂margin (λ = {centre})", tolerance=(0.0, 0.0))


def test_centre(candidate, reference, seed):
    """The sum of both rewards is pulled towards 0, with weight λ
    两个奖励之和以权重 λ 被拉向 0"""
    for centre in (0.01, 0.5, 2, 0):
        for margins in (False, True):
            draw = partial(pairs, seed, margins=margins)
            judge(candidate, reference, draw, f"λ = {centre}{', margin' * margins}", centre=centre)


def test_defaults(candidate, reference, seed):
    """Without further arguments there is no margin, and λ is 0; arguments also go by place
    不传其他参数时没有 μ，λ 为 0；参数也可按位置传入"""
    found, right = (
        [
            m.reward_loss(*pairs(seed).values()),
            m.reward_loss(*pairs(seed, margins=True).values()),
            m.reward_loss(*pairs(seed).values(), centre=0.3),
            m.reward_loss(*pairs(seed, margins=True).values(), 0.3),
        ]
        for m in (candidate, reference)
    )
    given = "no margin, no λ", "margin, no λ", "no margin, λ", "both by place"
    same([x.detach() for x in found], [x.detach() for x in right], [f"loss ({g})" for g in given])


def apart(values, dtype=None):
    """Pairs whose rewards differ by these values."""
    difference = torch.tensor(values, dtype=dtype or setting.dtype, device=setting.device)
    chosen, rejected = difference + 2, torch.full_like(difference, 2.0)
    return {"chosen": chosen.requires_grad_(), "rejected": rejected.requires_grad_()}


def test_large_differences(candidate, reference):
    """Differences of ±10⁴ give a finite loss and right gradients
    差值达到 ±10⁴ 时，loss 有限，梯度正确"""
    for values in HARD:
        judge(candidate, reference, partial(apart, values), f"r_w − r_l = {values}")


def test_equal_rewards(candidate, reference):
    """Equal rewards cost ln 2, and the gradient is not lost
    奖励相等时 loss 为 ln 2，梯度也还在"""
    judge(candidate, reference, partial(apart, [0.0]), "r_w = r_l")
    judge(candidate, reference, partial(apart, [0.0, 1.0, 0.0, -2.0]), "some r_w = r_l")


def test_large_differences_in_float32(candidate, reference):
    """They do so in float32
    float32 下也一样"""
    for values in ([-95.0], [-110.0, 100.0], [-1e4, 1e4, -30.0], [17.0, 0.0]):
        found, right = (
            [loss, *gradients(loss, list(given.values()))]
            for m in (candidate, reference)
            for given in [apart(values, torch.float32)]
            for loss in [loss_of(m)(*given.values())]
        )
        names = [f"{n} (r_w − r_l = {values}, float32)" for n in ("loss", "∂L/∂chosen", "∂L/∂rejected")]
        same(found, right, names, tolerance=(1e-3, 1e-5))


def test_pairs_alone(candidate, reference, seed):
    """dtype, memory layout and other calls make no difference to pairs
    dtype、内存布局、其他调用都不影响成对的 loss"""
    for margins in (False, True):
        for centre in (0.0, 0.2):
            build = partial(loss_of, candidate, centre=centre)
            keeps_dtype(build, partial(pairs, seed, margins=margins))
            calls_apart(
                build,
                lambda i, margins=margins: pairs(seed + i, margins=margins),
                right=partial(loss_of, reference, centre=centre),
            )
            leaves_alone(build, lambda i, margins=margins: pairs(seed + i, margins=margins))
    for view in (lambda x: x[:, 1], lambda x: x[::2, 0], lambda x: x[:1, 0].expand(4)):
        found, right = (
            [loss, *gradients(loss, three[:2])]
            for m in (candidate, reference)
            for three in [normal(seed, *[(6, 2)] * 3)]
            for loss in [m.reward_loss(*(view(x) for x in three), centre=0.1)]
        )
        same(found, right, [f"{n} (strided)" for n in ("loss", "∂L/∂chosen", "∂L/∂rejected")])


def test_ranking(candidate, reference, seed):
    """Every two answers of different rank are a pair, and the better one is to have more
    任何两个名次不同的回答构成一对，较好者的奖励应更高"""
    for order in ([1, 2, 3, 4], [4, 3, 2, 1], [3, 1, 4, 2], [10, -2, 7, 0], [2**60 + 1, 2**60, 0, -(2**60)]):
        judge_ranks(candidate, reference, partial(ranking, seed, table(order)), f"ranks {order}")


def test_ties(candidate, reference, seed):
    """Ties cost nothing, and do not count in the mean
    并列没有代价，也不计入平均"""
    for order in ([1, 1, 2], [2, 1, 1], [5, 5, 0, 5], [1, 2, 1, 2], [3, 3, 1, 2, 1]):
        judge_ranks(candidate, reference, partial(ranking, seed, table(order)), f"ranks {order}")


def test_several_prompts(candidate, reference, seed):
    """Each prompt with a pair weighs the same, and prompts are not mixed
    有对的每个 prompt 权重相同，不同 prompt 不混在一起"""
    ranks = mixed()
    for some in ([0, 1], [1, 2], [0, 3], [3, 2, 1], [0, 1, 2, 3], [3, 3, 0]):
        judge_ranks(candidate, reference, partial(ranking, seed, ranks[some]), f"prompts {some}")
    judge_ranks(candidate, reference, partial(ranking, seed, ranks[[0, 1, 0, 1, 2]]), "five prompts, K = 5")


def test_no_pair(candidate, seed):
    """Without any pair loss and gradient are 0
    没有任何对时，loss 和梯度为 0"""
    for ranks in (table([1, 1, 1]), table([2], [3]), table([4]), table([0, 0], [1, 1])):
        given = ranking(seed, ranks)
        loss = candidate.ranked_reward_loss(**given)
        label = f"ranks {ranks.tolist()}"
        zeros = torch.zeros_like(given["rewards"])
        same(loss, zeros.sum(), f"ranked loss ({label})", tolerance=(0.0, 0.0))
        (grown,) = gradients(loss, [given["rewards"]])
        same(zeros if grown is None else grown, zeros, f"∂L/∂rewards ({label})", tolerance=(0.0, 0.0))


def test_sizes_of_ranking(candidate, reference, seed):
    """Any number of prompts and of answers
    prompt 数和回答数任意"""
    for shape in ((1, 2), (3, 2), (2, 3), (6, 4), (4, 4), (2, 7)):
        ranks = integers(seed, 4, shape)[0]
        ranks[..., 0] = -1
        judge_ranks(candidate, reference, partial(ranking, seed, ranks), f"(P, K) = {shape}")


def test_hard_rankings(candidate, reference):
    """Rewards far apart, or equal, are ranked without inf or nan
    奖励相差很大或相等时，排序的 loss 没有 inf 或 nan"""
    for values in ([[0.0, 1e4, -5.0]], [[-800.0, 0.0, 0.0], [2.0, 2.0, 2.0]], [[3.0, -6e3, 4e3]]):
        for order in ([1, 2, 3], [3, 1, 1]):

            def draw(values=values, order=order):
                rewards = torch.tensor(values, dtype=setting.dtype, device=setting.device).requires_grad_()
                return {"rewards": rewards, "ranks": table(order).expand(len(values), 3).clone()}

            judge_ranks(candidate, reference, draw, f"rewards {values}, ranks {order}")


def test_rankings_alone(candidate, reference, seed):
    """dtype, memory layout and other calls make no difference to rankings
    dtype、内存布局、其他调用都不影响排序的 loss"""
    ranks = mixed()
    keeps_dtype(lambda: candidate.ranked_reward_loss, partial(ranking, seed, ranks))
    for laid in (ranks, ranks.mT.contiguous().mT):
        any_layout(
            lambda laid=laid: lambda x: candidate.ranked_reward_loss(x, laid),
            lambda shape: normal(seed, shape)[0],
            (4, 5),
        )
    several = [ranks, ranks.flip(1), ranks.roll(1, 0)]
    calls_apart(
        lambda: candidate.ranked_reward_loss,
        lambda i: ranking(seed + i, several[i]),
        right=lambda: reference.ranked_reward_loss,
    )
    leaves_alone(lambda: candidate.ranked_reward_loss, lambda i: ranking(seed + i, several[i]))
