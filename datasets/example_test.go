package datasets_test

import (
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/datasets"
)

func Example() {
	corpus, _ := datasets.Read(strings.NewReader("hello world, hello windows"), "greeting")
	vocab, _ := datasets.Characters(corpus.Text)
	ids, _ := vocab.Encode(corpus.Text)
	train, validation, _ := datasets.Split(ids, 0.9)
	w, _ := datasets.NewWindows(train, 3, 2) // T = 3 steps, B = 2 lanes
	fmt.Println(vocab.Len(), "characters,", len(validation), "tokens to validate,", w.Len(), "windows")
	for w.Next() {
		in, _ := vocab.Decode(w.Inputs) // time-major: the lanes' characters alternate
		out, _ := vocab.Decode(w.Targets)
		fmt.Printf("%q %q\n", in, out)
	}
	// Output:
	// 12 characters, 3 tokens to validate, 3 windows
	// "h,e lh" "e lhle"
	// "leol l" "ol lwo"
	// "woo rw" "o rwli"
}

func ExampleCharacters() {
	vocab, _ := datasets.Characters("Trăm năm trong cõi người ta")
	ids, _ := vocab.Encode("năm")
	text, _ := vocab.Decode(ids)
	fmt.Println(len(ids), text)
	// Output: 3 năm
}
