#!/bin/bash
#SBATCH --job-name=ecs-model
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
# One run that may take longer than one job:
#
#   sbatch runs/cluster/slurm.sh run.toml /scratch/me/run
#
# Two minutes before the end of its time the run writes a checkpoint and ends with exit code 75;
# the job is then queued again and goes on from there. Change what is above and these lines:
set -u
config=$1
results=$2
environment=${ECS_ENVIRONMENT:-.venv}       # the virtual environment with ecs-model
launch=${ECS_LAUNCH:-srun --mpi=pmi2}       # Open MPI: srun --mpi=pmix; or mpiexec
# module load gcc python

. "$environment/bin/activate"
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}  # seen by all nodes

if [ "${SLURM_RESTART_COUNT:-0}" = 0 ]; then
  $launch ecs-model run "$config" --output "$results" --quiet
elif [ -n "$(ls -A "$results/checkpoints" 2>/dev/null)" ]; then
  $launch ecs-model resume "$results" --quiet
else # taken away before the first checkpoint
  $launch ecs-model run "$config" --output "$results" --overwrite --quiet
fi
code=$?
[ $code != 75 ] || scontrol requeue "$SLURM_JOB_ID"
exit $code
