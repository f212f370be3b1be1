package pickle

import (
	"testing"

	"github.com/pkg/errors"
)

// Reading never panics, and never calls anything but the hooks.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00b]q\x01(K\x02\x88Neu.", "(dp0\nS'a'\np1\nI1\nsS'b'\n(lp2\nF2.5\naL3L\nas.",
		"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x02ls\x94\x85\x94R\x94.",
		"cc\nC\n)\x81}(U\x01aG?\xf0\x00\x00\x00\x00\x00\x00ub.", "(ic\nC\np0\n(dp1\nb.", "\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00ab\x8a\x01\xff\x86.", "U\x01aQ.", "V\\u00e9\n.",
	} {
		f.Add([]byte(seed))
	}
	hooks := Hooks{
		Call:       func(Global, Tuple) (any, error) { return nil, errors.New("a call") },
		Build:      func(_, _ any) (any, error) { return nil, errors.New("a state") },
		Persistent: func(id any) (any, error) { return id, nil },
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, n, err := Read(data, hooks); err == nil && (n < 1 || n > len(data) || data[n-1] != '.') {
			t.Errorf("%d bytes of %d were read", n, len(data))
		}
	})
}
