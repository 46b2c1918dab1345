"""Grades katas/grpo_loss.py."""

from functools import partial

import torch

from dlkata.suite import (
    agree,
    any_layout,
    calls_apart,
    gradients,
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    same,
    samples_apart,
    setting,
)

PLAIN = {"beta": 0.0, "average": "token"}
AVERAGES = "answer", "token"
MASKS = {
    "all": [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
    "right": [[1, 1, 1, 1, 0], [1, 0, 0, 0, 0], [1, 1, 1, 0, 0]],
    "left and gaps": [[0, 0, 1, 1, 1], [1, 0, 0, 1, 0]],
    "empty": [[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0]],
}


def bits(rows):
    return torch.tensor(rows, device=setting.device).bool()


def mixed():
    return bits([*MASKS["right"], MASKS["empty"][1], MASKS["left and gaps"][1]])


def batch(seed, mask, stray=None, spread=0.4, dtype=None):
    """What `grpo_loss` takes; ratios on both sides of the limits."""
    shape = tuple(mask.shape)
    log_probs, old, ref, junk, other = normal(seed, *[shape] * 5, dtype=dtype, grad=False)
    (advantages,) = normal(seed + 1, shape[:1], dtype=dtype, grad=False)
    log_probs = log_probs - 3
    given = {
        "log_probs": log_probs,
        "old_log_probs": log_probs + spread * old,
        "ref_log_probs": log_probs + 0.7 * ref,
    }
    if stray:
        outside = stray * junk.clamp(-1, 1), stray * other.clamp(-1, 1), -stray * junk.clamp(-1, 1)
        given = {n: torch.where(mask, x, o) for (n, x), o in zip(given.items(), outside, strict=True)}
    given["log_probs"].requires_grad_()
    return given | {"advantages": advantages, "mask": mask.clone()}


def with_ratios(sign, mask=None, dtype=None):
    """Ratios on every side of the limits, all advantages of one sign."""
    ratios = torch.tensor([0.01, 0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 40.0], dtype=torch.float64)
    ratios = ratios.to(setting.device, dtype or setting.dtype)[None]
    log_probs = (-0.3 * torch.arange(1, 9)).to(ratios)[None]
    return {
        "log_probs": log_probs.clone().requires_grad_(),
        "old_log_probs": log_probs - ratios.log(),
        "ref_log_probs": log_probs - 0.2,
        "advantages": torch.tensor([1.7 * sign]).to(ratios),
        "mask": bits([[1] * 8]),
    }


def loss_of(module, **options):
    return lambda *five: module.grpo_loss(*five, **options)


def judge(candidate, reference, draw, label, **options):
    agree(loss_of(candidate, **options), loss_of(reference, **options), draw, f"loss ({label})")


def judge_advantages(candidate, reference, rewards, label, **options):
    found, right = (m.group_advantages(rewards.clone(), **options) for m in (candidate, reference))
    same(found.detach(), right, f"advantages ({label})")


def test_completion_mask(candidate, reference, seed):
    """An answer goes up to its first end token, and includes it
    回答到第一个结束符为止，包含它"""
    rows = [
        [5, 3, 2, 7, 7, 7],
        [5, 2, 2, 2, 2, 2],
        [2, 5, 5, 2, 5, 5],
        [5, 5, 5, 5, 5, 2],
        [5, 4, 3, 6, 7, 5],
        [4, 2, 3, 2, 6, 5],
    ]
    for end in (2, 5, 7, 99):
        tokens = torch.tensor(rows, device=setting.device)
        found, right = (m.completion_mask(tokens.clone(), end) for m in (candidate, reference))
        same(found, right, f"mask (end = {end})")
    drawn = [integers(seed, 4, shape)[0] for shape in ((3, 7), (1, 5), (4, 1), (1, 1), (7, 3))]
    for tokens in (*drawn, drawn[0].mT, drawn[0][:, ::2]):
        found, right = (m.completion_mask(tokens, end=0) for m in (candidate, reference))
        same(found, right, f"mask (shape {tuple(tokens.shape)})")


def test_completion_mask_alone(candidate, reference, seed):
    """Calls leave one another and the tokens alone
    各次调用互不影响，也不修改 tokens"""
    leaves_alone(
        lambda: lambda x: candidate.completion_mask(x, 1),
        lambda i: {"tokens": integers(seed + i, 3, (3, 5))[0]},
    )
    several = [integers(seed + i, 3, (3, 5))[0] for i in range(3)]
    found, right = ([m.completion_mask(x, 1) for x in several] for m in (candidate, reference))
    same(found, right, "masks of three calls")


def test_advantages(candidate, reference, seed):
    """Advantages are centred within the group, and divided by its std
    优势在组内减去均值，再除以组内的 std"""
    for shape in ((3, 4), (1, 5), (4, 2), (5, 5)):
        rewards = 2 + 3 * normal(seed, shape, grad=False)[0]
        judge_advantages(candidate, reference, rewards, f"(P, G) = {shape}")
    solved = torch.tensor([[1, 0, 0, 0, 0], [1, 1, 0, 1, 1], [0, 0, 1, 1, 0]]).to(rewards)
    judge_advantages(candidate, reference, solved, "rewards 0 and 1")


def test_advantages_without_std(candidate, reference, seed):
    """`normalise=False` subtracts the mean alone
    `normalise=False` 时只减均值"""
    rewards = 2 + 3 * normal(seed, (3, 4), grad=False)[0]
    for normalise in (False, True):
        label = f"normalise = {normalise}"
        judge_advantages(candidate, reference, rewards, label, normalise=normalise)
    found, right = (m.group_advantages(rewards.clone(), False) for m in (candidate, reference))
    same(found.detach(), right, "advantages (normalise by place)")


def test_groups_that_agree(candidate, seed):
    """A group that agrees has advantages of exactly 0, whatever rounding says
    组内奖励全部相同时优势恰好为 0，不受舍入影响"""
    for value in (1.0, 0.0, 0.1, 0.7, -1.1, 1e-6, 3e5):
        for size in (1, 3, 6, 7, 10):
            rewards = torch.full((2, size), value, dtype=setting.dtype, device=setting.device)
            for normalise in (True, False):
                found = candidate.group_advantages(rewards.clone(), normalise)
                label = f"all {value}, G = {size}, normalise = {normalise}"
                same(found.detach(), torch.zeros_like(rewards), f"advantages ({label})", tolerance=(0.0, 0.0))


def test_agreeing_beside_others(candidate, reference, seed):
    """Such groups leave the others alone
    这样的组不影响其他组"""
    (rewards,) = normal(seed, (4, 6), grad=False)
    rewards[1], rewards[3] = 0.1, 0.0
    for normalise in (True, False):
        judge_advantages(
            candidate, reference, rewards, f"groups 1 and 3 agree, {normalise}", normalise=normalise
        )


def test_small_differences(candidate, reference, seed):
    """Rewards that differ by little are divided by their std as it is
    奖励差别很小时，也照样除以 std"""
    (noise,) = normal(seed, (3, 5), grad=False)
    for scale in (1e-3, 1e-7, 1e-10):
        judge_advantages(candidate, reference, scale * noise, f"rewards of {scale:g}")
    one = torch.zeros_like(noise)
    one[:, 2] = 1e-5
    judge_advantages(candidate, reference, one, "one reward of 10⁻⁵, the others 0")


def test_advantages_alone(candidate, seed):
    """Advantages carry no gradient; dtype, layout, other groups and calls make no difference
    优势不带梯度；dtype、内存布局、其他组、其他调用都没有影响"""
    for normalise in (True, False):
        hanging = candidate.group_advantages(normal(seed, (2, 3))[0], normalise).requires_grad
        holds(
            not hanging,
            "The advantages still hang on the graph.",
            "优势还连着计算图。",
            value=str(hanging),
            name="advantages require a gradient",
        )

        def build(normalise=normalise):
            return lambda x: candidate.group_advantages(x, normalise)

        def make(i=0):
            return normal(seed + i, (3, 4), grad=False)[0]

        keeps_dtype(build, make)
        any_layout(
            build,
            lambda shape: normal(seed, shape, grad=False)[0] + torch.arange(shape[-1], device=setting.device),
            (3, 4),
        )
        samples_apart(build(), make, name="rewards")
        leaves_alone(build, make)


def test_policy(candidate, reference, seed):
    """The clipped objective and its gradient are right
    截断目标及其梯度正确"""
    for low, high in ((0.2, 0.2), (0.1, 0.4), (0.5, 0.05)):
        draw = partial(batch, seed, bits(MASKS["all"]))
        label = f"no KL, ε = {low}, {high}"
        judge(candidate, reference, draw, label, clip_low=low, clip_high=high, **PLAIN)


def test_clipping(candidate, reference):
    """Ratios are held on the side that the advantage asks for, and on no other
    比值只在优势要求的方向上被截断"""
    for sign in (1, -1):
        for low, high in ((0.2, 0.2), (0.3, 0.45)):
            label = f"A {'>' if sign > 0 else '<'} 0, ε = {low}, {high}"
            judge(
                candidate,
                reference,
                partial(with_ratios, sign),
                label,
                clip_low=low,
                clip_high=high,
                **PLAIN,
            )


def test_first_update(candidate, reference, seed):
    """While the policy is still the old one, ρ = 1, and the gradient is there
    策略还是旧策略时 ρ = 1，梯度也在"""

    def draw(reference_too):
        given = batch(seed, mixed())
        same_as = given["log_probs"].detach().clone()
        given |= {"old_log_probs": same_as}
        return given | ({"ref_log_probs": same_as.clone()} if reference_too else {})

    for reference_too in (False, True):
        for average in AVERAGES:
            label = f"first update, {average}, π_ref {'=' if reference_too else '≠'} π"
            judge(candidate, reference, partial(draw, reference_too), label, average=average)


def test_kl(candidate, reference, seed):
    """The KL term is k3, with weight β and its own gradient
    KL 项是 k3，权重为 β，有自己的梯度"""

    def draw():
        given = batch(seed, mixed())
        return given | {"advantages": torch.zeros_like(given["advantages"])}

    for beta in (0.04, 1.0, 0):
        for average in AVERAGES:
            judge(candidate, reference, draw, f"KL alone, β = {beta}, {average}", beta=beta, average=average)


def test_average_over_answers(candidate, reference, seed):
    """'answer' averages each answer first; answers without a token do not count
    'answer' 先在每个回答内平均；没有 token 的回答不计入"""
    for label, rows in MASKS.items():
        draw = partial(batch, seed, bits(rows))
        judge(candidate, reference, draw, f"mask: {label}, answer", beta=0.3, average="answer")


def test_average_over_tokens(candidate, reference, seed):
    """'token' averages over all tokens together
    'token' 对所有 token 一起平均"""
    for label, rows in MASKS.items():
        draw = partial(batch, seed, bits(rows))
        judge(candidate, reference, draw, f"mask: {label}, token", beta=0.3, average="token")


def test_defaults(candidate, reference, seed):
    """Without further arguments both ε are 0.2, β is 0.04, answers are averaged; they also go by place
    不传其他参数时两个 ε 都是 0.2，β 是 0.04，按回答平均；也可按位置传入"""
    plain = {"clip_low": 0.2, "clip_high": 0.2, "beta": 0.04, "average": "answer"}
    for left_out in (*plain, "anything"):
        given = {} if left_out == "anything" else {n: x for n, x in plain.items() if n != left_out}
        found, right = (loss_of(m, **given)(*batch(seed, mixed()).values()) for m in (candidate, reference))
        same(found, right, f"loss (no {left_out})")
    found, right = (
        m.grpo_loss(*batch(seed, mixed()).values(), 0.3, 0.1, 0.7, "token") for m in (candidate, reference)
    )
    same(found, right, "loss (nine arguments by place)")


def test_what_learns(candidate, seed):
    """Gradients reach the policy alone
    梯度只传到策略"""
    constants = "old_log_probs", "ref_log_probs", "advantages"
    for average in AVERAGES:
        given = {n: x.detach().requires_grad_(x.is_floating_point()) for n, x in batch(seed, mixed()).items()}
        loss = loss_of(candidate, beta=0.3, average=average)(*given.values())
        grown = gradients(loss, [given[n] for n in constants])
        zeros = [torch.zeros_like(given[n]) for n in constants]
        found = [zero if g is None else g for zero, g in zip(zeros, grown, strict=True)]
        same(found, zeros, [f"∂L/∂{name} ({average})" for name in constants], tolerance=(0.0, 0.0))


def test_padding_has_no_influence(candidate, reference, seed):
    """Whatever stands outside the mask, ±10⁴ or more modest, changes nothing
    mask 之外无论是什么数，哪怕 ±10⁴，都没有影响"""
    for stray in (30.0, 1e4):
        for average in AVERAGES:
            draw = partial(batch, seed, mixed(), stray)
            label = f"numbers up to {stray:g} outside, {average}"
            judge(candidate, reference, draw, label, beta=0.1, average=average)


def test_far_policies(candidate, reference, seed):
    """Ratios and distances up to e²⁰ give right numbers
    比值和距离达到 e²⁰ 时结果正确"""

    def draw(size):
        given = batch(seed, mixed())
        log_probs = given["log_probs"].detach()
        shift = torch.linspace(-size, size, log_probs.numel()).to(log_probs).view_as(log_probs)
        return given | {"old_log_probs": log_probs - shift, "ref_log_probs": log_probs + shift.flip(0)}

    for size in (3.0, 20.0):
        judge(candidate, reference, partial(draw, size), f"|log ρ|, |d| ≤ {size:g}", beta=0.1)


def test_sizes(candidate, reference, seed):
    """One answer, one position, one token
    只有一个回答、一个位置、一个 token"""
    for rows in ([[1]], [[1, 1, 0, 1]], [[1], [0], [1]], [[0, 0, 1]], [[1, 0], [1, 1]]):
        for average in AVERAGES:
            draw = partial(batch, seed, bits(rows))
            judge(candidate, reference, draw, f"mask {rows}, {average}", average=average)


def test_dtype_and_layout(candidate, reference, seed):
    """float32 stays float32; transposed, strided and expanded inputs work
    float32 的输入得到 float32 的结果；支持转置、带步长和 expand 得到的输入"""
    mask = bits([[1, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]])
    for average in AVERAGES:
        keeps_dtype(lambda a=average: loss_of(candidate, average=a), partial(batch, seed, mixed()))
        rest = list(batch(seed, mask).values())[1:]
        rest[-1] = mask.mT.contiguous().mT

        def build(average=average, rest=rest):
            return lambda x: candidate.grpo_loss(x, *rest, beta=0.1, average=average)

        any_layout(build, lambda shape: normal(seed, shape)[0] - 3, (3, 4))


def test_calls_apart(candidate, reference, seed):
    """Calls leave one another alone, and their inputs
    各次调用互不影响，也不修改输入"""
    masks = [mixed(), mixed().flip(0), mixed().flip(1)]
    for average in AVERAGES:
        calls_apart(
            lambda a=average: loss_of(candidate, average=a),
            lambda i: batch(seed + i, masks[i]),
            right=lambda a=average: loss_of(reference, average=a),
        )
        leaves_alone(
            lambda a=average: loss_of(candidate, average=a), lambda i: batch(seed + i, masks[i], stray=30.0)
        )
    found, right = (
        [m.group_advantages(normal(seed + i, (3, 4), grad=False)[0]).detach() for i in range(3)]
        for m in (candidate, reference)
    )
    same(found, right, "advantages of three calls")
