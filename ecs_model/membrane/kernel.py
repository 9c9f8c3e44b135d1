"""The C source of a membrane: its step and its observables at every node, in blocks.

Blocks of nodes share a sub-step, so that the innermost loop runs over nodes and fills the vector
registers while a spiking node costs only its block. Within a block, ROS2 steps with error control
or a fixed number of them carry the nodes through the macro step; a block never waits for another.
"""

import functools
import re

from ecs_model.membrane.c_firing import FIRING
from ecs_model.membrane.c_templates import MATH, SOURCE, VALUES
from ecs_model.membrane.derivation import closes_charge
from ecs_model.membrane.expressions import Recording, Symbol, as_c
from ecs_model.membrane.instants import instants
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.precision import DOUBLE, MIXED
from ecs_model.membrane.rosenbrock import ros2
from ecs_model.membrane.slices import CLOCK, Values, suffices
from ecs_model.membrane.vector_code import StepWriter
from ecs_model.membrane.vector_math import vector_math

BLOCK = 32
LITTLE = 60  # lines of a stage that take as long in double
SHORT = 1700  # lines of a stage: two vectors at once fill each other's gaps; longer code is slow
VECTOR_MATH = ("exp", "log", "expm1", "log1p", "sin", "cos", "tanh")  # in glibc's libmvec


def step_source(model, parameters, surroundings, scales, precision=DOUBLE):
    """C source of step and observables of a membrane model.

    Args:
        model: the membrane model.
        parameters: record of numbers or arrays; only which of the two matters here.
        surroundings: likewise.
        scales: for each state, the absolute size of an error that counts like its tolerance.
        precision: of the stages, `mixed` or `double`; models that need double get it.
    """
    recording = Recording()
    y, p, env = symbols(recording, model.State(), parameters, surroundings)
    new, error = model.step(ros2, y, p, env, Symbol(recording, "dt"))
    inputs = list(zip((*p, *env), _is_field(parameters, surroundings), strict=True))
    fields = [s.name for s, is_field in inputs if is_field]
    nodal = [*(s.name for s in y), *fields]
    positive = [q.low == 0.0 for q in model.State.quantities.values()]
    values = Values(recording, nodal, (CLOCK, "dt"))
    step = StepWriter(recording, values, y, new, error, scales, positive).written()
    timed = any(CLOCK in line for line in recording.needed(*map(as_c, (*new, *error))))
    edges = Recording()
    of_edges = symbols(edges, model.State(), parameters, surroundings)
    reaching, limits = instants(model, edges, *of_edges) if timed else ([], [])
    looking = Recording()
    seen = observed(model, *symbols(looking, model.State(), parameters, surroundings))
    show = [f"seen[{j}][i] = {as_c(x)};" for j, x in enumerate(seen)]
    rating = Recording()
    firing = _rate(model, rating, *symbols(rating, model.State(), parameters, surroundings))
    is_mixed = precision == MIXED and len(step.stage) > LITTLE
    return SOURCE.format(
        mixed=int(is_mixed and _may_be_single(model, recording, nodal)),
        **_of_vectors(step),
        **_rates_of(fields),
        math=MATH.format(declarations=_declarations(recording, edges, looking, rating)),
        noting=FIRING,
        block=BLOCK,
        states=len(y),
        seen=len(seen),
        spikes=int(model.spikes),
        potential=y._fields.index("V") if model.spikes else 0,
        rates=int(bool(model.rate)),
        firing="\n    ".join(firing),
        timed=int(timed),
        clock=f"in[{[s.name for s, _ in inputs].index(CLOCK)}][0]",
        nodal="\n    ".join(_nodal(fields)),
        reaching="\n    ".join(reaching),
        limits="\n    ".join(limits),
        looking="\n    ".join(looking.needed(*show)),
        show="\n    ".join(show),
        load="\n    ".join(_loads(y, fields)),
        arguments=_arguments(inputs),
        **_inputs(inputs, CLOCK),
    )


def statements(text):
    """How many statements a sub-step of a block has, in a C source of `step_source`."""
    return text.count(";", text.index("INLINE void step("), text.index("static double reach("))


def _arguments(inputs):
    """Declarations of all inputs of a function but the time: fields, and numbers."""
    return "".join(
        f", const double *restrict v_{s.name}" if is_field else f", const double {s.name}"
        for s, is_field in inputs
        if s.name != CLOCK
    )


def _of_vectors(step):
    """The parts that a step in vectors consists of."""
    return {
        "vectors": vector_math(step.calls),
        "members": " ".join(step.members) or "char none;",
        "prepare": "\n  ".join(step.prepare),
        "of_step": "\n  ".join(step.of_step),
        "stage": "\n    ".join(step.stage),
        "update": "\n    ".join(step.update),
        "increments": step.increments,
        "two": _unrolled(step, 2),
        "four": _unrolled(step, 4),
    }


def _unrolled(step, times):
    return f'_Pragma("GCC unroll {times}")' if len(step.stage) <= SHORT else ""


def _may_be_single(model, recording, nodal):
    """Whether the rates of a model may be single: where fluxes, rounded or not, keep what is kept.

    They keep ions as they take here what they bring there. Where volumes move, rounding would make
    charge of what is electroneutral unless one ion follows from the others.
    """
    dilutes = model.parts is not None and model.parts.volumes.moves
    closed = model.parts is not None and closes_charge(model.parts)
    keeps_charge = model.volumes is None or not model.electroneutral or closed
    keeps_ions = model.fluxes is not None or model.contents is None or dilutes
    return model.single and keeps_charge and keeps_ions and suffices(recording, nodal)


def depends_on_time(model):
    """Whether the rates of a model depend on time."""
    return depends_on(model, "time", observables=False)


def depends_on(model, name, observables=True):
    """Whether the rates of a model, or what it shows, depend on one of its surroundings.

    Args:
        model: the membrane model.
        name: of the quantity in `Surroundings`.
        observables: whether what the model shows counts too.
    """
    return name in _known(model, bool(observables))


@functools.lru_cache(maxsize=8)
def _known(model, observables):
    """The quantities in `Surroundings` that rates, and what is shown if wanted, depend on."""
    recording = Recording()
    records = symbols(recording, model.State(), model.Parameters(), Surroundings())
    model.rhs(*records)
    for _, law in model.observables.values() if observables else ():
        law(*records)
    text = "\n".join(recording.lines)
    return {name for name in Surroundings._fields if re.search(rf"\benv_{name}\b", text)}


def values_source(function, State, parameters, surroundings):
    """C source of `ecs_values`: what a formula gives at every node.

    Args:
        function: function (state, parameters, surroundings) -> sequence of values.
        State: record type of the state.
        parameters: record of numbers or arrays; only which of the two matters here.
        surroundings: likewise.
    """
    recording = Recording()
    y, p, env = symbols(recording, State(), parameters, surroundings)
    values = function(y, p, env)
    inputs = list(zip((*p, *env), _is_field(parameters, surroundings), strict=True))
    fields = [(f"in[{j}]", s.name) for j, (s, is_field) in enumerate(inputs) if is_field]
    fields += [(f"y[{j}]", s.name) for j, s in enumerate(y)]
    results = [(f"out[{j}]", f"out{j}") for j in range(len(values))]
    return VALUES.format(
        math=MATH.format(declarations=_declarations(recording)),
        columns="\n  ".join(
            [
                *(f"const double *restrict v_{name} = {place};" for place, name in fields),
                *(f"double *restrict {name} = {place};" for place, name in results),
                _inputs(inputs)["uniform"],
            ]
        ),
        load="\n    ".join(f"const double {name} = v_{name}[i];" for _, name in fields),
        lines="\n    ".join(recording.lines),
        store="\n    ".join(f"out{j}[i] = {as_c(v)};" for j, v in enumerate(values)),
    )


def symbols(recording, *records):
    """State, parameters and surroundings as records of symbols."""
    return [
        type(record)(*(recording.named(f"{prefix}_{name}") for name in record._fields))
        for prefix, record in zip(("y", "p", "env"), records, strict=True)
    ]


def observed(model, y, p, env):
    """The observables of a model, in its order."""
    return [function(y, p, env) for _, function in model.observables.values()]


def _rate(model, recording, y, p, env):
    """Lines that store the firing rate of a population; none for other models."""
    if not model.rate:
        return []
    _, law = model.observables[model.unrectified or model.rate]
    store = f"rates[i] = {as_c(law(y, p, env))};"
    return [*recording.needed(store), store]


def _is_field(*records):
    return [getattr(value, "ndim", 0) > 0 for record in records for value in record]


def _declarations(*recordings):
    called = {name for recording in recordings for name in recording.functions()}
    return "\n".join(
        f'extern double {name}(double) __attribute__((simd("notinbranch"), const));'
        for name in VECTOR_MATH
        if name in called
    )


def _loads(y, fields):
    return [f"const double {s.name} = w[{j}][i];" for j, s in enumerate(y)] + _nodal(fields)


def _nodal(fields):
    return [f"const double {name} = v_{name}[i];" for name in fields]


def _inputs(inputs, without=""):
    """The parts of `advance` that bring parameters to a block: numbers once, fields by block."""
    numbered = [(j, s, is_field) for j, (s, is_field) in enumerate(inputs) if s.name != without]
    fields = [(j, s.name) for j, s, is_field in numbered if is_field]
    numbers = [(j, s.name) for j, s, is_field in numbered if not is_field]
    return {
        "fields": "\n  ".join(f"double v_{name}[BLOCK] ALIGNED;" for _, name in fields),
        "uniform": "\n  ".join(f"const double {name} = in[{j}][0];" for j, name in numbers),
        "gather": "\n    ".join(
            f"memcpy(v_{name}, in[{j}] + start, count * sizeof(double));"
            f" for (long i = count; i < BLOCK; ++i) v_{name}[i] = v_{name}[0];"
            for j, name in fields
        ),
        "pass": "".join(f", {'v_' if is_field else ''}{s.name}" for _, s, is_field in numbered),
    }


def _rates_of(fields):
    """The parts that bring fields to a step: as they are, and in the precision of its stages."""
    arguments = [f", const double *restrict v_{n}, const rate_s *restrict r_{n}" for n in fields]
    gather = [f"for (int i = 0; i < BLOCK; ++i) r_{n}[i] = (rate_s)v_{n}[i];" for n in fields]
    return {
        "fields_of_step": "".join(arguments),
        "pass_fields": "".join(f", v_{n}, r_{n}" for n in fields),
        "rate_fields": "\n  ".join(f"rate_s r_{n}[BLOCK] ALIGNED;" for n in fields),
        "gather_rates": "\n    ".join(gather),
    }
