package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/decode"
	"github.com/unroll-go/unroll/recurrent/models"
)

// pythonWithClients names a Python that has the packages that testdata/clients.py imports; the test is skipped without it.
const pythonWithClients = "UNROLL_SERVE_CLIENTS"

// Clients that others have written are answered as the models themselves answer.
func TestClients(t *testing.T) {
	python := os.Getenv(pythonWithClients)
	if python == "" {
		t.Skipf("set %s to a Python with tritonclient[http], openai, boto3, mlflow and pandas", pythonWithClients)
	}
	_, h, dir := newServer(t, Options{}, "mood", "text", "trend")
	alone, err := New(Options{Models: []ModelFile{{"mood", filepath.Join(dir, "mood.safetensors")}}})
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	one := httptest.NewServer(alone)
	defer one.Close()
	script := exec.Command(python, "testdata/clients.py", h.URL, one.URL)
	script.Stdin = bytes.NewReader(expected(t, dir))
	out, err := script.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "agrees"); n != 5 {
		t.Errorf("%d of 5 clients agree\n%s", n, out)
	}
}

// expected is what models predict without a service.
func expected(t *testing.T, dir string) []byte {
	t.Helper()
	want := map[string]any{}
	texts := []string{"a good day", "bad", "so so, or not"}
	mood, err := models.LoadClassifier(filepath.Join(dir, "mood.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := mood.Predict(texts)
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	var probabilities []float64
	for _, p := range found {
		labels, probabilities = append(labels, p.Label), append(probabilities, p.Probability)
	}
	want["texts"], want["labels"], want["probabilities"] = texts, labels, probabilities
	text, err := models.LoadLanguageModel(filepath.Join(dir, "text.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	settings := models.Generation{Length: 40, Seed: 9, Sampler: decode.Sampler{Temperature: 0.8}}
	if want["completion"], err = text.Generate(context.Background(), "the quick", settings); err != nil {
		t.Fatal(err)
	}
	trend, err := models.LoadSequenceModel(filepath.Join(dir, "trend.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	rows := models.Sequences{Columns: trend.Columns(), IDs: []string{"a"}, Values: [][]float64{{1, 2, 3, 4, 0, 1}}}
	one, err := trend.Predict(rows)
	if err != nil {
		t.Fatal(err)
	}
	want["rows"], want["trend"] = [][]float64{{1, 2}, {3, 4}, {0, 1}}, one[0].Probability
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
