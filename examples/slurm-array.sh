#!/bin/bash
# A scan split over the tasks of a Slurm array: each takes its part by --shard auto, and none talks to another.
#
#   sbatch slurm-array.sh 10.20.0.0/22 --ports 22,80,443
#   cat scan-*.jsonl | grep '"type":"port"'
#
# rawshake must have its capabilities on the nodes: docs/privileges.md tells how to give them. Other numbers of tasks:
# sbatch --array=1-16 slurm-array.sh ...
#SBATCH --job-name=rawshake-scan
#SBATCH --array=1-4
#SBATCH --ntasks=1
#SBATCH --output=scan-%A_%a.jsonl
exec rawshake scan "$@" --shard auto --json
