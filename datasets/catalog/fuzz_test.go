package catalog

import (
	"archive/tar"
	"bytes"
	"io"
	"path"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/internal/idxfile"
)

// Whatever the reader takes, it has understood: written again, it is the same bytes.
func FuzzIDX(f *testing.F) {
	f.Add(idx([]byte{1, 2, 3, 4, 5, 6}, 2, 3))
	f.Add(idx(nil, 0, 28, 28))
	f.Add(idx([]byte{7}, 1, 1, 1, 1))
	f.Add(idx(nil, 1<<32-1, 1<<32-1))
	f.Add([]byte{0, 0, 13, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		shape, values, err := idxfile.Read(bytes.NewReader(raw), 1<<16)
		if err != nil {
			return
		}
		var lengths []int64
		for _, n := range shape {
			lengths = append(lengths, int64(n))
		}
		if again := idx(values, lengths...); !bytes.Equal(again, raw) {
			t.Errorf("shape %v of %x is written as %x", shape, raw, again)
		}
	})
}

// Archives give names that stay inside, and no more bytes than allowed.
func FuzzArchive(f *testing.F) {
	f.Add(makeZip(f, member{name: "a/b.txt", data: "one"}, member{name: "./c", data: strings.Repeat("x", 3000)}))
	f.Add(makeZip(f, member{name: "../evil", data: "x"}))
	f.Add(makeTar(f, member{name: "a/b.txt", data: "one"}, member{name: "link", kind: tar.TypeSymlink}))
	f.Add(makeTar(f, member{name: "/etc/x", data: "x"}, member{name: "a/../../b", data: "y"}))
	f.Add(makeGzip(f, []byte("no tar")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		const limit = 1 << 16
		total := int64(0)
		visit := func(name string, r io.Reader) error {
			if name != path.Clean(name) || path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") || strings.Contains(name, `\`) {
				t.Errorf("the name %q was let through", name)
			}
			n, err := io.Copy(io.Discard, r)
			total += n
			return err
		}
		_ = walkZip(bytes.NewReader(raw), int64(len(raw)), limit, visit)
		if total > limit {
			t.Errorf("%d bytes of a zip archive", total)
		}
		total = 0
		_ = walkTar(bytes.NewReader(raw), limit, visit)
		if total > limit {
			t.Errorf("%d bytes of a tar archive", total)
		}
	})
}

func FuzzSeries(f *testing.F) {
	f.Add("d,a,b,w\n2020-01-01,1,,rain\n2020-01-02,2,3.5,sun\n")
	f.Add("d,a,w\n2020-01-02,1,sun\n2020-01-01,1,sun\n")
	f.Add("d,\"a\nb\",w\r\n2020-02-30,NaN,sun")
	f.Fuzz(func(t *testing.T, text string) {
		format := seriesFormat{layout: "2006-01-02", frequency: "day", classes: []string{"sun", "rain"}}
		s, err := format.read(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		if len(s.Values) != s.Len()*len(s.Columns) || len(s.Labels) != s.Len() || s.Len() == 0 || len(s.Columns) == 0 {
			t.Errorf("%d times, %d columns, %d values, %d labels", s.Len(), len(s.Columns), len(s.Values), len(s.Labels))
		}
		for i := 1; i < s.Len(); i++ {
			if !s.Times[i].After(s.Times[i-1]) {
				t.Errorf("time %d is %s, after %s", i, s.Times[i], s.Times[i-1])
			}
		}
	})
}

// The readers of lines give as many labels as texts, and no more of them than lines.
func FuzzLines(f *testing.F) {
	f.Add([]byte("Go.\tVa !\tCC-BY\nGo.\tMarche.\n"))
	f.Add([]byte("sentence\tlabel\nhide new secretions \t0\n"))
	f.Add([]byte("AARONSON(1)  AA1 R AH0 N S AH0 N\n"))
	f.Add([]byte("1.0e+000 -2 nan\n\n\x00\t\t\n\ufeffx\r\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		most := bytes.Count(raw, []byte("\n")) + 1
		if p, err := readTatoeba(raw, "fuzz"); err == nil && (len(p.Source) != len(p.Target) || p.Len() > most || p.Len() == 0) {
			t.Errorf("Tatoeba: %d and %d sentences of %d lines", len(p.Source), len(p.Target), most)
		}
		if p, err := readCMUdict(bytes.NewReader(raw)); err == nil && (len(p.Source) != len(p.Target) || p.Len() > most) {
			t.Errorf("CMUdict: %d and %d words of %d lines", len(p.Source), len(p.Target), most)
		}
		if l, err := readSST2(raw, "fuzz"); err == nil && (len(l.Texts) != len(l.Labels) || l.Len() > most) {
			t.Errorf("SST-2: %d texts, %d labels, %d lines", len(l.Texts), len(l.Labels), most)
		}
		if l, err := readLabelled(bytes.NewReader(raw), "fuzz", nil); err == nil {
			for i, label := range l.Labels {
				if label < 0 || label >= len(l.Classes) || len(l.Texts) != len(l.Labels) || l.Len() > most {
					t.Errorf("label %d is %d of %d", i, label, len(l.Classes))
				}
			}
		}
		if v, err := readNumbers(map[string][]byte{"n": raw}, "n"); err == nil && len(v) != len(bytes.Fields(raw)) {
			t.Errorf("%d numbers", len(v))
		}
	})
}
