# mistake: backward frees the graph behind it, so a second call finds nothing.
# bug: works_once
# line: 82
import heapq
import itertools
import math

clock = itertools.count()


class Value:
    __slots__ = ("data", "grad", "inputs", "born")

    def __init__(self, data, inputs=()):
        self.data = data
        self.grad = 0
        self.inputs = inputs
        self.born = next(clock)

    @classmethod
    def of(cls, x):
        return x if type(x) is cls else cls(x)

    def linear(self, slope, offset):
        return Value(slope * self.data + offset, [(self, slope)])

    def __add__(self, other):
        if isinstance(other, (int, float)):
            return self.linear(1, other)
        return Value(self.data + other.data, [(self, 1), (other, 1)])

    def __mul__(self, other):
        if isinstance(other, (int, float)):
            return self.linear(other, 0)
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])

    def __pow__(self, exponent):
        return Value(self.data**exponent, [(self, exponent * math.pow(self.data, exponent - 1))])

    def exp(self):
        return Value(math.exp(self.data), [(self, math.exp(self.data))])

    def tanh(self):
        try:
            slope = 1 / math.cosh(self.data) ** 2
        except OverflowError:
            slope = 0
        return Value(math.tanh(self.data), [(self, slope)])

    def relu(self):
        return self.linear(int(self.data > 0), 0)

    def __neg__(self):
        return self.linear(-1, 0)

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * (other**-1)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return self.linear(-1, other)

    def __rtruediv__(self, other):
        return self**-1 * other

    def backward(self):
        heap, sums = [(-self.born, self)], {self.born: 1.0}
        while heap:
            _, value = heapq.heappop(heap)
            total = sums[value.born]
            value.grad += total
            for source, slope in value.inputs:
                if source.born not in sums:
                    sums[source.born] = 0.0
                    heapq.heappush(heap, (-source.born, source))
                sums[source.born] += slope * total
            value.inputs = ()
