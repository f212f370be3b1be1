"""Asks a service with the clients that people have, as they are, and compares the answers with those of the models themselves.

TestClients runs it: python clients.py URL URL-OF-ONE-MODEL, with what is to come out as JSON on standard input.

    pip install "tritonclient[http]" openai boto3 mlflow pandas
"""

import json
import math
import subprocess
import sys
from urllib.parse import urlsplit

import boto3
import numpy as np
import openai
import pandas
import tritonclient.http
from botocore.config import Config
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

url, one, want = sys.argv[1], sys.argv[2], json.load(sys.stdin)
texts, labels, probabilities = want["texts"], want["labels"], want["probabilities"]


def check(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: {got!r}; want {expected!r}")


def triton():
    client = tritonclient.http.InferenceServerClient(urlsplit(url).netloc)
    check("live", (client.is_server_live(), client.is_server_ready(), client.is_model_ready("mood")), (True, True, True))
    check("metadata", client.get_model_metadata("mood")["inputs"], [{"name": "text", "datatype": "BYTES", "shape": [-1]}])
    check("repository", {m["name"] for m in client.get_model_repository_index()}, {"mood", "text", "trend"})
    for binary in True, False:
        tensor = tritonclient.http.InferInput("text", [len(texts)], "BYTES")
        tensor.set_data_from_numpy(np.array([t.encode() for t in texts], object), binary_data=binary)
        outputs = [tritonclient.http.InferRequestedOutput(n, binary_data=binary) for n in ("label", "probability")]
        found = client.infer("mood", [tensor], outputs=outputs, request_id="7")
        check("id", found.get_response()["id"], "7")
        check("labels", [x.decode() if binary else x for x in found.as_numpy("label").tolist()], labels)
        check("probabilities", found.as_numpy("probability").tolist(), probabilities)
    rows = np.array([want["rows"]], np.float64)
    tensor = tritonclient.http.InferInput("rows", rows.shape, "FP64").set_data_from_numpy(rows)
    check("trend", client.infer("trend", [tensor]).as_numpy("probability").tolist(), [want["trend"]])
    try:
        client.infer("nothing", [tensor])
        sys.exit("a model that is not there answers")
    except tritonclient.http.InferenceServerException as e:
        check("status", e.status(), "404")


def open_ai():
    client = openai.OpenAI(base_url=url + "/v1", api_key="any")
    check("models", {m.id for m in client.models.list()}, {"mood", "text", "trend"})
    check("model", client.models.retrieve("text").owned_by, "unroll")
    settings = dict(model="text", prompt="the quick", max_tokens=40, temperature=0.8, seed=9)
    whole = client.completions.create(logprobs=2, **settings)
    check("completion", whole.choices[0].text, want["completion"])
    check("usage", (whole.usage.prompt_tokens, whole.usage.completion_tokens), (9, 40))
    check("log-probabilities", len(whole.choices[0].logprobs.top_logprobs), 40)
    scored = client.completions.create(model="text", prompt="the quick", max_tokens=0, echo=True, logprobs=1).choices[0]
    check("echo", (scored.text, scored.logprobs.tokens, scored.logprobs.text_offset), ("the quick", list("the quick"), list(range(9))))
    known = scored.logprobs.token_logprobs
    check("echoed log-probabilities", (known[0], len(known), all(p < 0 for p in known[1:])), (None, 9, True))
    parts = list(client.completions.create(stream=True, stream_options={"include_usage": True}, **settings))
    check("stream", "".join(c.text for p in parts for c in p.choices), want["completion"])
    check("usage of the stream", parts[-1].usage.total_tokens, 49)
    try:
        client.completions.create(model="mood", prompt="a")
        sys.exit("a classifier completes")
    except openai.BadRequestError as e:
        check("error", "want a language model" in str(e), True)


def sagemaker():
    config = Config(retries={"max_attempts": 1})
    client = boto3.client("sagemaker-runtime", endpoint_url=url, region_name="x", aws_access_key_id="x", aws_secret_access_key="x", config=config)
    body = "text\n" + "".join(f'"{t}"\n' for t in texts)
    found = client.invoke_endpoint(EndpointName="mood", ContentType="text/csv", Accept="application/json", Body=body)
    found = json.load(found["Body"])
    check("labels", [f["label"] for f in found], labels)
    check("probabilities", [f["probability"] for f in found], probabilities)


def mlflow():
    host, port = urlsplit(one).netloc.rsplit(":", 1)
    client = ScoringServerClient(host, port)
    client.ping()
    for data in pandas.DataFrame({"text": texts}), np.array(texts):
        found = client.invoke(data).get_predictions()
        check("labels", found["label"].tolist(), labels)
        check("probabilities", all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(found["probability"], probabilities, strict=True)), True)


def curl():
    def run(*args):
        return json.loads(subprocess.run(["curl", "-sS", *args], check=True, capture_output=True).stdout)

    check("labels", [f["label"] for f in run("-d", json.dumps(texts), one + "/invocations")], labels)
    session = run("-d", '{"model":"text","id":"curl","prompt":"the quick"}', url + "/v1/sessions")
    check("session", (session["id"], session["tokens"]), ("curl", 9))


for client in triton, open_ai, sagemaker, mlflow, curl:
    client()
    print(client.__name__, "agrees")
