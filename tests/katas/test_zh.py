"""Grades katas/zh.py."""

from dlkata.suite import gradients, normal, same


def inputs(seed):
    return normal(seed, (3, 5, 4))  # TODO all sizes differ


def test_output(candidate, reference, seed):
    """TODO The output is right
    TODO 输出正确"""
    same(candidate.zh(*inputs(seed)), reference.zh(*inputs(seed)))


def test_gradients(candidate, reference, seed):
    """The gradient of x is right
    x 的梯度正确"""
    mine, theirs = inputs(seed), inputs(seed)
    same(gradients(candidate.zh(*mine), mine), gradients(reference.zh(*theirs), theirs), ["∂L/∂x"])
