"""A real Slurm of one node on this machine, with folders, keys and ports of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = (
    "munged",
    "munge",
    "slurmctld",
    "slurmd",
    "sbatch",
    "srun",
    "squeue",
    "scancel",
    "scontrol",
)
CONFIG = """
ClusterName=test
FirstJobId={first}
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=pmi2
ReturnToService=2
SchedulerParameters=sched_interval=1,bf_interval=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 {hardware} State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=60 State=UP
"""


def missing():
    """Why no Slurm can be started here, in words; empty if it can."""
    gone = [name for name in PROGRAMS if _path(name) is None]
    if gone:
        return f"Slurm is not installed ({', '.join(gone)}; Debian: slurm-wlm munge)"
    return "" if os.getuid() == 0 else "only root can start a Slurm of its own"


def _path(name):
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


class Slurm:
    """The daemons of a Slurm in a folder; `environment` is what its users need."""

    def __init__(self, folder):
        self._folder, self._daemons = Path(folder), ("slurmd", "slurmctld", "munged")
        self.environment = {"SLURM_CONF": str(self._folder / "slurm.conf")}

    def start(self):
        """Start the daemons; return when the node takes jobs."""
        for name in ("munge", "state", "spool"):
            (self._folder / name).mkdir(parents=True)
        (self._folder / "munge").chmod(0o711)
        (self._folder / "munge/key").write_bytes(os.urandom(128))
        (self._folder / "munge/key").chmod(0o600)
        self._munge()
        hardware = self._said("slurmd", "-C").splitlines()[0].partition(" ")[2]
        host = socket.gethostname().partition(".")[0]
        text = CONFIG.format(
            folder=self._folder, host=host, hardware=hardware, ports=_ports(2), first=_fresh()
        )
        Path(self.environment["SLURM_CONF"]).write_text(text)
        for daemon in ("slurmctld", "slurmd"):
            self._said(daemon, "-f", self.environment["SLURM_CONF"])
        self._wait(lambda: "idle" in self._said("sinfo", "-h", "-o", "%T"))

    def _munge(self):
        where = {
            "key-file": "munge/key",
            "socket": "munge/socket",
            "pid-file": "munged.pid",
            "log-file": "munged.log",
            "seed-file": "munge/seed",
        }
        self._said("munged", "--force", *(f"--{k}={self._folder / v}" for k, v in where.items()))
        self._wait(lambda: (self._folder / "munge/socket").exists())

    def _said(self, name, *arguments):
        environment = os.environ | self.environment
        done = subprocess.run(
            [_path(name), *arguments], capture_output=True, text=True, env=environment, timeout=60
        )
        return done.stdout

    def jobs(self):
        """Numbers of the jobs that run."""
        return self._said("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()

    def submit(self, *arguments):
        """Number of a new job; the arguments are those of sbatch."""
        return self._said("sbatch", "--parsable", *map(str, arguments)).strip()

    def signal(self, job, name):
        """Send a signal to the processes of a job's steps, as Slurm does before its time ends."""
        self._said("scancel", f"--signal={name}", job)

    def start_now(self, job):
        """Let a job start that was queued again, which Slurm puts off by two minutes."""
        self._said("scontrol", "update", f"JobId={job}", "StartTime=now")

    def kill(self, job):
        """End a job at once."""
        self._said("scancel", "--signal=KILL", "--full", job)

    def stop(self):
        """End all jobs and the daemons."""
        self._said("scancel", "-u", "root")
        for name in self._daemons:
            pid = self._folder / f"{name}.pid"
            if pid.is_file():
                number = int(pid.read_text())
                os.kill(number, signal.SIGTERM)
                self._wait(lambda: not Path(f"/proc/{number}").exists())  # noqa: B023

    def _wait(self, ready, patience=30.0):
        until = time.monotonic() + patience
        while not ready():
            assert time.monotonic() < until, "Slurm neither starts nor stops"
            time.sleep(0.2)


def _fresh():
    """A number of jobs that no earlier Slurm here had: MPI calls its shared memory by it."""
    return 1 + 20 * (int(time.time()) % 3_000_000)


def _ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    found = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return found
