"""Predict with a model of unroll in Spark: pyspark 4.3, tested with local-cluster[2,1,1024].

    python predict.py unroll reviews.safetensors rows.jsonl out [master]

The command and the model are sent to the executors. Each partition of the rows, JSON objects, goes through one process, and
comes back as JSON objects in their order, with the column "id" in their "columns".
"""
import os
import sys

from pyspark.sql import SparkSession

unroll, model, rows, out = sys.argv[1:5]
builder = SparkSession.builder.appName("unroll").config("spark.task.maxFailures", "4")
if len(sys.argv) > 5:
    builder = builder.master(sys.argv[5])
spark = builder.getOrCreate()
for path in (unroll, model):
    spark.sparkContext.addFile(os.path.abspath(path))

# UNROLL_KILL makes a process die once in its middle, for the test: the task is repeated, and gives the same rows.
once = os.environ.get("UNROLL_KILL", "")
command = "./%s predict --model %s --input jsonl --text-column text --keep id --on-error record" % (os.path.basename(unroll), os.path.basename(model))
if once:
    command = "bash -c 'if mkdir %s 2>/dev/null; then %s | head -c 2000; kill -9 $$; fi; exec %s'" % (once, command, command)

spark.read.text(rows).repartition(1).repartition(8, "value").rdd.map(lambda r: r.value) \
    .pipe(command, checkCode=True).saveAsTextFile(out)
spark.stop()
