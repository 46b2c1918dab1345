"""Grades katas/softmax_ce.py."""

import pytest
import torch

from dlkata.suite import (
    differentiate,
    digits,
    follows,
    holds,
    integers,
    normal,
    not_reseeded,
    reaches,
    same,
    setting,
    unchanged,
)

REDUCTIONS = "mean", "sum", "none"
LOSSES = [f"loss ({reduction})" for reduction in REDUCTIONS]
GRADIENTS = [f"∂L/∂logits ({reduction})" for reduction in REDUCTIONS]


def inputs(seed, samples=5, classes=7, dtype=None):
    (logits,) = normal(seed, (samples, classes), scale=2.0, dtype=dtype)
    (target,) = integers(seed, classes, (samples,))
    return logits, target


def large(seed, levels, dtype=None):
    """A row near each level, spread over some ten; then three rows spread over hundreds, three over thousands; all within ±10⁴."""
    shape = (len(levels), 6), (3, 6), (3, 6)
    near, far, farthest = normal(seed, *shape, dtype=dtype, grad=False)
    (target,) = integers(seed, 6, (len(levels) + 6,))
    level = torch.tensor(levels, dtype=near.dtype, device=near.device)[:, None]
    return torch.cat([5 * near + level, 100 * far, 2.5e3 * farthest]).requires_grad_(), target


def upstreams(seed, samples=5):
    """What arrives from above under each reduction, of both signs."""
    mean, total, each = normal(seed + 1, (), (), (samples,), grad=False)
    signs = 1.0 - 2.0 * (torch.arange(samples, device=each.device) % 2)
    return [-0.5 - mean.abs(), 0.5 + total.abs(), -signs * each.abs()]


def losses(module, draw):
    """The loss under each reduction, each of fresh inputs."""
    return [module.softmax_cross_entropy(*draw(), reduction) for reduction in REDUCTIONS]


def grad(loss, logits, upstream=None, keep=False):
    """∂(Σ loss · upstream)/∂logits; upstream is 1 unless given. None: no path leads there."""
    if not loss.requires_grad:
        return None
    upstream = torch.ones_like(loss) if upstream is None else upstream
    return differentiate(loss, logits, upstream, retain_graph=keep, allow_unused=True)[0]


def gradients(module, draw, arriving=(None, None, None)):
    """The gradient of fresh logits under each reduction."""
    found = []
    for reduction, upstream in zip(REDUCTIONS, arriving, strict=True):
        logits, target = draw()
        found.append(grad(module.softmax_cross_entropy(logits, target, reduction), logits, upstream))
    return found


def test_per_sample_losses(candidate, reference, seed):
    """The loss of each sample is right
    每个样本的 loss 正确"""
    mine, theirs = inputs(seed), inputs(seed)
    loss = candidate.softmax_cross_entropy(*mine, "none")
    same(loss, reference.softmax_cross_entropy(*theirs, "none"), LOSSES[2])


def test_mean_and_sum(candidate, reference, seed):
    """'mean' averages the losses, 'sum' adds them
    'mean' 对 loss 取平均，'sum' 求和"""
    mine, theirs = losses(candidate, lambda: inputs(seed)), losses(reference, lambda: inputs(seed))
    same(mine[:2], theirs[:2], LOSSES[:2])


def test_gradient(candidate, reference, seed):
    """The gradient of the logits is right
    logits 的梯度正确"""
    mine = gradients(candidate, lambda: inputs(seed))
    same(mine, gradients(reference, lambda: inputs(seed)), GRADIENTS)


def test_mean_is_the_default(candidate, reference, seed):
    """Without a reduction it is the mean
    不指定 reduction 时取平均"""
    mine, theirs = inputs(seed), inputs(seed)
    loss = candidate.softmax_cross_entropy(target=mine[1], logits=mine[0])
    right = reference.softmax_cross_entropy(*theirs)
    same([loss, grad(loss, mine[0])], [right, grad(right, theirs[0])], ["loss", "∂L/∂logits"])


def test_upstream_gradient(candidate, reference, seed):
    """The upstream gradient is multiplied in, sample by sample for 'none'
    乘上了上游梯度；'none' 时逐样本相乘"""
    mine = gradients(candidate, lambda: inputs(seed), upstreams(seed))
    same(mine, gradients(reference, lambda: inputs(seed), upstreams(seed)), GRADIENTS)


def test_large_logits(candidate, reference, seed):
    """The loss stays right for logits of ±10⁴
    logits 达到 ±10⁴ 时 loss 仍然正确"""
    levels = [9.9e3, 0.0, -9.9e3, 800.0]
    mine, theirs = large(seed, levels), large(seed, levels)
    loss = candidate.softmax_cross_entropy(*mine, "none")
    same(loss, reference.softmax_cross_entropy(*theirs, "none"), LOSSES[2])


def test_gradient_of_large_logits(candidate, reference, seed):
    """The gradient stays right for logits of ±10⁴
    logits 达到 ±10⁴ 时梯度仍然正确"""
    levels = [9.9e3, 0.0, -9.9e3, 800.0]
    mine = gradients(candidate, lambda: large(seed, levels))
    same(mine, gradients(reference, lambda: large(seed, levels)), GRADIENTS)


def test_one_node(candidate, seed):
    """One node joins loss and logits: your SoftmaxCrossEntropy
    loss 与 logits 之间只有一个节点：你的 SoftmaxCrossEntropy"""
    for reduction in reversed(REDUCTIONS):
        logits, target = inputs(seed)
        node = candidate.softmax_cross_entropy(logits, target, reduction).grad_fn
        own = getattr(node, "_forward_cls", None) is candidate.SoftmaxCrossEntropy
        holds(
            own,
            "The loss must come straight from SoftmaxCrossEntropy.apply; its grad_fn is something else.",
            "loss 必须直接来自 SoftmaxCrossEntropy.apply；现在它的 grad_fn 是别的东西。",
            value="SoftmaxCrossEntropy" if own else "None" if node is None else "≠ SoftmaxCrossEntropy",
            name=f"grad_fn ({reduction})",
        )
        before = [edge for edge, _ in node.next_functions if edge is not None]
        holds(
            len(before) == 1 and getattr(before[0], "variable", None) is logits,
            "SoftmaxCrossEntropy must be applied to the logits themselves, not to something made of them.",
            "SoftmaxCrossEntropy 必须直接作用于 logits 本身，而不是由 logits 算出的其他张量。",
        )


def test_without_autograd(candidate, reference, seed):
    """forward and backward do without autograd (torch.inference_mode)
    forward 和 backward 都不依赖 autograd（torch.inference_mode）"""
    mine, theirs = inputs(seed), inputs(seed)
    loss, right = candidate.softmax_cross_entropy(*mine), reference.softmax_cross_entropy(*theirs)
    others = [inputs(seed + i) for i in (1, 2)]  # of the same shapes
    with torch.inference_mode():
        again = [candidate.softmax_cross_entropy(*given) for given in (mine, *others)]
        gradient = grad(loss, mine[0])
    expected = [right, *(reference.softmax_cross_entropy(*given) for given in others)]
    names = ["loss", "loss of other logits", "loss of still other logits"]
    same([*again, gradient], [*expected, grad(right, theirs[0])], [*names, "∂L/∂logits"])


def test_backward_twice(candidate, reference, seed):
    """A second backward (retain_graph) gives the same gradient
    再做一次 backward（retain_graph）得到同样的梯度"""
    for reduction in REDUCTIONS:
        mine, theirs = inputs(seed), inputs(seed)
        loss = candidate.softmax_cross_entropy(*mine, reduction)
        right = grad(reference.softmax_cross_entropy(*theirs, reduction), theirs[0])
        first, again = grad(loss, mine[0], keep=True), None
        try:
            again = grad(loss, mine[0])
        except RuntimeError as error:
            if "inplace" not in str(error):
                raise
            holds(
                False,
                "backward edits a saved tensor in place, so the same graph can't be walked a second time.",
                "backward 原地修改了保存的张量，同一张计算图无法再次反向传播。",
            )
        same([first, again], [right, right], ["∂L/∂logits (1)", "∂L/∂logits (2)"])


def test_two_losses_wait(candidate, reference, seed):
    """Two losses wait for backward without mixing
    两个 loss 都等着反向传播，互不干扰"""
    # Alike, they show what was kept of the inputs; unlike, what was kept of the reduction.
    for reduction in ("sum", "mean"):
        pairs = []
        for module in (candidate, reference):
            first, second = inputs(seed), inputs(seed + 1)
            one = module.softmax_cross_entropy(*first, "sum")
            other = module.softmax_cross_entropy(*second, reduction)
            pairs.append([grad(one, first[0]), grad(other, second[0])])
        same(*pairs, ["∂L₁/∂logits (sum)", f"∂L₂/∂logits ({reduction})"])


def test_inputs_unchanged(candidate, seed):
    """logits, target and grad_output are not modified, whether gradients are recorded or not
    logits、target 和 grad_output 没有被修改，无论是否记录梯度"""
    for reduction, grad_output in zip(REDUCTIONS, upstreams(seed), strict=True):
        logits, target = inputs(seed)
        with unchanged(logits=logits, target=target, grad_output=grad_output):
            grad(candidate.softmax_cross_entropy(logits, target, reduction), logits, grad_output)
        for context in (torch.enable_grad, torch.no_grad, torch.inference_mode):
            constant = logits.detach().clone()
            for given in (logits, constant):
                with unchanged(logits=given, target=target), context():
                    candidate.softmax_cross_entropy(given, target, reduction)
            holds(
                not constant.requires_grad,
                "logits that needed no gradient need one after the call; leave requires_grad as it was.",
                "原本不需要梯度的 logits 在调用之后变成需要梯度了；不要改动 requires_grad。",
            )
        not_reseeded(lambda: candidate.softmax_cross_entropy(*inputs(seed)))


def test_non_contiguous(candidate, reference, seed):
    """Transposed logits and a strided target work
    支持转置的 logits 和带步长的 target"""
    found = []
    for module in (candidate, reference):
        (wide,), (long,) = normal(seed, (7, 10), scale=2.0), integers(seed, 7, (10,))
        arriving = torch.stack([upstreams(seed)[2]] * 2, dim=1)[:, 1], upstreams(seed)[0].expand(5)
        losses = [module.softmax_cross_entropy(wide.t()[::2], long[::2], "none") for _ in arriving]
        found.append([losses[0], *(grad(loss, wide, u) for loss, u in zip(losses, arriving, strict=True))])
    same(*found, [LOSSES[2], GRADIENTS[2], f"{GRADIENTS[2]}, all alike"])


def test_sizes(candidate, reference, seed):
    """Any sizes work, and classes that no sample has
    任何尺寸都可以，也允许有的类别没有样本"""
    for samples, classes in [(4, 4), (9, 3), (1, 7), (6, 1), (1, 1)]:

        def draw(samples=samples, classes=classes):
            (target,) = integers(seed, max(classes - 1, 1), (samples,))
            return inputs(seed, samples, classes)[0], target

        size = f", N={samples}, C={classes}"
        # The losses first: one of the wrong shape would crash on its upstream gradient.
        same(losses(candidate, draw), losses(reference, draw), [name + size for name in LOSSES])
        arriving = upstreams(seed, samples), upstreams(seed, samples)
        mine = gradients(candidate, draw, arriving[0])
        same(mine, gradients(reference, draw, arriving[1]), [name + size for name in GRADIENTS])


def test_float32(candidate, reference, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    mine = losses(candidate, lambda: inputs(seed, dtype=torch.float32))
    mine += gradients(candidate, lambda: inputs(seed, dtype=torch.float32))
    theirs = losses(reference, lambda: inputs(seed, dtype=torch.float32))
    theirs += gradients(reference, lambda: inputs(seed, dtype=torch.float32))
    same(mine, theirs, LOSSES + GRADIENTS)


def test_large_logits_in_float32(candidate, reference, seed):
    """Large logits work in float32, where exp overflows beyond 88
    float32 下大的 logits 也可以（exp 在 88 以上就会上溢）"""
    found = []
    for module in (candidate, reference):
        logits, target = large(seed, [100.0, 0.0, -200.0, 150.0, 9.9e3, -9.9e3], torch.float32)
        loss = module.softmax_cross_entropy(logits, target, "none")
        found.append([loss, grad(loss, logits)])
    # log Σexp − z rounds at the size of z (5e-4 near 10⁴), max-shifted logits do not: both are right.
    same(*found, [LOSSES[2], GRADIENTS[2]], tolerance=(1e-3, 2e-3))


def classifier(module, seed, steps, rate=1.0, batch=64):
    """Trains a linear classifier of digits on all but the last 500: its losses, its accuracy on those."""
    images, labels = digits()
    x, seen = images.flatten(1).to(setting.dtype), len(labels) - 500
    weight, bias = normal(seed, (64, 10), (10,), scale=0.1)
    curve = []
    for step in range(steps):
        rows = torch.arange(step * batch, (step + 1) * batch, device=x.device) % seen
        loss = module.softmax_cross_entropy(x[rows] @ weight + bias, labels[rows])
        curve.append(loss.item())
        weight.grad = bias.grad = None
        loss.backward()
        with torch.no_grad():
            for parameter in (weight, bias):
                parameter -= rate * parameter.grad
    right = (x[seen:] @ weight + bias).argmax(1) == labels[seen:]
    return curve, right.double().mean().item()


@pytest.mark.training
def test_follows(candidate, reference, seed):
    """A linear classifier of handwritten digits learns as with the reference
    手写数字的线性分类器，loss 曲线与参考实现一致"""
    within = 1e-6 if setting.dtype == torch.float64 else 1e-4
    follows(classifier(candidate, seed, 15)[0], classifier(reference, seed, 15)[0], within)


@pytest.mark.training
def test_reaches(candidate, seed):
    """It classifies 85 % of unseen digits correctly
    在没见过的数字上准确率达到 85 %"""
    curve, accuracy = classifier(candidate, seed, 60)
    reaches(accuracy, 0.85, "accuracy", losses=curve)
