"""What the JSON files of a run or a scan must hold, so that nobody who uses it has to doubt it.

Further keys may be there, as other versions of the program write them.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

NUMBER = float | None  # null stands for nan


class Loose(BaseModel):
    """What must be there; more may be."""

    model_config = ConfigDict(extra="allow", strict=True)


class MeshFacts(Loose):
    """Size of a mesh."""

    nodes: int
    cells: int
    fingerprint: str = ""


class Facts(Loose):
    """run.json."""

    format: int = 1
    ended: str | None = None
    reason: str | None = None
    time: NUMBER = None
    base: str | None = None
    made: str | None = None
    ecs_model: str = "unknown"
    pid: int | None = None
    hosts: list[str] = []
    versions: dict[str, str] = {}
    mesh: MeshFacts | None = None
    meanings: dict[str, str] = {}


class VerdictFacts(Loose):
    """A verdict."""

    verdict: bool
    margin: NUMBER
    reached_mM: NUMBER = None
    threshold_mM: NUMBER = None
    time_s: NUMBER = None


class SeizureFacts(VerdictFacts):
    """The verdict on seizures."""

    share: NUMBER
    onset_s: NUMBER
    duration_s: NUMBER
    seizures: NUMBER
    bursts: NUMBER
    recruitment_mm_per_min: NUMBER


class FrontFacts(Loose):
    """A front along a line."""

    speed_mm_per_min: NUMBER
    width_um: NUMBER


class IonBalance(Loose):
    """The balance of an ion."""

    ecs_start: NUMBER
    ecs_end: NUMBER
    given: dict[str, NUMBER]
    relative_error: NUMBER
    cells_start: NUMBER = None
    cells_end: NUMBER = None


class BalanceFacts(IonBalance):
    """The balance of a run."""

    unit: str
    ions: dict[str, IonBalance] = {}


class ThresholdFacts(Loose):
    """What a search for a threshold found."""

    value: NUMBER
    low: NUMBER
    high: NUMBER
    state: str
    trials: int = 0
    unit: str = ""


class UnresolvedFacts(Loose):
    """A source that needs smaller cells."""

    name: str
    change_mM: NUMBER
    cell_um: NUMBER


class CorrectionFacts(Loose):
    """What was done to keep an ion within its range."""

    steps: int
    moved: NUMBER
    largest_mM: NUMBER


class Outcome(Loose):
    """summary.json, of this version or of one from before seizures were judged by firing."""

    @staticmethod
    def as_now(content: Any) -> Any:
        """The content with the names of now: before 0.2, a level of K+ was called `seizure`."""
        is_old = isinstance(content, dict) and "seizure" in content and "load" not in content
        if not is_old:
            return content
        others = {name: value for name, value in content.items() if name != "seizure"}
        return {"load": content["seizure"], **others}


class SummaryFacts(Outcome):
    """summary.json."""

    time: NUMBER
    regime: str | None = None
    regimes: dict[str, NUMBER] = {}
    load: VerdictFacts
    seizure: SeizureFacts | None = None
    sd: VerdictFacts
    ignited: VerdictFacts
    recruited: NUMBER
    duration_s: NUMBER
    recruited_K_o: NUMBER = None
    max_K_o: NUMBER
    end_K_o: NUMBER
    fronts: dict[str, FrontFacts]
    cells_per_front: NUMBER
    balance: BalanceFacts
    energy: dict[str, NUMBER] = {}
    bias: str = ""
    images: dict[str, str] = {}
    assumptions: list[str] = []
    steps: int
    rejected_steps: int
    corrections: dict[str, CorrectionFacts] = {}
    two_rates: dict[str, float] = {}
    unresolved: list[UnresolvedFacts] = []
    processes: int
    peak_memory_bytes: float
    seconds: dict[str, float]
    threshold: ThresholdFacts | None = None


class PartFacts(Loose):
    """A part of a profile."""

    part: str
    seconds: dict[str, float]


class ProfileFacts(Loose):
    """profile.json."""

    parts: list[PartFacts] = []


class StatusFacts(Loose):
    """status.json of a point of a scan."""

    state: str = "waiting"
    reason: str = ""
    attempts: int = 0
    pid: int | None = None
    host: str | None = None


class PointFacts(Loose):
    """A point of a scan."""

    settings: dict[str, Any]
    labels: dict[str, int | float | str]


class SetupFacts(Loose):
    """setup.json of a scan."""

    version: str
    run: Any
    design: Any
    format: int = 1
    title: str = ""
    scan: dict[str, Any] = {}
    base: dict[str, Any] = {}
    folder: str = "."
    name: str = ""
    made: str = ""
    trusted: bool = False


class MarginFacts(Loose):
    """What a scan needs of a verdict."""

    margin: NUMBER = None


class OutcomeFacts(Outcome):
    """summary.json of a point of a scan."""

    regime: str | None = None
    load: MarginFacts | None = None
    seizure: MarginFacts | None = None
    sd: MarginFacts | None = None
    ignited: MarginFacts | None = None
    max_K_o: NUMBER = None
    seconds: dict[str, float] = {}
    processes: int = 1
    threshold: ThresholdFacts | None = None


class IndexFacts(Loose):
    """Sobol indices of an outcome, or why there are none."""

    missing: str | None = None
    parameters: dict[str, dict[str, NUMBER]] = {}
    pairs: dict[str, dict[str, NUMBER]] | None = None
    caution: str | None = None


class BorderFacts(Loose):
    """A border that an adaptive scan found."""

    margin: str
    yes: float
    uncertain: float
    misclassified: float


class ReportFacts(Loose):
    """report.json of a scan."""

    points: int = 0
    failed: int = 0
    finished: int = 0
    border: BorderFacts | None = None
    sobol: dict[str, IndexFacts] = {}
    consensus: dict[str, Any] | None = None


class FitFacts(Loose):
    """What `ecs-model fit-diffusion` leaves of a curve."""

    alpha: float
    tortuosity: float
    curve: str
    decided: bool = False
    complaints: list[str] = []


class CellFacts(Loose):
    """summary.json of a single-cell job."""

    title: str
    members: list[dict[str, Any]] = []
    meanings: dict[str, str] = {}


class ExportFacts(Loose):
    """about.json of an export."""

    written: list[str] = []
