#!/usr/bin/env bash
# Predicts 2,000 rows in Spark, on two executors, of which one task is killed, and compares with one run of the command.
#
#   docs/examples/spark/run.sh UNROLL MODEL    # with pyspark on the Python path, and Java 17
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
unroll=$(realpath "$1") model=$(realpath "$2") dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 - "$dir/rows.jsonl" <<'P'
import json, sys
words = "good great warm bad cold dark film story actor".split()
with open(sys.argv[1], "w") as f:
    for i in range(2000):
        row = {"id": i, "text": " ".join(words[(i * k) % 9] for k in range(1, i % 7 + 2))}
        f.write(("{broken %d" % i if i % 500 == 7 else json.dumps(row)) + "\n")
P
"$unroll" predict --model "$model" --text-column text "$dir/rows.jsonl" --keep id --on-error record >"$dir/alone.jsonl" 2>/dev/null
UNROLL_KILL="$dir/killed" python3 "$here/predict.py" "$unroll" "$model" "$dir/rows.jsonl" "$dir/out" "local-cluster[2,1,1024]" >"$dir/log" 2>&1 || {
	tail -30 "$dir/log"
	exit 1
}
[ -d "$dir/killed" ] || { echo "no task was killed"; exit 1; }
# The lines of errors depend on the partition; all else is the same.
sums() { sed 's/line [0-9]*/line/; s/"line":[0-9]*/"line":0/; s/standard input, //; s/[^ "]*rows.jsonl, //' "$@" | sort | sha256sum; }
a=$(sums "$dir/alone.jsonl") b=$(sums "$dir"/out/part-*)
echo "alone $(wc -l <"$dir/alone.jsonl") rows, $a"
echo "Spark $(cat "$dir"/out/part-* | wc -l) rows, $b; failed tasks: $(grep -c 'Lost task' "$dir/log")"
[ "$a" = "$b" ]
