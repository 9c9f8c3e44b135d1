"""Points as a list of commands, and a job array of them, for schedulers that no driver knows.

A list has a folder of its own in `jobs/` of the scan and never changes, so that jobs that wait in a
queue find what they were submitted for. It is one script for all schedulers: each reads the lines
that begin as it likes, and tells the number of the job in a variable of its own.
"""

import shlex
import sys

from ecs_model.files import atomic, foreign, schemas
from ecs_model.scan.batch import BATCHES
from ecs_model.scan.points import Point

COMMANDS, ARRAY = "commands.txt", "array.sh"
SCRIPT = """\
#!/bin/bash
# Jobs 1 to {count} of a scan, each a batch of points; the last line is what a job does. Submit with
#   PBS    qsub {script}
#   LSF    bsub < {script}
#   SGE    qsub {script}
#   Slurm  sbatch {script}
#   Flux   flux submit --cc=1-{count} -n {processes} -t {seconds}s {script}
# and, when all are over: ecs-model scan collect {scan}
# What a site wants further, such as a queue or modules, is to be added here.
#PBS -N {name}
{pbs_array}#PBS -l select=1:ncpus={processes}:mpiprocs={processes}
#PBS -l walltime={clock}
#PBS -j oe
#PBS -o {folder}
#BSUB -J {name}[1-{count}]
#BSUB -n {processes}
#BSUB -W {minutes}
#BSUB -o {folder}/%I.log
#$ -N {name}
#$ -t 1-{count}
#$ -S /bin/bash
#$ -l h_rt={seconds}
#$ -j y
#$ -o {folder}
{sge_slots}#SBATCH --job-name={name}
#SBATCH --array=1-{count}
#SBATCH --ntasks={processes}
#SBATCH --time={minutes}
#SBATCH --output={folder}/%a.log
case ${{SGE_TASK_ID:-}} in undefined) unset SGE_TASK_ID ;; esac
k=${{PBS_ARRAY_INDEX:-${{LSB_JOBINDEX:-${{SGE_TASK_ID:-${{SLURM_ARRAY_TASK_ID:-${{FLUX_JOB_CC:-${{1:-1}}}}}}}}}}}}
{launch}{program} "$k"
"""


class Listed(Exception):
    """Points were listed, and somebody else has to compute them."""


class CommandList:
    """Lists what is to be computed; the same scan, or its `collect`, goes on when it is there.

    Args:
        store: of the scan.
        engine: its settings.
    """

    alone = False  # jobs of an earlier list may be at work

    def __init__(self, store, engine):
        self._store, self._engine = store, engine
        self._folder = store.path.resolve() / "jobs"

    def __enter__(self):
        """Itself."""
        return self

    def __exit__(self, *_):
        """Nothing is at work."""

    def compute(self, points, tell, say):
        """List points; whoever called has nothing more to do then.

        Args:
            points: what is not there yet.
            tell: not called: no point is done here.
            say: function that is called with a line for the user.

        Raises:
            Listed: always; nothing new is listed where jobs are at work, or wait.
        """
        if busy := sum(self._is_at_work(p) for p in points):
            say(f"{busy} of {len(points)} points are being computed")
            raise Listed
        known = self._listed()
        missing = sorted({known[p.id].name for p in points if p.id in known})
        for name in missing:
            say(f"points of {self._folder / name} are missing: wait for its jobs, or submit again")
        if new := [p for p in points if p.id not in known]:
            self._list(new, say)
        raise Listed

    def _is_at_work(self, point):
        slot = self._store.slot(point)
        return slot.state == "running" and self._store.is_at_work(slot)

    def _listed(self):
        """Point -> folder of the list that has it."""
        return {
            Point(**row).id: path.parent
            for path in sorted(self._folder.glob(f"*/{BATCHES}"))
            for batch in foreign.need_json(path, list[list[schemas.PointFacts]])
            for row in batch
        }

    def _list(self, points, say):
        rows = [{"settings": p.settings, "labels": p.labels} for p in points]
        size = self._engine.batch
        batches = [rows[k : k + size] for k in range(0, len(rows), size)]
        folder = self._write(batches)
        say(f"listed: {len(points)} points, at most {size} in a job")
        say(f"submit {folder / ARRAY} as its head says, or run every line of {COMMANDS} beside it")

    def _write(self, batches):
        """The folder of a new list, with its files."""
        with atomic.explained(self._folder):
            self._folder.mkdir(exist_ok=True)
            number = 1 + sum(path.is_dir() for path in self._folder.iterdir())
            folder = self._folder / f"{number:03d}"
            folder.mkdir()
        program = shlex.join([sys.executable, "-m", "ecs_model.scan.batch", str(folder)])
        lines = [f"{self._launch()}{program} {k}\n" for k in range(1, len(batches) + 1)]
        atomic.write_json(folder / BATCHES, batches)
        atomic.write_text(folder / COMMANDS, "".join(lines))
        atomic.write_text(folder / ARRAY, self._script(folder, len(batches), program))
        return folder

    def _launch(self):
        """What starts a batch on its processes, or another launcher that the user names."""
        processes = self._engine.processes or 1
        usual = f"mpiexec -n {processes}" if processes > 1 else ""
        return f"${{ECS_LAUNCH:-{usual}}} " if usual else ""

    def _script(self, folder, count, program):
        processes, seconds = self._engine.processes or 1, round(self._engine.time)
        hours, rest = divmod(seconds, 3600)
        return SCRIPT.format(
            count=count,
            script=shlex.quote(str(folder / ARRAY)),
            scan=shlex.quote(str(self._store.path.resolve())),
            name=f"ecs-{folder.name}",
            folder=folder,
            processes=processes,
            seconds=seconds,
            minutes=-(-seconds // 60),
            clock=f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}",
            pbs_array=f"#PBS -J 1-{count}\n" if count > 1 else "",  # PBS refuses an array of one
            sge_slots=f"#$ -pe mpi {processes}\n" if processes > 1 else "",
            launch=self._launch(),
            program=program,
        )
