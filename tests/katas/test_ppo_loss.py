"""Grades katas/ppo_loss.py."""

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

POLICY = {"value_weight": 0.0, "entropy_weight": 0.0}
MASKS = {
    "all": [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]],
    "right": [[1, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0]],
    "left": [[0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]],
    "both": [[0, 1, 1, 1, 1, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0]],
    "gaps": [[1, 0, 1, 1, 0, 0], [0, 1, 0, 0, 1, 1], [1, 1, 0, 1, 0, 1]],
    "empty": [[1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0]],
}


def bits(rows):
    return torch.tensor(rows, device=setting.device).bool()


def mixed():
    return bits([*MASKS["right"][:2], *MASKS["gaps"][1:], MASKS["empty"][1]])


def spoilt(x, mask, seed, size=1e4):
    """x with numbers as large as that outside the mask."""
    (noise,) = normal(seed + 9, tuple(x.shape), dtype=x.dtype, grad=False)
    return torch.where(mask, x.detach(), size * noise.clamp(-1, 1)).requires_grad_(x.requires_grad)


def marked(seed, mask, stray=None, dtype=None):
    """What `token_rewards` takes."""
    shape = tuple(mask.shape)
    scores, log_probs, shift = normal(seed, (shape[0],), shape, shape, dtype=dtype, grad=False)
    given = {"scores": 2 * scores, "log_probs": log_probs - 3, "ref_log_probs": log_probs - 3 + 0.7 * shift}
    if stray:
        given |= {n: spoilt(given[n], mask, seed + i, stray) for i, n in enumerate(list(given)[1:])}
    return given | {"mask": mask.clone()}


def played(seed, mask, stray=None, dtype=None):
    """What `gae` takes."""
    rewards, values = normal(seed, *[tuple(mask.shape)] * 2, dtype=dtype, grad=False)
    given = {"rewards": rewards, "values": 1.5 * values}
    if stray:
        given = {n: spoilt(x, mask, seed + i, stray) for i, (n, x) in enumerate(given.items())}
    return given | {"mask": mask.clone()}


def batch(seed, mask, words=5, stray=None, dtype=None, **instead):
    """What `ppo_loss` takes; ratios and values on both sides of their limits."""
    shape = tuple(mask.shape)
    (logits,) = normal(seed, (*shape, words), scale=1.5, dtype=dtype)
    (actions,) = integers(seed, words, shape)
    noise = normal(seed + 1, *[shape] * 5, dtype=dtype, grad=False)
    log_prob = logits.detach().log_softmax(-1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    given = {
        "logits": logits,
        "actions": actions,
        "old_log_probs": log_prob + 0.4 * noise[0],
        "advantages": noise[1],
        "values": noise[2].clone().requires_grad_(),
        "old_values": noise[2] + 0.4 * noise[3],
        "returns": noise[2] + noise[4],
        "mask": mask.clone(),
    } | instead
    if stray:
        names = "old_log_probs", "advantages", "values", "old_values", "returns"
        given |= {n: spoilt(given[n], mask, seed + i, stray) for i, n in enumerate(names)}
    return given


def loss_of(module, **options):
    return lambda *eight: module.ppo_loss(*eight, **options)


def judge(candidate, reference, draw, label, **options):
    agree(loss_of(candidate, **options), loss_of(reference, **options), draw, f"loss ({label})")


def results(call):
    found = call()
    return [x.detach() for x in found] if isinstance(found, (tuple, list)) else found.detach()


def judge_rewards(candidate, reference, draw, label, **options):
    found, right = (results(lambda m=m: m.token_rewards(**draw(), **options)) for m in (candidate, reference))
    same(found, right, f"rewards ({label})")


def judge_gae(candidate, reference, draw, label, **options):
    found, right = (results(lambda m=m: m.gae(**draw(), **options)) for m in (candidate, reference))
    same(found, right, [f"advantages ({label})", f"returns ({label})"])


def test_token_rewards(candidate, reference, seed):
    """Each token bears its penalty, and the last of the answer gets the mark
    每个 token 承担自己的惩罚，回答的最后一个得到分数"""
    for label, rows in MASKS.items():
        judge_rewards(candidate, reference, partial(marked, seed, bits(rows)), f"mask: {label}")


def test_beta(candidate, reference, seed):
    """The penalty has the weight β, and the mark has none
    惩罚乘以 β，分数不乘"""
    for beta in (0.0, 0.3, 1.0, 2):
        judge_rewards(candidate, reference, partial(marked, seed, mixed()), f"β = {beta}", beta=beta)
    found, right = (
        [m.token_rewards(*given.values()), m.token_rewards(*given.values(), 0.4)]
        for m in (candidate, reference)
        for given in [marked(seed, mixed())]
    )
    same(found, right, ["rewards (default β)", "rewards (β by place)"])


def test_gae(candidate, reference, seed):
    """Advantages and returns are right for every γ and λ
    对任意 γ 和 λ，优势和回报都正确"""
    for gamma, lam in ((1.0, 0.95), (0.9, 0.6), (0.8, 1.0), (1.0, 0.0), (0.5, 0.3), (1, 1)):
        label = f"γ = {gamma}, λ = {lam}"
        draw = partial(played, seed, bits(MASKS["all"]))
        judge_gae(candidate, reference, draw, label, gamma=gamma, lam=lam)


def test_gae_masks(candidate, reference, seed):
    """The next token is the next one of the mask; after the last there is nothing
    下一个 token 是 mask 里的下一个；最后一个之后什么都没有"""
    for label, rows in MASKS.items():
        draw = partial(played, seed, bits(rows))
        judge_gae(candidate, reference, draw, f"mask: {label}", gamma=0.9, lam=0.7)


def test_gae_defaults(candidate, reference, seed):
    """Without further arguments γ = 1 and λ = 0.95; they also go by place
    不传其他参数时 γ = 1，λ = 0.95；也可按位置传入"""
    draw = partial(played, seed, mixed())
    for options in ({}, {"gamma": 0.7}, {"lam": 0.5}):
        judge_gae(candidate, reference, draw, f"given: {', '.join(options) or 'nothing'}", **options)
    found, right = (results(lambda m=m: m.gae(*draw().values(), 0.9, 0.5)) for m in (candidate, reference))
    same(found, right, ["advantages (by place)", "returns (by place)"])


def test_nothing_learned_before_the_loss(candidate, seed):
    """Rewards, advantages and returns carry no gradient
    奖励、优势和回报都不带梯度"""
    mask = mixed()
    first = {n: x.requires_grad_(x.is_floating_point()) for n, x in marked(seed, mask).items()}
    second = {n: x.requires_grad_(x.is_floating_point()) for n, x in played(seed, mask).items()}
    names = "rewards", "advantages", "returns"
    found = [candidate.token_rewards(**first), *candidate.gae(**second)]
    hanging = [name for name, x in zip(names, found, strict=True) if x.requires_grad]
    holds(
        not hanging,
        f"These still hang on the graph: {', '.join(hanging)}.",
        f"它们还连着计算图：{'、'.join(hanging)}。",
        value=str(hanging),
        name="what carries a gradient",
    )


def test_policy(candidate, reference, seed):
    """The policy loss and its gradient are right
    策略 loss 及其梯度正确"""
    for clip in (0.2, 0.05, 0.6):
        draw = partial(batch, seed, bits(MASKS["all"]))
        judge(candidate, reference, draw, f"policy alone, ε = {clip}", clip=clip, **POLICY)


def test_clipping(candidate, reference, seed):
    """Ratios are held on the side that the advantage asks for, and on no other
    比值只在优势要求的方向上被截断"""
    ratios = torch.tensor([0.01, 0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 40.0], device=setting.device)

    def draw(sign):
        given = batch(seed, bits([[1] * 8]))
        log_prob = given["logits"].detach().log_softmax(-1)
        log_prob = log_prob.gather(-1, given["actions"].unsqueeze(-1)).squeeze(-1)
        given["old_log_probs"] = log_prob - ratios.to(log_prob).log()
        given["advantages"] = sign * (0.5 + torch.arange(8.0, device=setting.device)[None]).to(log_prob)
        return given

    for sign in (1, -1):
        judge(candidate, reference, partial(draw, sign), f"A {'>' if sign > 0 else '<'} 0", **POLICY)


def test_first_update(candidate, reference, seed):
    """While the policy is still the old one, ρ = 1, and the gradient is there
    策略还是旧策略时 ρ = 1，梯度也在"""

    def draw():
        given = batch(seed, mixed())
        log_prob = given["logits"].detach().log_softmax(-1)
        given["old_log_probs"] = log_prob.gather(-1, given["actions"].unsqueeze(-1)).squeeze(-1)
        return given | {"old_values": given["values"].detach().clone()}

    judge(candidate, reference, draw, "first update")
    judge(candidate, reference, draw, "first update, policy alone", **POLICY)


def test_values(candidate, reference, seed):
    """The value loss and its gradient are right, clipped and not
    价值 loss 及其梯度正确，无论是否截断"""
    for value_clip in (0.2, 0.05, 0.7, 50.0):
        for weight in (0.5, 2):
            judge(
                candidate,
                reference,
                lambda: batch(seed, mixed(), advantages=torch.zeros_like(mixed(), dtype=setting.dtype)),
                f"value alone, ε_V = {value_clip}, c_V = {weight}",
                value_clip=value_clip,
                value_weight=weight,
                entropy_weight=0.0,
            )


def test_value_clipping(candidate, reference, seed):
    """V on both sides of V_old and of R: the larger error counts
    V 在 V_old 和 R 的两侧时，都取较大的误差"""
    numbers = [(v, o, r) for v in (-1.0, 0.1, 1.0) for o in (0.0, 0.7) for r in (-2.0, 0.05, 2.0)]
    columns = torch.tensor(numbers, dtype=setting.dtype, device=setting.device).T[:, None]

    def draw():
        return batch(seed, bits([[1] * len(numbers)])) | {
            "advantages": torch.zeros_like(columns[0]),
            "values": columns[0].clone().requires_grad_(),
            "old_values": columns[1].clone(),
            "returns": columns[2].clone(),
        }

    judge(candidate, reference, draw, "all sides", value_weight=1.0, entropy_weight=0.0)


def test_entropy(candidate, reference, seed):
    """Entropy is rewarded: over the vocabulary, at the tokens that count
    鼓励熵：对词表求和，只看计入的 token"""
    for weight in (0.01, 1.0):
        for words in (5, 2, 1):

            def draw(words=words):
                given = batch(seed, mixed(), words)
                return given | {"advantages": torch.zeros_like(given["returns"])}

            judge(
                candidate,
                reference,
                draw,
                f"entropy alone, c_H = {weight}, V = {words}",
                value_weight=0.0,
                entropy_weight=weight,
            )


def test_whole_loss(candidate, reference, seed):
    """All three terms together, averaged over the tokens of the mask
    三项合在一起，对 mask 里的 token 平均"""
    for label, rows in MASKS.items():
        judge(candidate, reference, partial(batch, seed, bits(rows)), f"mask: {label}", entropy_weight=0.1)


def test_loss_defaults(candidate, reference, seed):
    """Without further arguments ε = ε_V = 0.2, c_V = 0.5, c_H = 0.01; they also go by place
    不传其他参数时 ε = ε_V = 0.2，c_V = 0.5，c_H = 0.01；也可按位置传入"""
    plain = {"clip": 0.2, "value_clip": 0.2, "value_weight": 0.5, "entropy_weight": 0.01}
    for left_out in (*plain, "anything"):
        given = {} if left_out == "anything" else {n: x for n, x in plain.items() if n != left_out}
        found, right = (loss_of(m, **given)(*batch(seed, mixed()).values()) for m in (candidate, reference))
        same(found, right, f"loss (no {left_out})")
    found, right = (
        m.ppo_loss(*batch(seed, mixed()).values(), 0.3, 0.1, 0.7, 0.2) for m in (candidate, reference)
    )
    same(found, right, "loss (twelve arguments by place)")


def test_what_learns(candidate, seed):
    """Gradients reach logits and values alone
    梯度只传到 logits 和 values"""
    given = {n: x.requires_grad_(x.is_floating_point()) for n, x in batch(seed, mixed()).items()}
    constants = "old_log_probs", "advantages", "old_values", "returns"
    for options in ({}, POLICY, {"value_clip": 9.0}):
        grown = gradients(loss_of(candidate, **options)(*given.values()), [given[n] for n in constants])
        zeros = torch.zeros_like(given["returns"])
        found = [zeros if g is None else g for g in grown]
        names = [f"∂L/∂{name} ({', '.join(options) or 'defaults'})" for name in constants]
        same(found, [zeros] * 4, names, tolerance=(0.0, 0.0))


def test_padding_has_no_influence(candidate, reference, seed):
    """Whatever stands outside the mask, ±10⁴ or more modest, changes nothing
    mask 之外无论是什么数，哪怕 ±10⁴，都没有影响"""
    for stray in (30.0, 1e4):
        label = f"numbers up to {stray:g} outside"
        judge_rewards(candidate, reference, partial(marked, seed, mixed(), stray), label)
        judge_gae(candidate, reference, partial(played, seed, mixed(), stray), label, gamma=0.9, lam=0.8)
        judge(candidate, reference, partial(batch, seed, mixed(), stray=stray), label, entropy_weight=0.1)


def test_logits_outside(candidate, seed):
    """Other logits and tokens outside the mask change nothing
    mask 之外换成别的 logits 和 token，结果不变"""
    mask = mixed()
    given, other = batch(seed, mask), batch(seed, mask)
    with torch.no_grad():
        other["logits"][~mask] = 900 * other["logits"][~mask].flip(-1).clamp(-1, 1)
        other["actions"][~mask] = 4 - other["actions"][~mask]
    found, right = (
        [loss, *gradients(loss, [x["logits"], x["values"]])]
        for x in (other, given)
        for loss in [loss_of(candidate, entropy_weight=0.1)(*x.values())]
    )
    same(found, right, ["loss (other padding)", "∂L/∂logits (other padding)", "∂L/∂values (other padding)"])


def test_large_numbers(candidate, reference, seed):
    """Logits of ±1000 and ratios up to e²⁰ give right numbers
    logits 达到 ±1000、比值达到 e²⁰ 时结果正确"""

    def draw(reach, size):
        given = batch(seed, mixed())
        logits = (given["logits"].detach() * reach).clamp(-1000, 1000).requires_grad_()
        log_prob = logits.detach().log_softmax(-1).gather(-1, given["actions"].unsqueeze(-1)).squeeze(-1)
        shift = torch.linspace(-size, size, log_prob.numel()).to(log_prob).view_as(log_prob)
        return given | {"logits": logits, "old_log_probs": log_prob - shift}

    for reach, size in ((20.0, 1.0), (600.0, 0.3), (1.0, 20.0)):
        judge(candidate, reference, partial(draw, reach, size), f"logits × {reach:g}, |log ρ| ≤ {size:g}")


def test_sizes(candidate, reference, seed):
    """One answer, one position, one token
    只有一个回答、一个位置、一个 token"""
    for rows in ([[1]], [[1, 1, 0, 1]], [[1], [0], [1]], [[0, 0, 1]], [[1, 0], [1, 1]]):
        label = f"mask {rows}"
        judge_rewards(candidate, reference, partial(marked, seed, bits(rows)), label)
        judge_gae(candidate, reference, partial(played, seed, bits(rows)), label, gamma=0.9, lam=0.8)
        judge(candidate, reference, partial(batch, seed, bits(rows)), label)


def test_dtype(candidate, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    keeps_dtype(lambda: candidate.token_rewards, partial(marked, seed, mixed()))
    keeps_dtype(lambda: candidate.gae, partial(played, seed, mixed()))
    for options in ({}, POLICY):
        keeps_dtype(lambda o=options: loss_of(candidate, **o), partial(batch, seed, mixed()))


def test_non_contiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs work
    支持转置、带步长和 expand 得到的输入"""
    mask = bits([[1, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]])
    rest = batch(seed, mask)
    rest["mask"] = mask.mT.contiguous().mT
    any_layout(
        lambda: lambda x: candidate.ppo_loss(x, *list(rest.values())[1:], entropy_weight=0.1),
        lambda shape: normal(seed, shape)[0],
        (3, 4, 5),
    )
    (values,) = normal(seed, (3, 4), grad=False)
    any_layout(
        lambda: lambda x: candidate.gae(x, values, mask), lambda s: normal(seed, s, grad=False)[0], (3, 4)
    )
    found, right = (
        m.token_rewards(*(x.repeat(2, *[1] * (x.dim() - 1))[::2] for x in marked(seed, mask).values()))
        for m in (candidate, reference)
    )
    same(found, right, "rewards (every second row)")


def test_answers_apart(candidate, seed):
    """The advantages of an answer do not depend on other answers
    一个回答的优势与其他回答无关"""
    mask = mixed()
    (values,) = normal(seed + 1, tuple(mask.shape), grad=False)
    for place in (0, 1):
        samples_apart(
            lambda x, place=place: candidate.gae(x, values, mask)[place],
            lambda: normal(seed, tuple(mask.shape), grad=False)[0],
            name="rewards",
        )


def test_calls_apart(candidate, reference, seed):
    """Calls leave one another alone
    各次调用互不影响"""
    masks = [mixed(), mixed().flip(0), mixed().flip(1)]
    for name, make in (("token_rewards", marked), ("gae", played), ("ppo_loss", batch)):
        calls_apart(
            lambda name=name: getattr(candidate, name),
            lambda i, make=make: make(seed + i, masks[i]),
            right=lambda name=name: getattr(reference, name),
        )


def test_inputs_unchanged(candidate, seed):
    """Inputs are not modified
    不修改输入"""
    masks = [mixed(), mixed().flip(0)]
    for name, make in (("token_rewards", marked), ("gae", played), ("ppo_loss", batch)):
        leaves_alone(
            lambda name=name: getattr(candidate, name),
            lambda i, make=make: make(seed + i, masks[i], stray=30.0),
        )
