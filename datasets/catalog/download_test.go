package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// served makes the set's files, served by a server of the test under their names, the ones of info; so Load goes the
// whole way, over the network, the cache and the parser.
func served(t *testing.T, info Info, files ...[]byte) (Info, Options) {
	t.Helper()
	if len(files) != len(info.Files) {
		t.Fatalf("%d files; %s has %d", len(files), info.Name, len(info.Files))
	}
	byName := map[string][]byte{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, ok := byName[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Write(data)
	}))
	t.Cleanup(server.Close)
	local := info
	local.Files = nil
	for i, f := range info.Files {
		sum := sha256.Sum256(files[i])
		byName[f.Name] = files[i]
		local.Files = append(local.Files, File{Name: f.Name, URLs: []string{server.URL + "/" + f.Name}, SHA256: hex.EncodeToString(sum[:])})
	}
	return local, Options{Folder: t.TempDir()}
}

func TestDownload(t *testing.T) {
	info, o := served(t, pennTreebankInfo, []byte("a"), []byte("bb"), []byte("ccc"))
	if there, err := OnDisk(info, o); there || err != nil {
		t.Errorf("on disk before it was fetched: %v, %v", there, err)
	}
	last := map[string]int64{}
	o.Progress = func(file string, done, total int64) { last[file] = done*100 + total }
	if err := Download(t.Context(), info, o); err != nil {
		t.Fatal(err)
	}
	if last["ptb.train.txt"] != 101 || last["ptb.valid.txt"] != 202 || last["ptb.test.txt"] != 303 {
		t.Errorf("progress ended at %v", last)
	}
	if there, err := OnDisk(info, o); !there || err != nil {
		t.Errorf("not on disk: %v, %v", there, err)
	}
	if there, err := OnDisk(digitsInfo, o); !there || err != nil {
		t.Errorf("what is shipped is not there: %v, %v", there, err)
	}
	if raw, err := os.ReadFile(filepath.Join(o.Folder, "ptb", "ptb.test.txt")); err != nil || string(raw) != "ccc" {
		t.Errorf("%q, %v", raw, err)
	}
	if err := Download(t.Context(), digitsInfo, Options{Folder: filepath.Join(t.TempDir(), "none"), Offline: true}); err != nil {
		t.Errorf("a shipped set needs a network: %v", err)
	}
}

func TestMissing(t *testing.T) {
	folder := t.TempDir()
	_, err := MNIST.Load(t.Context(), Options{Folder: folder, Offline: true})
	place := filepath.Join(folder, "mnist", "train-images-idx3-ubyte.gz")
	wantError(t, err, "datasets: mnist: ", mnistURL+"train-images-idx3-ubyte.gz", "bring the file by other means to "+place,
		"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", "9912422 bytes")
	if text := (&MissingError{Set: "names", Path: "names.txt"}).Error(); text != "datasets: names: the file names.txt is missing" {
		t.Error(text)
	}
	var missing *MissingError
	if !errors.As(err, &missing) || missing.Set != "mnist" || missing.Path != place || missing.URL != mnistURL+"train-images-idx3-ubyte.gz" {
		t.Errorf("%#v", missing)
	}
	// Where the words say, the file is looked for.
	os.MkdirAll(filepath.Dir(place), 0o755)
	os.WriteFile(place, []byte("not MNIST"), 0o644)
	_, err = MNIST.Load(t.Context(), Options{Folder: folder, Offline: true})
	wantError(t, err, place, "has the SHA-256")

	info, o := served(t, tatoebaInfo("fra"), []byte("x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := loadTatoeba(ctx, info, o); !errors.Is(err, context.Canceled) {
		t.Errorf("want the cancellation, got %v", err)
	}
}

func TestCacheFolder(t *testing.T) {
	t.Setenv("UNROLL_DATA", "/somewhere")
	if got, err := CacheFolder(); err != nil || got != "/somewhere" {
		t.Errorf("%s, %v", got, err)
	}
	t.Setenv("UNROLL_DATA", "")
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home) // on Linux
	base, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	if got, err := CacheFolder(); err != nil || got != filepath.Join(base, "unroll", "datasets") {
		t.Errorf("%s, %v", got, err)
	}
	// Load without a folder goes there.
	t.Setenv("UNROLL_DATA", home)
	_, err = ETTh1.Load(t.Context(), Options{Offline: true})
	wantError(t, err, filepath.Join(home, "etth1", "ETTh1.csv"))
}

func TestCatalogue(t *testing.T) {
	all := All()
	seen := map[string]bool{}
	for _, info := range all {
		if found, ok := Find(info.Name); !ok || found.Title != info.Title || seen[info.Name] {
			t.Errorf("%q is not found, or there twice", info.Name)
		}
		seen[info.Name] = true
		if info.Title == "" || info.Description == "" || info.Task == "" || info.Licence == "" || info.Source == "" || info.Size == "" {
			t.Errorf("%s lacks a description", info.Name)
		}
		if info.Shipped == (len(info.Files) > 0) {
			t.Errorf("%s: shipped or with files, not both", info.Name)
		}
		for _, f := range info.Files {
			if raw, err := hex.DecodeString(f.SHA256); err != nil || len(raw) != 32 && !strings.HasPrefix(info.Name, "tatoeba-") {
				t.Errorf("%s: %s has the hash %q", info.Name, f.Name, f.SHA256)
			}
			for _, url := range f.URLs {
				if !strings.HasPrefix(url, "http") || len(f.URLs) == 0 {
					t.Errorf("%s: %s from %q", info.Name, f.Name, url)
				}
			}
			if filepath.Base(f.Name) != f.Name {
				t.Errorf("%s: the name %q is a path", info.Name, f.Name)
			}
		}
		if s := info.String(); !strings.Contains(s, info.Licence) || !strings.HasPrefix(s, info.Name+": ") {
			t.Errorf("%s: %s", info.Name, s)
		}
	}
	if len(all) != 21 {
		t.Errorf("%d sets", len(all))
	}
	if vie, ok := Find("tatoeba-vie"); !ok || vie.Files[0].URLs[0] != "https://www.manythings.org/anki/vie-eng.zip" {
		t.Errorf("%v, %v", vie, ok)
	}
	for _, name := range []string{"", "imagenet", "tatoeba-", "tatoeba-../", "tatoeba-FRA"} {
		if _, ok := Find(name); ok {
			t.Errorf("%q was found", name)
		}
	}
	_, err := Tatoeba("../../x").Load(t.Context(), Options{Folder: t.TempDir()})
	wantError(t, err, "want a code of three letters")
	_, err = ImageSet{}.Load(t.Context(), Options{})
	wantError(t, err, "has nothing to load")
}
