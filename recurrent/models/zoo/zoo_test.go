package zoo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/recurrent/models"
)

// tiny are models that are made in a moment, as those of the zoo are in minutes.
func tiny() []Model {
	class := names()
	class.config.Hidden, class.config.Embed, class.config.Steps, class.config.Epochs = 4, 3, 2, 1
	language := kjv()
	language.config.Hidden, language.config.Embed, language.config.Seq, language.config.Batch, language.config.Steps = 4, 3, 5, 2, 2
	language.config.Epochs = 1
	language.loop = ofText(catalog.KingJames)
	return []Model{class, language}
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Making a model twice gives the same file, to the bit, and one that predicts or generates.
func TestMakeRepeats(t *testing.T) {
	for _, m := range tiny() {
		var files [2][]byte
		for i := range files {
			path := filepath.Join(t.TempDir(), m.file())
			if err := m.Make(t.Context(), path, models.Run{}); err != nil {
				t.Fatal(err)
			}
			var err error
			if files[i], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
			loaded, err := models.Load(path)
			if err != nil || loaded.Kind() != m.Kind || loaded.Trained() {
				t.Fatalf("%s: %v", m.Name, err)
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s: two files of one training differ", m.Name)
		}
	}
}

// A model is fetched once, checked, and refused when it is another file.
func TestFetch(t *testing.T) {
	m := tiny()[0]
	path := filepath.Join(t.TempDir(), m.file())
	if err := m.Make(t.Context(), path, models.Run{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	serve := map[string][]byte{"/good/" + m.file(): data, "/other/" + m.file(): append(bytes.Clone(data), 0)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if content, ok := serve[r.URL.Path]; ok {
			_, _ = w.Write(content)
			return
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	was := releases
	defer func() { releases = was }()
	m.SHA256, m.Bytes = hashOf(data), int64(len(data))

	releases = server.URL + "/good/"
	o := catalog.Options{Folder: t.TempDir()}
	if there, err := m.OnDisk(o); there || err != nil {
		t.Errorf("there before it was fetched: %v", err)
	}
	for range 2 {
		got, err := m.Fetch(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := m.Path(o); got != want || !strings.HasPrefix(got, o.Folder) {
			t.Errorf("it is in %s; want %s", got, want)
		}
		loaded, err := models.LoadClassifier(got)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := loaded.Predict([]string{"Nguyễn"}); err != nil {
			t.Error(err)
		}
	}
	if there, _ := m.OnDisk(o); !there || asked != 1 {
		t.Errorf("asked %d times; want once", asked)
	}
	// What is on disk is checked, too.
	got, _ := m.Path(o)
	if err := os.WriteFile(got, data[:len(data)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fetch(t.Context(), catalog.Options{Folder: o.Folder, Offline: true}); err == nil {
		t.Error("a damaged file is taken")
	}

	var missing *catalog.MissingError
	for _, from := range []string{"/other/", "/nothing/"} {
		releases = server.URL + from
		_, err := m.Fetch(t.Context(), catalog.Options{Folder: t.TempDir()})
		if err == nil || !strings.HasPrefix(err.Error(), "zoo: names: ") {
			t.Errorf("%s: error %v", from, err)
		}
		if from == "/nothing/" && (!errors.As(err, &missing) || missing.SHA256 != m.SHA256) {
			t.Errorf("error %v; want a MissingError", err)
		}
	}
	if _, err := m.Fetch(t.Context(), catalog.Options{Folder: t.TempDir(), Offline: true}); !errors.As(err, &missing) {
		t.Errorf("offline: %v", err)
	}
}

// The table of models is whole: names, hashes, data that there are.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range All() {
		if seen[m.Name] || !regexp.MustCompile(`^[a-z][a-z0-9-]*$`).MatchString(m.Name) {
			t.Errorf("the name %q", m.Name)
		}
		seen[m.Name] = true
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(m.SHA256) || m.Bytes < 1000 || m.Result == "" || m.Title == "" || m.Minutes < 1 {
			t.Errorf("%+v", m)
		}
		if info, ok := catalog.Find(m.Data); !ok || !info.Shipped {
			t.Errorf("%s: the data %q do not come with the library", m.Name, m.Data)
		}
		if err := m.Config().Check(m.Kind); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		if found, ok := Find(m.Name); !ok || found.Name != m.Name {
			t.Errorf("%s is not found", m.Name)
		}
	}
	if _, ok := Find("none"); ok {
		t.Error("found none")
	}
	if _, err := Load(t.Context(), "none", catalog.Options{}); err == nil || !strings.Contains(err.Error(), `no model is called "none"`) {
		t.Error(err)
	}
	if _, err := (Model{}).Fetch(t.Context(), catalog.Options{}); err == nil {
		t.Error("fetched nothing")
	}
	if err := (Model{}).Make(context.Background(), "x", models.Run{}); err == nil {
		t.Error("made nothing")
	}
}

func TestExamples(t *testing.T) {
	e := examplesOf(catalog.Labelled{Texts: []string{"a", "b"}, Labels: []int{1, 0}, Classes: []string{"no", "yes"}})
	if e.Len() != 2 || e.Labels[0] != "yes" || e.Labels[1] != "no" {
		t.Errorf("%+v", e)
	}
}
