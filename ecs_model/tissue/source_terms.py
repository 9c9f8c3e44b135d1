"""What comes into the tissue and leaves it, ion by ion, with what keeps it neutral."""

from dataclasses import replace
from typing import Any

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.physics.ions import companion_share
from ecs_model.tissue import sources

KINDS = (sources.Load, sources.Exchange, sources.Bath)


class Terms:
    """Loads, exchanges and baths of every ion.

    Args:
        mesh: the mesh.
        concentrations: Ion -> concentration at owned nodes [mM], as they begin.
        neutral: whether what enters must bring no charge.
        species: names of what else diffuses, which has terms of its own.
    """

    def __init__(self, mesh, concentrations, neutral=False, species=()):
        self._species = [*species]
        self._mesh, self._concentrations, self._neutral = mesh, concentrations, neutral
        self._ions = {ion.name: ion for ion in concentrations}
        self._terms: dict[Any, dict[type, list[Any]]] = {}
        for ion in concentrations:
            self._terms[ion] = {kind: [] for kind in KINDS}

    def of(self, ion):
        """Lists of loads, exchanges and baths of an ion."""
        return tuple(self._terms[ion].values())

    def add(self, term, place, ion="K", companion=None):
        """Take up a term of an ion, and what keeps it neutral.

        Args:
            term: a Load, Exchange or Bath of the ion.
            place: what messages call it.
            ion: name of the ion.
            companion: name of the ion that goes with it; the usual one if None.

        Raises:
            ConfigError: on all processes, for an ion that does not move or cannot balance another.
        """
        ion = self._named(ion, place)
        companion = self._companion(companion, ion, place)
        self._put(ion, term)
        if not isinstance(term, sources.Load):
            self._hold_others(term, place, ion, companion)
        elif companion is not None:
            share = companion_share(ion, companion)
            self._put(companion, replace(term, rates=share * term.rates))

    def add_alone(self, term, place, ion):
        """Take up a term of an ion that leaves all others as they are.

        Raises:
            ConfigError: on all processes, for an ion that does not move.
        """
        self._put(self._named(ion, place), term)

    def _hold_others(self, term, place, ion, companion):
        """Let the other ions of a boundary stay as they begin, but for what balances its ion."""
        start = {i: np.copy(c[term.nodes]) for i, c in self._concentrations.items()}
        for other, level in start.items():
            if other is ion:
                continue
            share = companion_share(ion, companion) if other is companion else 0.0
            self._refuse_negative(term, level - share * start[ion], share, place, other)
            self._put(other, replace(term, offset=level - share * start[ion], factor=share))

    def _refuse_negative(self, term, offset, share, place, companion):
        """Raise ConfigError, on all processes, for a bath that leaves less than none of an ion."""
        extremes = share * term.bath.values.min(), share * term.bath.values.max()
        lowest = min(extremes) + offset.min(initial=np.inf)
        lowest = self._mesh.comm.allreduce(float(lowest), MPI.MIN)
        if lowest < 0:
            raise ConfigError(
                f"{place}: {companion.name}, which goes with it, would come to {lowest:.4g} mM; "
                "lower the bath, or name another companion"
            )

    def _put(self, ion, term):
        self._terms[ion][type(term)].append(term)

    def _named(self, name, place):
        if name not in self._ions:
            known = f"tissue.ions ({', '.join(self._ions)})"
            if self._species:
                known += f" or tissue.species ({', '.join(self._species)})"
            raise ConfigError(f"{place}: {name} is not one of {known}")
        return self._ions[name]

    def _companion(self, name, ion, place):
        """The ion that goes with another; None for what is neutral or moves alone."""
        if name is not None:
            companion = self._named(name, f"{place}: companion")
            if companion is ion or not companion.valence:
                raise ConfigError(f"{place}: companion: {companion.name} cannot balance {ion.name}")
            if not ion.valence:
                raise ConfigError(
                    f"{place}: companion: has no effect, as {ion.name} has no charge; leave it out"
                )
            return companion
        usual = self._ions.get("Cl" if ion.name != "Cl" else "Na") if ion.valence else None
        if self._neutral and ion.valence and usual is None:
            others = ", ".join(i.name for i in self._ions.values() if i is not ion and i.valence)
            raise ConfigError(
                f"{place}: {ion.name} alone would leave charge behind in electrodiffusion; name "
                f"the ion that keeps it neutral: companion = one of {others}"
            )
        return usual
