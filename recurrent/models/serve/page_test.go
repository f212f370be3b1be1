package serve

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent/models"
)

// browserTools names a folder into which `npm ci` has installed what testdata/browser/package.json names; TestPage is skipped
// without it. A Chromium must be there, too.
const browserTools = "UNROLL_SERVE_BROWSER"

// The page does what there is to do with a model of each kind, in a browser, in both languages, by the keyboard alone as well.
func TestPage(t *testing.T) {
	tools := os.Getenv(browserTools)
	if tools == "" {
		t.Skipf("set %s to a folder in which npm has installed testdata/browser/package.json", browserTools)
	}
	dir := writeModels(t)
	writeMoreModels(t, dir)
	o := Options{}
	for _, name := range []string{"text", "mood", "translator", "tagger", "sales", "trend"} {
		o.Models = append(o.Models, ModelFile{name, filepath.Join(dir, name+".safetensors")})
	}
	_, beeps, recordings := trainedHearer(t)
	o.Models = append(o.Models, ModelFile{"beeps", beeps}, ModelFile{"network", "../../../nn/onnx/testdata/exporters/torch_gru_script.onnx"})
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := httptest.NewServer(s)
	defer h.Close()
	script := exec.Command("node", "testdata/browser/page.mjs", h.URL, os.Getenv("UNROLL_SERVE_PICTURES"))
	script.Env = append(os.Environ(), browserTools+"="+tools, "UNROLL_SERVE_SOUND="+recordings.Clips[2].Path)
	out, err := script.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "works"); n != 2*len(o.Models)+1 {
		t.Errorf("%d things work; want each model twice, and the keyboard\n%s", n, out)
	}
}

// writeMoreModels saves small models of the kinds that writeModels has not.
func writeMoreModels(t *testing.T, dir string) {
	t.Helper()
	save := func(name string, m models.Model, err error) {
		t.Helper()
		if err == nil {
			err = m.Save(filepath.Join(dir, name+".safetensors"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	pairs := models.Pairs{Sources: []string{"the cat sleeps", "the dog eats"}, Targets: []string{"con mèo ngủ", "con chó ăn"}}
	translator, err := models.NewTranslator(models.Config{Tokens: "word", Hidden: 8, Embed: 8, Seed: 1}, pairs)
	save("translator", translator, err)
	sentences := models.Sentences{Words: [][]string{{"Ann", "lives", "in", "Hanoi"}}, Tags: [][]string{{"B-PER", "O", "O", "B-LOC"}}}
	tagger, err := models.NewTagger(models.Config{Hidden: 8, Embed: 8, Tag: models.TagConfig{Scheme: "iob2"}}, sentences, sentences.AllTags())
	save("tagger", tagger, err)
	panel := &datasets.Panel{Frequency: datasets.Frequency{Unit: datasets.UnitDay, Count: 1}}
	series := datasets.PanelSeries{ID: "a", Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := range 60 {
		series.Values = append(series.Values, float64(10+i%7))
	}
	panel.Series = append(panel.Series, series)
	c := models.Config{Hidden: 6, Embed: 3, Batch: 8, Forecast: models.ForecastConfig{Horizon: 7, Context: 14}}
	c.Origin.Series = models.SeriesTable{ID: "shop", Time: "date", Target: []string{"sold"}}
	forecaster, err := models.NewForecaster(c, panel)
	save("sales", forecaster, err)
}
