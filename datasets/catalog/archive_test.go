package catalog

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// member is a file of an archive that a test makes.
type member struct {
	name string
	data string
	kind byte // of tar's types; 0 is a file
}

func makeZip(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, m.data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func makeTar(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, m := range members {
		head := &tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.data)), Typeflag: tar.TypeReg}
		if m.kind != 0 {
			head.Typeflag, head.Linkname, head.Size = m.kind, "/etc/passwd", 0
		}
		if err := w.WriteHeader(head); err != nil {
			t.Fatal(err)
		}
		if m.kind == 0 {
			io.WriteString(w, m.data)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func makeGzip(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// write puts a file into a folder of the test.
func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// contents reads a whole archive of either kind.
func contents(archive []byte, limit int64) (string, error) {
	var b bytes.Buffer
	visit := func(name string, r io.Reader) error {
		raw, err := io.ReadAll(r)
		b.WriteString(name + "=" + string(raw) + ";")
		return err
	}
	if bytes.HasPrefix(archive, []byte{0x1f, 0x8b}) {
		err := walkTar(bytes.NewReader(archive), limit, visit)
		return b.String(), err
	}
	err := walkZip(bytes.NewReader(archive), int64(len(archive)), limit, visit)
	return b.String(), err
}

func TestArchives(t *testing.T) {
	for kind, pack := range map[string]func(testing.TB, ...member) []byte{"zip": makeZip, "tar": makeTar} {
		good := []member{{name: "a/b.txt", data: "one"}, {name: "./c.txt", data: "two"}}
		got, err := contents(pack(t, good...), 10_000)
		if err != nil || got != "a/b.txt=one;c.txt=two;" {
			t.Errorf("%s: %q, %v", kind, got, err)
		}
		for _, name := range []string{"../x", "a/../../x", "/etc/x", `a\..\x`, `C:/x`, "..", "./../x"} {
			_, err := contents(pack(t, member{name: name, data: "evil"}), 10_000)
			wantError(t, err, "leads out of the archive")
		}
		bomb := pack(t, member{name: "a", data: string(make([]byte, 5000))}, member{name: "b", data: string(make([]byte, 6000))})
		_, err = contents(bomb, 10_000)
		wantError(t, err, "holds more than it should")
		whole := pack(t, good...)
		if _, err := contents(whole[:len(whole)*2/3], 10_000); err == nil {
			t.Errorf("%s: a cut archive is whole", kind)
		}
	}
	// What is no file is passed over, also a link that leads out.
	linked := makeTar(t, member{name: "link", kind: tar.TypeSymlink}, member{name: "hard", kind: tar.TypeLink}, member{name: "d/", kind: tar.TypeDir}, member{name: "f", data: "x"})
	if got, err := contents(linked, 10_000); err != nil || got != "f=x;" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestMembers(t *testing.T) {
	path := write(t, "a.zip", makeZip(t, member{name: "x", data: "1"}, member{name: "y", data: "2"}, member{name: "y", data: "3"}))
	if got, err := members(path, "x"); err != nil || string(got["x"]) != "1" {
		t.Errorf("%q, %v", got, err)
	}
	_, err := members(path, "x", "z")
	wantError(t, err, path, "has no file z")
	_, err = members(path, "y")
	wantError(t, err, "twice")
	_, err = members(write(t, "no.zip", []byte("log in first")), "x")
	wantError(t, err, "no.zip", "not a valid zip file")
	_, err = members(write(t, "no.tar.gz", []byte("log in first")), "x")
	wantError(t, err, "no.tar.gz", "gzip")
}
