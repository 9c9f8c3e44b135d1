#!/bin/bash
#SBATCH --job-name=ecs-scaling
#SBATCH --nodes=4
#SBATCH --ntasks=256
#SBATCH --cpus-per-task=1
#SBATCH --exclusive
#SBATCH --time=02:00:00
#SBATCH --output=%x-%j.log
# A strong and a weak scaling study, and one with a front on its way, in one job:
#
#   sbatch runs/cluster/scaling.sh /scratch/me/scaling.jsonl
#
# from a checkout of the program. It starts 1, 2, 4, ... processes up to --ntasks above, adds a line
# to the file for each, and ends with the table. Change what is above and these lines:
set -u
results=$1
total=${TOTAL:-4e6}    # nodes of the strong study, and of that with a front
each=${EACH:-1e5}      # nodes of every process of the weak study
mode=${MODE:-K+ alone} # see benchmarks/step.py
most=${SLURM_NTASKS:-${NTASKS:?set NTASKS where there is no Slurm}}
environment=${ECS_ENVIRONMENT:-.venv}  # the virtual environment with ecs-model
launch=${ECS_LAUNCH:-srun --mpi=pmi2}  # Open MPI: srun --mpi=pmix; or mpiexec
# module load gcc python

. "$environment/bin/activate"
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}  # seen by all nodes
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

n=1
while [ "$n" -le "$most" ]; do
  for study in "strong $total" "weak $each" "front $total"; do
    $launch -n "$n" python benchmarks/study.py $study "$results" "$mode" ||
      echo "$study failed on $n processes" >&2
  done
  n=$((2 * n))
done
python benchmarks/study.py table "$results"
