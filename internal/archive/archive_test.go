package archive

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// made is an archive with two entries of one name, and one that is nothing but zeros.
func made(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range []struct {
		name   string
		method uint16
		data   []byte
	}{{"a", zip.Store, []byte("first")}, {"b", zip.Deflate, []byte("text")}, {"a", zip.Store, []byte("last")}, {"zeros", zip.Deflate, make([]byte, Free+1<<20)}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: e.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	whole := made(t)
	for name, want := range map[string]string{"a": "last", "b": "text", "c": "the archive has no c", "zeros": "more than 32 times the file",
		"damaged": "checksum"} {
		data := whole
		if name == "damaged" {
			name, data = "a", bytes.Replace(whole, []byte("last"), []byte("lost"), 1)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.Read(name)
		if string(got) != want && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %.20q, %v; want %q", name, got, err, want)
		}
		if strings.Join(a.Names(), " ") != "a b zeros" || !a.Has("b") || a.Has("c") || a.Size() != int64(len(data)) {
			t.Error(a.Names(), a.Size())
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(path + ".none"); err == nil {
		t.Error("a file that is not there was opened")
	}
}
