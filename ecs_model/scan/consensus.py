"""The same tissue in several membrane models and sets of numbers: do they agree on a verdict?"""

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from ecs_model.config.types import Name, Strict
from ecs_model.scan.designs import Verdict
from ecs_model.scan.points import Point, combined

MEMBER = "member"  # heads their column
BAND = 0.9  # share of the borders that a band holds


class Member(Strict):
    """One of the models and sets of numbers that are compared."""

    name: Name = Field(description="in tables and pictures")
    set: dict[str, Any] = Field(
        {}, description='changes to the run: "membrane.model" = "wei_ullah_schiff"'
    )


class Consensus(Strict):
    """The same points in several membrane models: a border each, and the band of 90 % of them."""

    margin: Verdict = Field("seizure", description="the verdict whose border is compared")
    member: list[Member] = Field(
        min_length=2, max_length=50, description="models and sets of numbers"
    )

    @model_validator(mode="after")
    def _named_apart(self):
        names = [m.name for m in self.member]
        if twice := {n for n in names if names.count(n) > 1}:
            raise ValueError(f"member: two are named {twice.pop()!r}; each once is right")
        return self


def in_every_member(consensus: Consensus | None, found: list[Point]) -> list[Point]:
    """The Points in every member, or as they are where none are compared."""
    if consensus is None:
        return found
    members = [Point(m.set, {MEMBER: m.name}) for m in consensus.member]
    return [combined([member, point]) for member in members for point in found]


def agreement(consensus: Consensus, frame, labels: list[str]) -> tuple[dict[str, Any], Any]:
    """What a report says of a consensus, and a table: a row per place with the margin of each.

    Args:
        consensus: the Consensus.
        frame: the table of the scan, one row per point.
        labels: of the columns of its axes.

    Returns:
        `members`: name -> share of the places with the verdict yes; `yes`, `no`: shares of the
        places where 95 % of the members say so; `band`: the share between, which holds 90 % of
        their borders; the table has `share`, that of the members with yes. Places where a member
        has no margin are left out.
    """
    column = f"{consensus.margin}.margin"
    rows = frame[frame["run"] == "finished"].dropna(subset=[column] if column in frame else [])
    names = [m.name for m in consensus.member]
    if column not in frame:
        return {"margin": consensus.margin, "places": 0}, rows[labels].head(0)
    places = rows.pivot_table(index=labels, columns=MEMBER, values=column)
    places = places.reindex(columns=names).dropna()
    yes = places.to_numpy() >= 0
    share = yes.mean(axis=1) if len(places) else np.empty(0)
    edge = (1 - BAND) / 2
    parts = {"yes": share >= 1 - edge, "no": share <= edge}
    report: dict[str, Any] = {"margin": consensus.margin, "places": len(share)}
    if len(share):
        report["members"] = dict(zip(names, yes.mean(axis=0).tolist(), strict=True))
        report |= {name: float(where.mean()) for name, where in parts.items()}
        report["band"] = 1 - report["yes"] - report["no"]
    return report, places.assign(share=share).reset_index()
