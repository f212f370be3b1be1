package pretrained

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"
)

// mutations of the config.json of each family that TestMutatedConfigs tries; UNROLL_MUTATIONS names another number.
const mutations = 60

// Any field of a config.json may be missing or hold anything. The model is refused by an error, or it opens and reads a token;
// nothing panics, takes long, or takes memory for sizes that the weights do not have.
func TestMutatedConfigs(t *testing.T) {
	n, seed := mutations, uint64(1)
	if text := os.Getenv("UNROLL_MUTATIONS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
		seed = 2
	}
	folders, err := filepath.Glob(filepath.Join("testdata", "models", "*"))
	if err != nil || len(folders) < 18 {
		t.Fatal(folders, err)
	}
	for i, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			dir := copied(t, filepath.Base(folder))
			data, err := os.ReadFile(filepath.Join(dir, "config.json"))
			if err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			refused := 0
			for range n {
				changed := mutated(t, rng, data)
				if err := os.WriteFile(filepath.Join(dir, "config.json"), changed, 0o600); err != nil {
					t.Fatal(err)
				}
				if !opens(t, dir, changed) {
					refused++
				}
			}
			t.Logf("%d of %d were refused", refused, n)
			if refused < n/10 || refused == n {
				t.Errorf("%d of %d were refused; do the mutations change what is read?", refused, n)
			}
		})
	}
}

// opens tells whether a folder is a model that reads a token, and fails the test where that panics, is slow or takes much memory.
func opens(t *testing.T, dir string, config []byte) bool {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := time.Now()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("panic: %v, with\n%s", r, config)
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<20 {
			t.Errorf("%d MB were taken, with\n%s", grown>>20, config)
		}
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("it took %v, with\n%s", took, config)
		}
	}()
	m, err := Load(dir)
	if err != nil {
		return false
	}
	s, err := m.Stream()
	if err != nil {
		return false
	}
	_, err = s.Read(1)
	return err == nil
}

// mutated changes one or two fields, of the object or of those in it.
func mutated(t *testing.T, rng *rand.Rand, data []byte) []byte {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for range 1 + rng.IntN(2) {
		change(rng, fields)
	}
	out, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// change changes, adds to or deletes a field, but for the one that names the family.
func change(rng *rand.Rand, fields map[string]any) {
	var names []string
	for name := range fields {
		if name != "model_type" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	name := names[rng.IntN(len(names))]
	values := []any{
		nil, -1, 0, 1, 2, 3, 7, 2.5, 1e9, 2147483647, -2147483648, int64(9007199254740993), 1e300, -1e300, 1e-300, "", "silu", "NaN", true, false,
		[]any{}, []any{-1, 1e9, "x"}, []any{[]any{}, map[string]any{}}, map[string]any{}, map[string]any{name: -1, "rope_theta": "x"},
	}
	switch v := fields[name].(type) {
	case map[string]any:
		if rng.IntN(2) == 0 {
			change(rng, v)
			return
		}
	case []any:
		switch at := rng.IntN(4); {
		case at == 0:
			values = []any{append(v, v...)}
		case at < 3 && len(v) > 0:
			v[rng.IntN(len(v))] = values[rng.IntN(len(values))]
			return
		}
	case float64:
		values = append(values, v+1, v-1, 2*v, -v, v*1e6)
	}
	if rng.IntN(6) == 0 {
		delete(fields, name)
		return
	}
	fields[name] = values[rng.IntN(len(values))]
}
