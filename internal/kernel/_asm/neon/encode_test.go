package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// encodings has every instruction at least once, with the words that the GNU assembler (binutils 2.40) makes of the
// texts.
var encodings = []struct {
	got  instruction
	word uint32
	text string
}{
	{three("fadd", "4s", 1, 2, 31), 0x4e3fd441, "fadd v1.4s, v2.4s, v31.4s"},
	{three("fadd", "2d", 2, 31, 1), 0x4e61d7e2, "fadd v2.2d, v31.2d, v1.2d"},
	{three("fsub", "4s", 4, 9, 30), 0x4ebed524, "fsub v4.4s, v9.4s, v30.4s"},
	{three("fsub", "2d", 9, 30, 4), 0x4ee4d7c9, "fsub v9.2d, v30.2d, v4.2d"},
	{three("fmul", "4s", 7, 16, 29), 0x6e3dde07, "fmul v7.4s, v16.4s, v29.4s"},
	{three("fmul", "2d", 16, 29, 7), 0x6e67dfb0, "fmul v16.2d, v29.2d, v7.2d"},
	{three("fdiv", "4s", 10, 23, 28), 0x6e3cfeea, "fdiv v10.4s, v23.4s, v28.4s"},
	{three("fdiv", "2d", 23, 28, 10), 0x6e6aff97, "fdiv v23.2d, v28.2d, v10.2d"},
	{three("fmax", "4s", 13, 30, 27), 0x4e3bf7cd, "fmax v13.4s, v30.4s, v27.4s"},
	{three("fmax", "2d", 30, 27, 13), 0x4e6df77e, "fmax v30.2d, v27.2d, v13.2d"},
	{three("fmin", "4s", 16, 5, 26), 0x4ebaf4b0, "fmin v16.4s, v5.4s, v26.4s"},
	{three("fmin", "2d", 5, 26, 16), 0x4ef0f745, "fmin v5.2d, v26.2d, v16.2d"},
	{three("fmla", "4s", 19, 12, 25), 0x4e39cd93, "fmla v19.4s, v12.4s, v25.4s"},
	{three("fmla", "2d", 12, 25, 19), 0x4e73cf2c, "fmla v12.2d, v25.2d, v19.2d"},
	{three("fmls", "4s", 22, 19, 24), 0x4eb8ce76, "fmls v22.4s, v19.4s, v24.4s"},
	{three("fmls", "2d", 19, 24, 22), 0x4ef6cf13, "fmls v19.2d, v24.2d, v22.2d"},
	{three("fcmgt", "4s", 25, 26, 23), 0x6eb7e759, "fcmgt v25.4s, v26.4s, v23.4s"},
	{three("fcmgt", "2d", 26, 23, 25), 0x6ef9e6fa, "fcmgt v26.2d, v23.2d, v25.2d"},
	{three("add", "4s", 0, 30, 17), 0x4eb187c0, "add v0.4s, v30.4s, v17.4s"},
	{three("sub", "4s", 1, 29, 17), 0x6eb187a1, "sub v1.4s, v29.4s, v17.4s"},
	{three("cmeq", "4s", 2, 28, 17), 0x6eb18f82, "cmeq v2.4s, v28.4s, v17.4s"},
	{three("and", "16b", 9, 30, 16), 0x4e301fc9, "and v9.16b, v30.16b, v16.16b"},
	{three("bic", "16b", 10, 29, 17), 0x4e711faa, "bic v10.16b, v29.16b, v17.16b"},
	{three("orr", "16b", 11, 28, 18), 0x4eb21f8b, "orr v11.16b, v28.16b, v18.16b"},
	{three("eor", "16b", 12, 27, 19), 0x6e331f6c, "eor v12.16b, v27.16b, v19.16b"},
	{three("bsl", "16b", 13, 26, 20), 0x6e741f4d, "bsl v13.16b, v26.16b, v20.16b"},
	{three("bit", "16b", 14, 25, 21), 0x6eb51f2e, "bit v14.16b, v25.16b, v21.16b"},
	{three("orr", "16b", 31, 8, 8), 0x4ea81d1f, "mov v31.16b, v8.16b"},
	{two("fabs", "4s", 0, 31), 0x4ea0fbe0, "fabs v0.4s, v31.4s"},
	{two("fneg", "4s", 5, 30), 0x6ea0fbc5, "fneg v5.4s, v30.4s"},
	{two("fsqrt", "4s", 10, 29), 0x6ea1fbaa, "fsqrt v10.4s, v29.4s"},
	{two("scvtf", "4s", 15, 28), 0x4e21db8f, "scvtf v15.4s, v28.4s"},
	{two("fcmgt", "4s", 0, 31), 0x4ea0cbe0, "fcmgt v0.4s, v31.4s, #0.0"},
	{two("fcmeq", "4s", 5, 30), 0x4ea0dbc5, "fcmeq v5.4s, v30.4s, #0.0"},
	{two("fcmlt", "4s", 10, 29), 0x4ea0ebaa, "fcmlt v10.4s, v29.4s, #0.0"},
	{element("fmla", "4s", 23, 30, 24, 0), 0x4f9813d7, "fmla v23.4s, v30.4s, v24.s[0]"},
	{element("fmla", "4s", 22, 31, 25, 1), 0x4fb913f6, "fmla v22.4s, v31.4s, v25.s[1]"},
	{element("fmla", "4s", 21, 30, 26, 2), 0x4f9a1bd5, "fmla v21.4s, v30.4s, v26.s[2]"},
	{element("fmla", "4s", 20, 31, 27, 3), 0x4fbb1bf4, "fmla v20.4s, v31.4s, v27.s[3]"},
	{element("fmla", "2d", 23, 30, 7, 0), 0x4fc713d7, "fmla v23.2d, v30.2d, v7.d[0]"},
	{element("fmla", "2d", 22, 31, 23, 1), 0x4fd71bf6, "fmla v22.2d, v31.2d, v23.d[1]"},
	{element("fmul", "4s", 23, 30, 24, 0), 0x4f9893d7, "fmul v23.4s, v30.4s, v24.s[0]"},
	{element("fmul", "4s", 22, 31, 25, 1), 0x4fb993f6, "fmul v22.4s, v31.4s, v25.s[1]"},
	{element("fmul", "4s", 21, 30, 26, 2), 0x4f9a9bd5, "fmul v21.4s, v30.4s, v26.s[2]"},
	{element("fmul", "4s", 20, 31, 27, 3), 0x4fbb9bf4, "fmul v20.4s, v31.4s, v27.s[3]"},
	{element("fmul", "2d", 23, 30, 7, 0), 0x4fc793d7, "fmul v23.2d, v30.2d, v7.d[0]"},
	{element("fmul", "2d", 22, 31, 23, 1), 0x4fd79bf6, "fmul v22.2d, v31.2d, v23.d[1]"},
	{shift("shl", 3, 29, 23), 0x4f3757a3, "shl v3.4s, v29.4s, #23"},
	{shift("ushr", 3, 29, 1), 0x6f3f07a3, "ushr v3.4s, v29.4s, #1"},
	{shift("sshr", 3, 29, 31), 0x4f2107a3, "sshr v3.4s, v29.4s, #31"},
	{shift("sshr", 3, 29, 23), 0x4f2907a3, "sshr v3.4s, v29.4s, #23"},
	{zero(19), 0x6f00e413, "movi v19.2d, #0x0"},
	{extract(1, 18, 27, 8), 0x6e1b4241, "ext v1.16b, v18.16b, v27.16b, #8"},
	{widen(false, 4, 25), 0x0e617b24, "fcvtl v4.2d, v25.2s"},
	{widen(true, 4, 25), 0x4e617b24, "fcvtl2 v4.2d, v25.4s"},
	{pair("4s", 6, 22), 0x7e30dac6, "faddp s6, v22.2s"},
	{pair("2d", 6, 22), 0x7e70dac6, "faddp d6, v22.2d"},
	{across("fmaxv", 2, 21), 0x6e30faa2, "fmaxv s2, v21.4s"},
	{across("umaxv", 2, 21), 0x6eb0aaa2, "umaxv s2, v21.4s"},
	{duplicate("4s", 12, 20), 0x4e04068c, "dup v12.4s, v20.s[0]"},
	{duplicate("2d", 12, 20), 0x4e08068c, "dup v12.2d, v20.d[0]"},
	{dotElement(3, 21, 18, 0), 0x4f92e2a3, "sdot v3.4s, v21.16b, v18.4b[0]"},
	{dotElement(31, 8, 7, 1), 0x4fa7e11f, "sdot v31.4s, v8.16b, v7.4b[1]"},
	{dotElement(16, 30, 25, 2), 0x4f99ebd0, "sdot v16.4s, v30.16b, v25.4b[2]"},
	{dotElement(5, 1, 30, 3), 0x4fbee825, "sdot v5.4s, v1.16b, v30.4b[3]"},
	{products(false, 9, 22, 19), 0x0e33c2c9, "smull v9.8h, v22.8b, v19.8b"},
	{products(true, 24, 11, 29), 0x4e3dc178, "smull2 v24.8h, v11.16b, v29.16b"},
	{addNeighbours(6, 27, 14), 0x4e6ebf66, "addp v6.8h, v27.8h, v14.8h"},
	{addPairs(17, 26), 0x4e606b51, "sadalp v17.4s, v26.8h"},
	{insert(13, 2, 28), 0x6e14078d, "mov v13.s[2], v28.s[0]"},
}

func TestEncodings(t *testing.T) {
	for _, e := range encodings {
		if e.got.word != e.word || e.got.text != e.text {
			t.Errorf("%#08x %s, want %#08x %s", e.got.word, e.got.text, e.word, e.text)
		}
	}
}

// written is a word in the assembly, and its text.
var written = regexp.MustCompile(`(?m)^\tWORD \$0x([0-9a-f]{8}) // (.*)$`)

// TestDisassembly has the GNU disassembler read all words that were written, where it is installed (Debian's package
// binutils-aarch64-linux-gnu).
func TestDisassembly(t *testing.T) {
	const objdump = "aarch64-linux-gnu-objdump"
	if _, err := exec.LookPath(objdump); err != nil {
		t.Skip(err)
	}
	var words bytes.Buffer
	var texts []string
	for _, file := range []string{"gemm", "vector", "reduced"} {
		for _, m := range written.FindAllSubmatch(read(t, file), -1) {
			w, err := strconv.ParseUint(string(m[1]), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			words.Write([]byte{byte(w), byte(w >> 8), byte(w >> 16), byte(w >> 24)})
			texts = append(texts, string(m[2]))
		}
	}
	image := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(image, words.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "aarch64", image).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^ *[0-9a-f]+:\t[0-9a-f]{8} \t(.*)$`).FindAllSubmatch(out, -1)
	if len(lines) != len(texts) || len(texts) < 1000 {
		t.Fatalf("%d words, %d disassembled", len(texts), len(lines))
	}
	for i, l := range lines {
		if got := strings.Join(strings.Fields(string(l[1])), " "); got != texts[i] {
			t.Fatalf("word %d is %q, its comment is %q", i, got, texts[i])
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../" + file + "_arm64.s")
	if err != nil {
		t.Fatal(err)
	}
	return b
}
