package pickle

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// show writes a value so that tests can compare it.
func show(v any) string {
	switch v := v.(type) {
	case *List:
		return "list" + show(Tuple(v.Items))
	case Tuple:
		var parts []string
		for _, item := range v {
			parts = append(parts, show(item))
		}
		return "(" + strings.Join(parts, " ") + ")"
	case *Dict:
		var parts []string
		for _, p := range v.Pairs {
			parts = append(parts, show(p.Key)+":"+show(p.Value))
		}
		return "{" + strings.Join(parts, " ") + "}"
	case *Object:
		return fmt.Sprintf("%v%s%s%s", v.Class, show(v.Args), show(v.State), show(Tuple(v.List)))
	case []byte:
		return fmt.Sprintf("bytes %q", v)
	case *big.Int:
		return v.String()
	case Global:
		return v.String()
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// Instructions of every protocol give the values that Python documents for them (pickletools).
func TestRead(t *testing.T) {
	hooks := Hooks{
		Call:       func(f Global, args Tuple) (any, error) { return "called " + f.String() + show(args), nil },
		Build:      func(_, _ any) (any, error) { return nil, errors.New("no state") },
		Persistent: func(id any) (any, error) { return Tuple{"stored", id}, nil },
	}
	for pickle, want := range map[string]string{
		"I01\n.": "true", "I00\n.": "false", "I-7\n.": "-7", "L8L\n.": "8", "L99999999999999999999L\n.": "99999999999999999999", "F-2.5\n.": "-2.5",
		`S'a\n\x41\\'` + "\n.": `"a\nA\\"`, "V\\u00e9\\U0001f600\n.": `"é😀"`, "N.": "null", "\x80\x02\x88.": "true", "\x80\x02\x89.": "false",
		"K\xff.": "255", "M\x01\x02.": "513", "J\xff\xff\xff\xff.": "-1", "\x8a\x00.": "0", "\x8a\x01\xff.": "-1", "\x8a\x02\xff\x00.": "255",
		"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.": "18446744073709551616", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\xff.": "-18446744073709551616",
		"\x8a\x09\x05\x00\x00\x00\x00\x00\x00\x00\x00.": "5", "G?\xf8\x00\x00\x00\x00\x00\x00.": "1.5", "U\x01a.": `"a"`, "X\x02\x00\x00\x00\xc3\xa9.": `"é"`,
		"C\x02\x00\xff.": `bytes "\x00\xff"`, "B\x01\x00\x00\x00a.": `bytes "a"`, "].": "list()", "}.": "{}", ").": "()",
		"(K\x01K\x02t.": "(1 2)", "(K\x01l.": "list(1)", "(K\x01K\x02d.": "{1:2}", "]K\x01a(K\x02K\x03e.": "list(1 2 3)", "}K\x01K\x02s(K\x03K\x04u.": "{1:2 3:4}",
		"K\x01\x85.": "(1)", "K\x01K\x02\x86.": "(1 2)", "K\x01K\x02K\x03\x87.": "(1 2 3)", "K\x01p5\n0g5\n.": "1", "K\x01q\x050h\x05.": "1", "K\x01\x940h\x00.": "1",
		"K\x01r\x00\x01\x00\x000j\x00\x01\x00\x00.": "1", "K\x012\x86.": "(1 1)", "(K\x01K\x021K\x03.": "3", "cm\nC\n.": "m.C", "\x8c\x01m\x8c\x01C\x93.": "m.C",
		"cm\nf\n(K\x01tR.": `"called m.f(1)"`, "cm\nC\n)\x81}b.": "m.C(){}()", "cm\nC\n)}\x92.": "m.C()null()", "(im\nC\n.": "m.C()null()", "(cm\nC\nK\x01o.": "m.C(1)null()",
		"cm\nC\n)\x81K\x01a.": "m.C()null(1)", "Pkey\n.": `("stored" "key")`, "K\x01Q.": `("stored" 1)`, "ccollections\nOrderedDict\n)\x81K\x01K\x02s.": "{1:2}",
		"\x8f(K\x01\x90.": "list(1)", "(K\x01\x91.": "list(1)", "\x96\x01\x00\x00\x00\x00\x00\x00\x00a.": `bytes "a"`,
	} {
		v, n, err := Read([]byte(pickle+"more"), hooks)
		if err != nil || show(v) != want || n != len(pickle) {
			t.Errorf("%q: %s, %d bytes, %v; want %s", pickle, show(v), n, err, want)
		}
	}
	for pickle, want := range map[string]string{
		"\x80\x06.": "protocol 6; want 0 to 5", ".": "the stack is empty", "(.": "the stack is empty", "a.": "the stack is empty", "K\x01K\x02a.": "items are added to a value",
		"]K\x01K\x02s.": "keys are set in a list", "}(K\x01u.": "a key has no value", "t.": "there is no mark", "h\x00.": "the memo has nothing at 0", "K\x01)R.": "is called with a tuple",
		"cm\nf\n]R.": "m.f is called with a list", "K\x01K\x02\x93.": "the name of a class is no string", "(o.": "an object has no class", "(K\x01o.": "is no class", "K\x01K\x02b.": "no state",
		"\x97.": "the instruction 0x97", "\x82\x01.": "the instruction 0x82", "S'a\n.": "a string has no quotes", "Fx\n.": "a float cannot be read", "Ix\n.": "a whole number cannot be read",
		"gx\n.": "the number of a memo", "I1": "a line has no end", `S'\x4'` + "\n.": "an escape", "V\\u12\n.": "an escape is cut off",
	} {
		if _, _, err := Read([]byte(pickle), hooks); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want an error with %q, got %v", pickle, want, err)
		}
	}
}
