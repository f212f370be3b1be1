#!/bin/sh
# Prints the lines of docs/long-sequences.md: measure.sh HIDDEN STEPS... with PYTHON, python3 unless set, that has torch.
# Run it from the repository's folder, on a machine with nothing else to do.
set -e
hidden=$1
shift
long=$(mktemp)
trap 'rm -f "$long"' EXIT
go build -o "$long" ./benchmarks/long
for steps; do
	GOMAXPROCS=1 "$long" -hidden "$hidden" -steps "$steps"
	GOMAXPROCS=1 "$long" -hidden "$hidden" -steps "$steps" -recompute
	OMP_NUM_THREADS=1 "${PYTHON:-python3}" benchmarks/peers/torch_long.py --hidden "$hidden" --steps "$steps"
done
