# mistake: The derivative of a power is computed as n · xⁿ / x, which divides by zero at x = 0.
# bug: power_slope_over_x
# line: 50
import math


class Value:
    def __init__(self, data: float):
        self.data = data
        self.grad = 0.0
        self.parents = ()
        self.pull = None

    def __add__(self, other: "Value | float") -> "Value":
        other = lift(other)
        return node(self.data + other.data, (self, other), lambda g: (g, g))

    def __radd__(self, other: float) -> "Value":
        return lift(other) + self

    def __mul__(self, other: "Value | float") -> "Value":
        other = lift(other)
        a, b = self.data, other.data
        return node(a * b, (self, other), lambda g: (g * b, g * a))

    def __rmul__(self, other: float) -> "Value":
        return lift(other) * self

    def __neg__(self) -> "Value":
        return node(-self.data, (self,), lambda g: (-g,))

    def __sub__(self, other: "Value | float") -> "Value":
        other = lift(other)
        return node(self.data - other.data, (self, other), lambda g: (g, -g))

    def __rsub__(self, other: float) -> "Value":
        return lift(other) - self

    def __truediv__(self, other: "Value | float") -> "Value":
        other = lift(other)
        a, b = self.data, other.data
        return node(a / b, (self, other), lambda g: (g / b, -g * a / (b * b)))

    def __rtruediv__(self, other: float) -> "Value":
        return lift(other) / self

    def __pow__(self, exponent: float) -> "Value":
        x = self.data
        y = x**exponent
        return node(y, (self,), lambda g: (g * exponent * y / x,))

    def exp(self) -> "Value":
        y = math.exp(self.data)
        return node(y, (self,), lambda g: (g * y,))

    def tanh(self) -> "Value":
        y = math.tanh(self.data)
        return node(y, (self,), lambda g: (g * (1 - y * y),))

    def relu(self) -> "Value":
        positive = self.data > 0
        return node(self.data if positive else 0.0, (self,), lambda g: (g if positive else 0.0,))

    def backward(self) -> None:
        waiting = {}
        nodes = {id(self): self}
        todo = [self]
        while todo:
            for p in todo.pop().parents:
                waiting[id(p)] = waiting.get(id(p), 0) + 1
                if id(p) not in nodes:
                    nodes[id(p)] = p
                    todo.append(p)
        upstream = {id(self): 1.0}
        ready = [self]
        while ready:
            n = ready.pop()
            g = upstream[id(n)]
            n.grad += g
            if n.pull is None:
                continue
            for p, part in zip(n.parents, n.pull(g)):
                upstream[id(p)] = upstream.get(id(p), 0.0) + part
                waiting[id(p)] -= 1
                if waiting[id(p)] == 0:
                    ready.append(p)


def lift(x) -> Value:
    return x if isinstance(x, Value) else Value(x)


def node(data, parents, pull) -> Value:
    out = Value(data)
    out.parents = parents
    out.pull = pull
    return out
