package datasets_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// Ids are written where nothing is, into an empty file, and over older ids. All else is somebody's data, and stays.
func TestEncodeFileOverwritesNothing(t *testing.T) {
	const text = "the cat sat on the mat\n"
	v := characters(t, text)
	setUp := func(t *testing.T) (folder, path string) {
		folder = t.TempDir()
		path = filepath.Join(folder, "book.txt")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return folder, path
	}
	link := func(place func(from, to string) error) func(t *testing.T, path, ids string) {
		return func(t *testing.T, path, ids string) {
			if err := place(path, ids); err != nil {
				t.Skip(err)
			}
		}
	}
	content := func(data string) func(t *testing.T, path, ids string) {
		return func(t *testing.T, _, ids string) {
			if err := os.WriteFile(ids, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		put  func(t *testing.T, path, ids string)
		want string // part of the error
	}{
		"absent":         {func(t *testing.T, path, ids string) {}, ""},
		"empty":          {content(""), ""},
		"older ids":      {func(t *testing.T, path, ids string) { encodeOther(t, ids) }, ""},
		"damaged ids":    {func(t *testing.T, path, ids string) { encodeOther(t, ids); prepend(t, ids, 3) }, ""},
		"symbolic link":  {link(os.Symlink), "is the text itself"},
		"hard link":      {link(os.Link), "is the text itself"},
		"another text":   {content("my diary\n"), "it is not written over"},
		"long text":      {content(string(make([]byte, 1000))), "it is not written over"},
		"magic in front": {content("unroll ids 1\n" + string(make([]byte, 500))), "it is not written over"},
		"folder": {func(t *testing.T, path, ids string) {
			if err := os.Mkdir(ids, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is no file for ids"},
	} {
		t.Run(name, func(t *testing.T) {
			folder, path := setUp(t)
			ids := filepath.Join(folder, "ids")
			c.put(t, path, ids)
			before, _ := os.ReadFile(ids)
			f, err := datasets.EncodeFile(path, ids, v)
			if c.want == "" {
				if err != nil || f.Len() != len(text) {
					t.Fatal(f, err)
				}
				f.Close()
			} else {
				wantError(t, err, c.want)
				if after, _ := os.ReadFile(ids); string(after) != string(before) {
					t.Errorf("the file had %q, and has %q", before, after)
				}
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != text {
				t.Errorf("the text is now %q, %v", after, err)
			}
		})
	}
	_, path := setUp(t)
	_, err := datasets.EncodeFile(path, path, v)
	wantError(t, err, "is the text itself")
}

// encodeOther writes the ids of another text.
func encodeOther(t *testing.T, ids string) {
	t.Helper()
	other := writeFile(t, "other.txt", "another text")
	f, err := datasets.EncodeFile(other, ids, characters(t, "another text"))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// prepend puts so many numbers before a file.
func prepend(t *testing.T, path string, numbers int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var front []byte
	for i := range numbers {
		front = binary.LittleEndian.AppendUint32(front, uint32(i))
	}
	if err := os.WriteFile(path, append(front, data...), 0o600); err != nil {
		t.Fatal(err)
	}
}
