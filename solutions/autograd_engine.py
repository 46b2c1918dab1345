"""Reverse-mode automatic differentiation of scalars.

Every value remembers what it was made from, and its derivative by each of them. With ā = ∂y/∂a:

    ȳ = 1,   ā = Σ ∂b/∂a · b̄   over all b that were made from a
"""

import math


class Value:
    def __init__(self, data: float):
        self.data = data
        self.grad = 0.0
        self.parents: list[tuple[Value, float]] = []  # what it was made from, ∂self/∂parent

    def __add__(self, other: "Value | float") -> "Value":
        other = lifted(other)
        return made(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other: "Value | float") -> "Value":
        other = lifted(other)
        return made(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, exponent: float) -> "Value":
        slope = exponent * self.data ** (exponent - 1)
        return made(self.data**exponent, (self, slope))

    def exp(self) -> "Value":
        e = math.exp(self.data)
        return made(e, (self, e))

    def tanh(self) -> "Value":
        t = math.tanh(self.data)
        return made(t, (self, 1 - t**2))

    def relu(self) -> "Value":
        open_ = self.data > 0
        return made(self.data if open_ else 0.0, (self, float(open_)))

    def __neg__(self) -> "Value":
        return self * -1

    def __sub__(self, other: "Value | float") -> "Value":
        return self + -lifted(other)

    def __truediv__(self, other: "Value | float") -> "Value":
        return self * lifted(other) ** -1

    def __radd__(self, other: float) -> "Value":
        return self + other

    def __rmul__(self, other: float) -> "Value":
        return self * other

    def __rsub__(self, other: float) -> "Value":
        return lifted(other) - self

    def __rtruediv__(self, other: float) -> "Value":
        return lifted(other) / self

    def backward(self) -> None:
        order = topological(self)
        adjoint = {value: 0.0 for value in order}  # ∂self/∂value
        adjoint[self] = 1.0
        for value in reversed(order):
            for parent, slope in value.parents:
                adjoint[parent] += slope * adjoint[value]
        for value in order:
            value.grad += adjoint[value]


def lifted(number: Value | float) -> Value:
    return number if isinstance(number, Value) else Value(number)


def made(data: float, *parents: tuple[Value, float]) -> Value:
    value = Value(data)
    value.parents = list(parents)
    return value


def topological(root: Value) -> list[Value]:
    """Everything `root` was made from, parents first. The stack is our own: Python's is too short."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        value, parents_done = stack.pop()
        if parents_done:
            order.append(value)
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            stack += [(parent, False) for parent, _ in value.parents]
    return order
