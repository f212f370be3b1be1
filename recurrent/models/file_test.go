package models

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/testutil"
)

// saved writes a new model of each kind, and returns the files' paths.
func saved(t *testing.T) (language, class string) {
	t.Helper()
	dir := t.TempDir()
	language, class = filepath.Join(dir, "language"), filepath.Join(dir, "class")
	for path, m := range map[string]Model{language: newLanguage(t, Config{Cell: "gru", Layers: 2}), class: newClasses(t, Config{Tokens: "word"})} {
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	return language, class
}

// jsonNames are the names of a configuration's fields in a file.
func jsonNames(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Anonymous {
			out = append(out, jsonNames(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

// sensible are values of the next test that a configuration may have. What does not fit the data is found later; of the
// table whoever reads it again judges.
var sensible = map[string]string{
	"text": `"word"`, "text_sha256": `"word"`, "from": `"word"`, "vectors": `"word"`, "freeze": "[]", "table": `"word"`, "text_column": `"word"`, "label_column": `"word"`,
	"header": `"word"`, "delimiter": `"word"`, "decimal": `"word"`, "encoding": `"word"`, "test_part": "-5 0 1.5 1000000000 100000000000000 1e300",
	"valid_file": `"word"`, "test_file": `"word"`, "missing": "[]", "adaptive": "[]", "vocabulary": `"word"`, "one_way": "true", "dropout": "0",
	"lr": "1.5 1000000000 100000000000000 1e300", "clip": "0 1.5 1000000000 100000000000000 1e300",
	"steps": "0 1000000000", "shards": "0 1000000000", "patience": "0 1000000000", "epochs": "1000000000", "vocabulary_limit": "1000000000",
	"heads": "0", "class_weights": "", "residual": "true", "input_dropout": "0", "recurrent_dropout": "0", "weight_dropout": "0", "zoneout": "0",
	"id_column": `"word"`, "time_column": `"word"`, "target_column": `"word"`, "labels_file": `"word"`, "features": "[]", "words": "[]", "cut": "true",
	"huber": "0", sequenceKey + " embed": "0", "max_rows": "1000000000",
	"seed": "0 1000000000 100000000000000", "seq": "1000000000", "batch": "1000000000",
	"series": `"word"`, "id": `"word"`, "time": `"word"`, "target": "[]", "past": "[]", "known": "[]", "static": "[]", "class": "[]",
	"time_format": `"word"`, "weighted": "true", "frequency": `"word"`,
	"numbers": "[]", "classes": "[]", "calendar": "0", "typical": "1.5 1000000000 100000000000000 1e300",
}

// Every field of a configuration, made wrong in every way, gives an error that names the file and the field; in little
// memory.
func TestConfigurationOfAFileIsInput(t *testing.T) {
	language, class := saved(t)
	forecasts := savedForecaster(t)
	for _, c := range []struct {
		path, key string
		of        any
	}{{language, configKey, languageFields{}}, {class, classifierKey, classifierFields{}}, {forecasts, forecasterKey, forecasterFields{}},
		{forecasts, featuresKey, features{}}, {savedSequences(t), sequenceKey, sequenceFields{}}} {
		list, metadata, err := graph.ReadSafetensors(c.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range jsonNames(reflect.TypeOf(c.of)) {
			for _, value := range []string{"-5", "0", "1000000000", "100000000000000", "1e300", "null", `"word"`, "true", "[]", "{}", "1.5"} {
				own := maps.Clone(metadata)
				own[c.key] = testutil.WithField(t, own[c.key], field, value)
				const path = "some.safetensors"
				var err error
				used := testutil.Allocated(func() { _, err = parseFile(path, list, own) })
				if slices.Contains(strings.Fields(sensible[field]+" "+sensible[c.key+" "+field]), value) {
					if err != nil {
						t.Errorf("%s %s: %v", field, value, err)
					}
				} else if err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(strings.TrimPrefix(err.Error(), path), field) {
					t.Errorf("%s %s: %v; want an error that names the file and the field", field, value, err)
				}
				var setting *ConfigError
				if errors.As(err, &setting) {
					t.Errorf("%s %s: %v is an error of the caller's configuration", field, value, err)
				}
				if used > 16<<20 {
					t.Errorf("%s %s: loading took %d MiB", field, value, used>>20)
				}
			}
		}
	}
}

// What else may be wrong with a file is said in plain words.
func TestDamagedFiles(t *testing.T) {
	language, class := saved(t)
	entry := func(key, value string) func([]graph.Named, map[string]string) []graph.Named {
		return func(list []graph.Named, metadata map[string]string) []graph.Named {
			metadata[key] = value
			return list
		}
	}
	without := func(name string) func([]graph.Named, map[string]string) []graph.Named {
		return func(list []graph.Named, _ map[string]string) []graph.Named {
			return slices.DeleteFunc(list, func(t graph.Named) bool { return t.Name == name })
		}
	}
	for _, c := range []struct {
		path, want string
		edit       func([]graph.Named, map[string]string) []graph.Named
	}{
		{language, "is no model of this library", entry(configKey, "")},
		{language, "its config is null", entry(configKey, "null")},
		{language, "its vocabulary is null", entry(vocabularyKey, "null")},
		{language, `has the format "unroll model 2", of another version of this library; this one reads "unroll model 1"`, entry(formatKey, "unroll model 2")},
		{language, `has the format "unroll checkpoint 12"`, entry(formatKey, "unroll checkpoint 12")},
		{language, "train.loop: want an object with step, epoch and batch", entry("train.loop", "null")},
		{language, "the weights embedding.weight are missing", without("embedding.weight")},
		{language, "its configuration has layers 2, its weights are those of 1", without("gru.weight_ih_l1")},
		{language, "its weights do not fit its configuration", without("gru.weight_hh_l1")},
		{class, `its labels have "b" before "a"; want each once, in order`, entry(labelsKey, `["b","a"]`)},
		{class, `its labels are ["a"]; want two at least`, entry(labelsKey, `["a"]`)},
		{class, "labels 3, its weights head.bias have the shape [2]", entry(labelsKey, `["a","b","c"]`)},
		{class, "its labels cannot be read", entry(labelsKey, `"positive"`)},
		{class, "its tokens is null", entry(tokensKey, "null")},
	} {
		list, metadata, err := graph.ReadSafetensors(c.path)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "damaged")
		if err := graph.WriteSafetensors(path, c.edit(list, metadata), metadata); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
	if _, err := LoadClassifier(language); err == nil || !strings.Contains(err.Error(), "is a language model; want a classifier of texts") {
		t.Error(err)
	}
	if _, err := LoadLanguageModel(class); err == nil || !strings.Contains(err.Error(), "is a classifier of texts; want a language model") {
		t.Error(err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Files of Save before its format had a name are those of now without it.
func TestFilesWithoutAFormat(t *testing.T) {
	language, class := saved(t)
	for _, path := range []string{language, class} {
		list, metadata, err := graph.ReadSafetensors(path)
		if err != nil || metadata[formatKey] != formatModel {
			t.Fatal(metadata[formatKey], err)
		}
		delete(metadata, formatKey)
		if err := graph.WriteSafetensors(path, list, metadata); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err != nil {
			t.Error(err)
		}
	}
}

// fillIn gives every field of a struct a value other than zero.
func fillIn(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillIn(v.Field(i), n)
		}
	case reflect.String:
		v.SetString("s" + string(rune('a'+*n)))
	case reflect.Int:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 8)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillIn(v.Index(0), n)
	}
}

// leaves are the paths of all fields of a struct that are no structs.
func leaves(of reflect.Type, before string) (out []string) {
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Type.Kind() == reflect.Struct {
			out = append(out, leaves(f.Type, before+f.Name+".")...)
		} else {
			out = append(out, before+f.Name)
		}
	}
	return out
}

// Every field of a Config comes back from the file of some kind of model, under a name, and no other field comes with it.
func TestFilesHaveAllOfAConfig(t *testing.T) {
	var c Config
	n := 0
	fillIn(reflect.ValueOf(&c).Elem(), &n)
	left := map[string]bool{}
	for _, path := range leaves(reflect.TypeFor[Config](), "") {
		left[path] = true
		if FileField(path) == "" {
			t.Errorf("%s has no name in files", path)
		}
	}
	for _, s := range kinds() {
		f, back := s.fields(), s.fields()
		f.set(c)
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, back); err != nil {
			t.Fatal(err)
		}
		for _, path := range leaves(reflect.TypeFor[Config](), "") {
			switch got := fieldOf(back.config(), path); {
			case reflect.DeepEqual(got, fieldOf(c, path)):
				delete(left, path)
			case !reflect.ValueOf(got).IsZero():
				t.Errorf("%s: %s is %v; want %v, or nothing where the kind lacks it", s.title, path, got, fieldOf(c, path))
			}
		}
	}
	entries := map[string]string{}
	m := newCore(Config{Tune: c.Tune}, nil, whole{})
	if err := m.tuneEntry(entries); err != nil {
		t.Fatal(err)
	}
	tune, err := decodeTune("file", entries)
	if err != nil {
		t.Fatal(err)
	}
	for path := range left {
		if !strings.HasPrefix(path, "Tune.") || !reflect.DeepEqual(fieldOf(Config{Tune: tune}, path), fieldOf(c, path)) {
			t.Errorf("no kind of model has %s in its files", path)
		}
	}
}

// The table of kinds is whole: defaults make sense, what a kind lacks is there to lack, and so on.
func TestKinds(t *testing.T) {
	for i, s := range kinds() {
		k := Kind(i)
		if err := Defaults(k).complete(k).Check(k); err != nil {
			t.Errorf("%v: %v", k, err)
		}
		if s.title == "" || s.maker == "" || len(s.keys) == 0 || s.words(s.defaults, "cell") == "" {
			t.Errorf("%d: %+v", i, s)
		}
		for _, l := range s.lacks {
			var setting *ConfigError
			c := Defaults(k).complete(k)
			n := 6
			fillIn(reflect.ValueOf(&c).Elem().FieldByName(l.field), &n)
			if err := c.Check(k); !errors.As(err, &setting) || setting.Field != l.field || !strings.HasSuffix(setting.Problem, l.why) {
				t.Errorf("%v with %s: %v", k, l.field, err)
			}
		}
		for _, f := range NetworkFields(k) {
			_ = fieldOf(Config{}, f) // which panics if there is none
		}
	}
	const none = Kind(99)
	if none.String() != "Kind(99)" || (Config{}).Check(none) == nil || NetworkFields(none) != nil || !reflect.ValueOf(Defaults(none)).IsZero() {
		t.Error("a kind that there is not")
	}
	_ = (Config{}).Network(none)
}
