"""The step of a membrane written in explicit vectors, from the recording of its formulas.

Values that do not differ between nodes are numbers: those that do not depend on the step are
computed once a call, `u` in C, the others once a step. All else is vectors: in `rate_v` what the
stages need, in `state_v` the new state, and sums that are marked to be in double.
"""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from ecs_model.membrane.expressions import Symbol, as_c
from ecs_model.membrane.precision import EXACT, STAGE
from ecs_model.membrane.slices import Slice, Values
from ecs_model.membrane.ufuncs import ARITHMETIC, CHOICES, COMPARISONS, CONDITIONS, TEXTS

_JOINED = {"&&": "&", "||": "|"}
_C_NAMES = {"fabs": "abs"}


@dataclass(frozen=True)
class Writer:
    """Writes operations on vectors of a kind.

    Attributes:
        kind: `rate` or `state`.
        values: the Values.
        vectors: what comes before the names of vectors.
        numbers: what comes before the names of numbers.
        calls: takes the pairs of kind and function that were written.
    """

    kind: str
    values: Values
    vectors: str
    numbers: str
    calls: set[tuple[str, str]]

    def line(self, symbol: Symbol) -> str:
        """The declaration of a symbol."""
        return f"const {self.kind}_v {self.vectors}{symbol.name} = {self._operation(symbol)};"

    def name(self, x: Any) -> str:
        """A value as an operand; numbers are not vectors."""
        if not isinstance(x, Symbol):
            return f"({self.kind}_s){as_c(x)}"
        if not self.values.differs(x):
            return f"{self.numbers}{x.name}"
        return f"{self.vectors}{x.name}"

    def vector(self, x: Any) -> str:
        """A value as a vector."""
        differs = isinstance(x, Symbol) and self.values.differs(x)
        return self.name(x) if differs else f"{self.kind}_set({self.name(x)})"

    def _operation(self, symbol):
        function, arguments = symbol.operation
        if isinstance(function, str):  # a mark
            return self.name(arguments[0])
        if function is np.where:
            return self._pick(*arguments)
        if function in CHOICES:
            return self._of_vectors(function, arguments)
        if function is np.divide:
            return self._quotient(*arguments)
        if function in ARITHMETIC:
            return TEXTS[function].format(*map(self.name, arguments))
        name = TEXTS[function].partition("(")[0]
        return self._call(_C_NAMES.get(name, name), arguments[0])

    def _quotient(self, a, b):
        inverse = self._call("reciprocal", b)
        return inverse if isinstance(a, Real) and a == 1 else f"{self.name(a)} * {inverse}"

    def _call(self, name, x):
        self.calls.add((self.kind, name))
        return f"{self.kind}_{name}({self.vector(x)})"

    def _pick(self, condition, yes, no):
        yes, no = self.vector(yes), self.vector(no)
        if not self.values.differs(condition):
            return f"{self._condition(condition)} ? {yes} : {no}"
        return f"{self.kind}_pick({self._condition(condition)}, {yes}, {no})"

    def _condition(self, x):
        """A condition: a vector of truth if it differs between nodes."""
        if not isinstance(x, Symbol):
            return str(int(x))
        function, arguments = x.operation
        if function in COMPARISONS and self.values.differs(x):
            return self._of_vectors(function, arguments)
        text = CONDITIONS[function][0]
        if function is np.logical_not:
            inner = self._condition(arguments[0])
            return f"NOT({inner})" if self.values.differs(x) else f"!{inner}"
        joint = next((c for c in _JOINED if c in text), None)
        if joint is None:
            return text.format(*map(self.name, arguments))
        if not self.values.differs(x):
            return text.format(*map(self._condition, arguments))
        parts = map(self._truth, arguments)
        return text.replace(joint, _JOINED[joint]).format(*parts)

    def _of_vectors(self, function, arguments):
        """A function of vectors that is called as in NumPy."""
        return f"{self.kind}_{function.__name__}({', '.join(map(self.vector, arguments))})"

    def _truth(self, x):
        text = self._condition(x)
        return text if self.values.differs(x) else f"-{text}"


@dataclass(frozen=True)
class VectorStep:
    """Parts of the C of a step, each a list of lines.

    Attributes:
        members: of the numbers of a call.
        prepare: computes these.
        of_step: numbers of a step.
        stage: rates, Jacobian and increments of the nodes of a `rate_v`.
        update: the new state of the nodes of a `state_v`.
        increments: how many values of each node the stages hand to the update.
        calls: kinds and functions that are called.
    """

    members: list[str]
    prepare: list[str]
    of_step: list[str]
    stage: list[str]
    update: list[str]
    increments: int
    calls: set[tuple[str, str]]


class StepWriter:
    """Writes a step in vectors.

    Args:
        recording: of the formulas of the step.
        values: what differs between nodes and steps.
        y: symbols of the state.
        new: the new state.
        error: its error.
        scales: for each state, the absolute size of an error that counts like its tolerance.
        positive: for each state, whether it must not be negative.
    """

    def __init__(self, recording, values: Values, y, new, error, scales, positive):
        self.recording, self.values, self.places = recording, values, {}
        self.places = {s.name: j for j, s in enumerate(y)}
        self._ends = zip(y, new, error, scales, positive, strict=True)
        self.calls: set[tuple[str, str]] = set()
        self.rate = Writer("rate", values, "", "r_", self.calls)
        self.state = Writer("state", values, "d_", "", self.calls)
        self.update, self.stage = Slice(values, STAGE), Slice(values, EXACT)
        self.sums: dict[str, Slice] = {}  # what each sum in double needs
        self.update.add(new)
        self.stage.add([*error, *y, *self.update.ends.values()])
        self._add_sums()

    def _add_sums(self):
        """Find what the sums in double need, and what that needs of the stages."""
        while missing := [s for n, s in self.stage.ends.items() if n not in self.sums]:
            for symbol in missing:
                found = self.sums[symbol.name] = Slice(self.values, STAGE)
                found.add(symbol.operation[1])
                self.stage.add(found.ends.values())

    def written(self) -> VectorStep:
        """The parts of the step."""
        stage, update = self._stage(), self._update()
        for y, new, error, scale, positive in self._ends:
            stage += self._error(y, error, scale)
            update += self._store(self.places[y.name], new, positive)
        members, prepare, of_step = self._numbers()
        increments = len(self.update.ends)
        return VectorStep(members, prepare, of_step, stage, update, increments, self.calls)

    def _stage(self):
        lines = [self._load(s) for s in self.stage.loads()]
        for s in self.recording.symbols:
            if s.name in self.stage.ends:
                lines += self._in_double(s)
            elif s.name in self.stage.own:
                lines.append(self.rate.line(s))
        ends = enumerate(self.update.ends)
        return lines + [f"*(rate_v *)&x[{k}][i] = {name};" for k, name in ends]

    def _load(self, symbol):
        name = symbol.name
        place = f"y[{self.places[name]}]" if name in self.places else f"r_{name}"
        return f"const rate_v {name} = *(const rate_v *)&{place}[i];"

    def _error(self, y, error, scale):
        size = f"rate_abs({self.rate.vector(error)})"
        weight = f"(rate_s){float(scale)!r} + rate_abs({y.name})"
        return [
            f"{{ const rate_v e = {size} * rate_reciprocal({weight});",
            "  worst = rate_maximum(worst, e); all = all + e; }",
        ]

    def _in_double(self, symbol):
        """Lines of the stage for a sum in double, which take the nodes in parts."""
        found, name = self.sums[symbol.name], symbol.name
        ends = [*found.ends]
        yield f"rate_v {name}, of_{name}[{len(ends) + 1}];"
        yield from (f"of_{name}[{k}] = {end};" for k, end in enumerate(ends))
        yield "for (int k = 0; k < rate_lanes; k += state_lanes) {"
        yield from self._widened(ends, f"((const rate_s *)&of_{name}[{{}}] + k)")
        yield from self._doubles(found, "i + k")
        yield f"  narrow((rate_s *)&{name} + k, {self.state.vector(symbol.operation[1][0])}); }}"

    def _widened(self, ends, place):
        return [f"const state_v d_{s} = wide({place.format(k)});" for k, s in enumerate(ends)]

    def _doubles(self, found, at):
        """Lines that compute a slice in double, of the nodes that begin `at` some place."""
        for name in (s.name for s in found.loads()):
            place = f"w[{self.places[name]}]" if name in self.places else f"v_{name}"
            yield f"const state_v d_{name} = *(const state_v *)&{place}[{at}];"
        yield from (self.state.line(s) for s in found.ordered(self.recording))

    def _update(self):
        return [*self._widened(self.update.ends, "&x[{}][i]"), *self._doubles(self.update, "i")]

    def _store(self, j, new, positive):
        lowest = "lowest = state_minimum(now, lowest); " if positive else ""
        value = self.state.vector(new)
        return [f"{{ const state_v now = {value}; {lowest}*(state_v *)&made[{j}][i] = now; }}"]

    def _numbers(self):
        """Members and computation of the numbers of a call; numbers of a step."""
        rates = self.stage.numbers
        doubles = {n for part in (self.update, *self.sums.values()) for n in part.numbers}
        order = self._needed(
            {**rates, **{n: s for p in self._parts() for n, s in p.numbers.items()}}
        )
        late = [x for x in order if self.values.moves(x)]
        doubles |= {a.name for x in late for a in x.variables}
        once = [x for x in order if not self.values.moves(x)]
        members = [f"double {x.name};" for x in once if x.name in doubles]
        members += [f"rate_s r_{x.name};" for x in once if x.name in rates]
        texts = dict(
            zip((s.name for s in self.recording.symbols), self.recording.lines, strict=True)
        )
        prepare = [texts[x.name] for x in once if x.name in texts]
        prepare += [f"u.{x.name} = {x.name};" for x in once if x.name in doubles]
        prepare += [f"u.r_{x.name} = (rate_s){x.name};" for x in once if x.name in rates]
        of_step = [f"const double {x.name} = u->{x.name};" for x in once if x.name in doubles]
        of_step += [f"const rate_s r_{x.name} = u->r_{x.name};" for x in once if x.name in rates]
        of_step += [texts[x.name] for x in late if x.name in texts]
        of_step += [f"const rate_s r_{x.name} = (rate_s){x.name};" for x in late if x.name in rates]
        return members, prepare, of_step

    def _parts(self):
        return [self.stage, self.update, *self.sums.values()]

    def _needed(self, symbols):
        """Some numbers and all that they need, variables first, in order."""
        known, todo = {}, [*symbols.values()]
        while todo:
            x = todo.pop()
            if x.name not in known:
                known[x.name] = x
                todo += x.variables
        bare = [x for x in known.values() if x.operation is None]
        return [*bare, *(s for s in self.recording.symbols if s.name in known)]
