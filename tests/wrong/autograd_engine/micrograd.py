# mistake: The gradients in between are passed on from .grad itself, so a second backward passes on the first one's as well; and the topological sort is recursive.
# bug: old_grads_passed_on
# line: 106
import math


class Value:
    def __init__(self, data):
        self.data = float(data)
        self.grad = 0.0
        self._prev = ()
        self._backward = lambda: None

    def _out(self, data, prev, backward=None):
        out = Value(data)
        out._prev = prev
        if backward:
            out._backward = lambda: backward(out)
        return out

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)

        def backward(out):
            self.grad += out.grad
            other.grad += out.grad

        return self._out(self.data + other.data, (self, other), backward)

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        a, b = self.data, other.data

        def backward(out):
            self.grad += b * out.grad
            other.grad += a * out.grad

        return self._out(a * b, (self, other), backward)

    def __pow__(self, exponent):
        slope = exponent * self.data ** (exponent - 1)

        def backward(out):
            self.grad += slope * out.grad

        return self._out(self.data**exponent, (self,), backward)

    def exp(self):
        e = math.exp(self.data)

        def backward(out):
            self.grad += e * out.grad

        return self._out(e, (self,), backward)

    def tanh(self):
        t = math.tanh(self.data)

        def backward(out):
            self.grad += (1 - t * t) * out.grad

        return self._out(t, (self,), backward)

    def relu(self):
        on = self.data > 0

        def backward(out):
            self.grad += on * out.grad

        return self._out(self.data * on if on else 0.0, (self,), backward)

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * (other if isinstance(other, Value) else Value(other)) ** -1

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self**-1 * other

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()
