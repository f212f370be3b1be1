"""Asks a service for a transcript with OpenAI's client, as it is, and compares the answers with what the model itself writes.

TestTranscriptionsClient runs it: python transcribe.py URL FILE.wav, with what is to come out as JSON on standard input.

    pip install openai
"""

import json
import sys

import openai

url, file, want = sys.argv[1], sys.argv[2], json.load(sys.stdin)
client = openai.OpenAI(base_url=url + "/v1", api_key="any")


def check(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: {got!r}; want {expected!r}")


def ask(**settings):
    with open(file, "rb") as f:
        return client.audio.transcriptions.create(model="beeps", file=f, **settings)


check("json", ask().text, want["text"])
check("text", ask(response_format="text"), want["text"] + "\n")
check("srt", ask(response_format="srt").startswith("1\n00:00:0"), True)
check("vtt", ask(response_format="vtt").startswith("WEBVTT\n\n1\n"), True)
whole = ask(response_format="verbose_json", timestamp_granularities=["word", "segment"], language="en")
check("verbose", (whole.text, whole.duration, whole.language), (want["text"], want["seconds"], "en"))
check("words", [(w.word, w.start, w.end) for w in whole.words], [(want["text"], want["start"], want["end"])])
check("segments", [(s.id, s.text, s.start, s.end) for s in whole.segments], [(0, want["text"], want["start"], want["end"])])
try:
    ask(temperature=0.5)
    sys.exit("a temperature is taken")
except openai.BadRequestError as e:
    check("error", "want 0" in str(e), True)
print("openai agrees")
